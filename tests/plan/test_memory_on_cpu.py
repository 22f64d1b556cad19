import runpy
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from still_verl.plan.compose import job_config
from still_verl.plan.fixes import advise, problems
from still_verl.plan.hardware import GIB, parse_hardware
from still_verl.plan.job import Job, read_job
from still_verl.plan.memory import cache_tokens, log_probs, phases, update

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def job() -> Job:
    return read_job(job_config(["+recipe=zero_7b_plain"]))


@pytest.mark.process
def test_the_planned_memory_is_within_15_percent_of_what_is_measured() -> None:
    benchmark = runpy.run_path(str(BENCHMARKS / "plan_memory.py"))
    # The demo's tiny model, a deeper one, one that is mostly weights, and the two mixtures of experts.
    cases = [*benchmark["CASES"][:7:3], benchmark["CASES"][8], benchmark["CASES"][10]]
    errors = {name: planned / measured - 1 for name, measured, planned in benchmark["compare"](cases)}
    assert max(map(abs, errors.values())) < 0.15, errors


def test_the_training_state_is_16_bytes_a_parameter_over_all_devices(job: Job) -> None:
    parts = update(job, parse_hardware("8xH100-80G"))
    state = parts["parameters"] + parts["gradients"] + parts["optimizer"]
    assert state == pytest.approx(16 * 7_615_616_512 / 8)
    assert parts["optimizer"] == pytest.approx(8 * 7_615_616_512 / 8)  # two moments of four bytes


def test_the_cache_has_what_the_rollouts_share_leaves(job: Job) -> None:
    # 0.7 x 80 GiB - 2 x 7.62e9 bytes - 2 GiB of workspace, at 57,344 bytes a token.
    expected = (0.7 * 80 * GIB - 2 * 7_615_616_512 - 2 * GIB) / 57_344
    assert cache_tokens(job, parse_hardware("8xH100-80G")) == int(expected)


def test_each_phase_holds_only_what_it_needs(job: Job) -> None:
    hardware = parse_hardware("8xH100-80G")
    made = {phase.name: phase.parts for phase in phases(job, hardware)}
    assert "KV cache" not in made["update"] and "gradients" not in made["rollout"]
    assert "optimizer" in made["rollout"]  # it stays where nobody offloads it
    offloaded = replace(job, param_offload=True, optimizer_offload=True)
    parts = {phase.name: phase.parts for phase in phases(offloaded, hardware)}["rollout"]
    assert "optimizer" not in parts and parts["parameters"] == 0
    awake = {phase.name: phase.parts for phase in phases(replace(job, sleeps=False), hardware)}
    assert awake["update"]["KV cache"] > 0


@settings(max_examples=50, deadline=None)
@given(
    count=st.sampled_from([1, 2, 4, 8, 16, 64]),
    tokens=st.integers(min_value=512, max_value=100_000),
    memory=st.sampled_from([40, 80]),
)
def test_more_tokens_need_more_and_more_devices_need_less(job: Job, count: int, tokens: int, memory: int) -> None:
    def need(devices: int, micro_batch: int) -> float:
        hardware = parse_hardware(f"{devices}xA100-{memory}G")
        return sum(update(replace(job, update_tokens=micro_batch), hardware).values())

    assert need(count, tokens + 512) > need(count, tokens)
    assert need(8 * count, tokens) < need(count, tokens)


def test_advice_makes_a_job_fit_with_what_it_says() -> None:
    overrides = ["+recipe=zero_7b_plain"]
    hardware = parse_hardware("8xA100-40G")
    assert problems(read_job(job_config(overrides)), hardware)
    advice = advise(read_job(job_config(overrides)), hardware)
    assert advice.fits
    changed = read_job(job_config([*overrides, *advice.overrides]))
    assert problems(changed, advice.hardware) == []


def test_the_first_advice_is_what_costs_nothing(job: Job) -> None:
    """The logits of a log-prob pass with their entropy, and a share for vLLM that leaves nothing for the rest."""
    hardware = parse_hardware("8xH100-80G")
    wordy = replace(job, logprob_tokens=120_000)
    assert [problem.split(":")[0] for problem in problems(wordy, hardware)] == ["log-probs"]
    assert advise(wordy, hardware).overrides == ["actor_rollout_ref.actor.entropy_from_logits_with_chunking=true"]
    greedy = replace(job, memory_share=0.9)
    assert [problem.split(":")[0] for problem in problems(greedy, hardware)] == ["rollout"]
    assert advise(greedy, hardware).overrides == ["actor_rollout_ref.rollout.gpu_memory_utilization=0.8"]
    stingy = replace(job, memory_share=0.2)
    assert "the KV cache holds 0 tokens" in problems(stingy, hardware)[0]
    assert advise(stingy, hardware).overrides == ["actor_rollout_ref.rollout.gpu_memory_utilization=0.25"]


def test_the_advised_settings_are_read_back() -> None:
    overrides = [
        "+recipe=zero_7b_plain",
        "actor_rollout_ref.actor.entropy_from_logits_with_chunking=true",
        "actor_rollout_ref.rollout.gpu_memory_utilization=0.55",
    ]
    read = read_job(job_config(overrides))
    assert (read.entropy_chunk, read.memory_share) == (2048, 0.55)
    hardware = parse_hardware("8xH100-80G")
    # 3 numbers of 2 bytes for each token, or 1 and for each of 2,048 tokens three of 4.
    whole, chunked = log_probs(replace(read, entropy_chunk=0), hardware)["logits"], log_probs(read, hardware)["logits"]
    assert whole - chunked == 152_064 * (4 * read.logprob_tokens - 12 * 2048)


def test_what_no_setting_fixes_asks_for_more_devices(job: Job) -> None:
    large = read_job(job_config(["+recipe=zero_32b"]))
    advice = advise(large, parse_hardware("2xH100-80G"))
    assert advice.fits and advice.hardware.count > 2


def test_a_temperature_copies_the_logits(job: Job) -> None:
    """Of Qwen2.5-1.5B, whose layers are small beside its vocabulary: 151,936 words in bf16."""
    eight = parse_hardware("8xH100-80G")
    logits = 20_480 * 151_936 * 2
    for override, copies in (("temperature=1.0", 1), ("temperature=1.2", 2)):
        small = read_job(job_config(["+recipe=zero_1_5b", f"actor_rollout_ref.rollout.{override}"]))
        assert update(small, eight)["logits"] == copies * logits
    scheduled = read_job(job_config(["+recipe=zero_1_5b", "still/temperature=rising"]))
    assert scheduled.scaled_logits
