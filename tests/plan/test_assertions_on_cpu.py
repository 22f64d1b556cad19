"""A job that verl or vLLM would end is refused with what to change, before it has cost an hour."""

from dataclasses import replace
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from still_verl.config_errors import ConfigError
from still_verl.plan.assertions import repair
from still_verl.plan.compose import job_config
from still_verl.plan.fixes import advise
from still_verl.plan.hardware import Hardware, parse_hardware
from still_verl.plan.job import Job, read_job
from still_verl.plan.models import KNOWN
from still_verl.plan.tables import plan_tables

AR = "actor_rollout_ref"
TP = f"{AR}.rollout.tensor_model_parallel_size"
BUDGET, LOGPROBS = f"{AR}.actor.ppo_max_token_len_per_gpu", f"{AR}.rollout.log_prob_max_token_len_per_gpu"
ULYSSES = f"{AR}.actor.fsdp_config.ulysses_sequence_parallel_size"


def job(*overrides: str) -> Job:
    return read_job(job_config(["+recipe=zero_7b_plain", *overrides]))


def changes(overrides: list[str], hardware: str = "8xH100-80G") -> list[str]:
    return [broken.override for broken in repair(job(*overrides), parse_hardware(hardware))[1]]


@pytest.mark.parametrize(
    ("overrides", "hardware", "change"),
    [
        # A sequence has 1,024 + 8,192 tokens.
        ([f"{BUDGET}=9215"], "8xH100-80G", [f"{BUDGET}=9216", f"{LOGPROBS}=9216"]),
        ([f"{BUDGET}=9216"], "8xH100-80G", []),
        ([f"{LOGPROBS}=9000"], "8xH100-80G", [f"{LOGPROBS}=9216"]),
        ([f"{BUDGET}=4608", f"{ULYSSES}=2"], "8xH100-80G", []),
        ([f"{BUDGET}=4607", f"{ULYSSES}=2"], "8xH100-80G", [f"{BUDGET}=4608", f"{LOGPROBS}=4608"]),
        # 28 heads, 4 of keys and values, 8 devices.
        ([f"{TP}=3"], "8xH100-80G", [f"{TP}=4"]),
        ([f"{TP}=7"], "7xH100-80G", [f"{TP}=1", "data.train_batch_size=133"]),
        ([f"{TP}=4"], "8xH100-80G", []),
        ([f"{TP}=2"], "3xH100-80G", [f"{TP}=1", "data.train_batch_size=129"]),
        ([f"{ULYSSES}=8"], "8xH100-80G", [f"{ULYSSES}=4"]),
        ([f"{AR}.rollout.max_model_len=9000"], "8xH100-80G", [f"{AR}.rollout.max_model_len=9216"]),
        ([f"{AR}.rollout.max_model_len=null"], "8xH100-80G", []),
        ([f"{AR}.rollout.n=5", "data.train_batch_size=30"], "8xH100-80G", ["data.train_batch_size=32"]),
        ([], "3x4xH100-80G", ["data.train_batch_size=129"]),
    ],
)
def test_an_assertion_of_verl_or_vllm_and_its_fix(overrides: list[str], hardware: str, change: list[str]) -> None:
    assert changes(overrides, hardware) == change


def test_the_recipes_of_the_issue_are_refused_and_planned_with_the_fix() -> None:
    """Each was called fit: verl's assertion comes when the first long sequence does."""
    for overrides, said in (([f"{BUDGET}=4096"], "a sequence may have 9216 tokens"), ([f"{TP}=3"], "28 attention")):
        text = printed(job(*overrides), parse_hardware("8xH100-80G"))
        assert "It cannot run." in text and said in text and "It fits." not in text
        assert "With the change it fits." in text and "GPU hours" in text
    assert "It fits." in printed(job(), parse_hardware("8xH100-80G"))


def printed(planned: Job, hardware: Hardware) -> str:
    console = Console(file=StringIO(), width=300)
    for piece in plan_tables(planned, hardware):
        console.print(piece, soft_wrap=isinstance(piece, str))
    return console.file.getvalue()  # type: ignore[attr-defined]


PLAIN = job()
SIZES = st.integers(1, 48)
KINDS = st.builds(lambda count, kind: parse_hardware(f"1x{count}x{kind}"), SIZES, st.sampled_from(["H100", "3090"]))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(KNOWN)), KINDS, SIZES, SIZES, st.integers(1, 40000), SIZES, SIZES)
def test_a_repaired_job_breaks_nothing_more(
    model: str, hardware: Hardware, tensor: int, ulysses: int, budget: int, prompts: int, n: int
) -> None:
    """And neither does what the planner advises for its memory."""
    broken = replace(
        PLAIN,
        shape=KNOWN[model],
        tensor_parallel=tensor,
        sequence_parallel=ulysses,
        update_tokens=budget,
        logprob_tokens=budget,
        prompts=prompts,
        samples=prompts * n,
        generated=prompts * n,
    )
    repaired, _ = repair(broken, hardware)
    if repaired.tensor_parallel <= hardware.count:
        assert repair(repaired, hardware) == (repaired, [])


@pytest.mark.parametrize("model", ["Qwen/Qwen2.5-7B", "Qwen/Qwen2.5-32B"])
@pytest.mark.parametrize("hardware", ["8xA100-40G", "4x4090", "3x4x4090"])
def test_what_the_planner_advises_can_run(model: str, hardware: str) -> None:
    planned, _ = repair(job(f"{AR}.model.path={model}"), parse_hardware(hardware))
    advice = advise(planned, parse_hardware(hardware))
    settled = [change for change in advice.overrides if not change.startswith(f"{AR}.ref.")]
    again = [f"data.train_batch_size={planned.prompts}", f"{AR}.model.path={model}", *settled]
    assert repair(job(*again), advice.hardware)[1] == []


@pytest.mark.parametrize("mean", [8193, 99999])
def test_an_average_longer_than_the_longest_is_refused(mean: int) -> None:
    with pytest.raises(ConfigError, match=f"--mean-tokens={mean}: a response has at most .*=8192 tokens"):
        read_job(job_config(["+recipe=zero_7b_plain"]), mean_response=mean)


@pytest.mark.parametrize("steps", [0, -3])
def test_a_run_has_steps(steps: int) -> None:
    with pytest.raises(ConfigError, match=f"--steps={steps}: a run has at least 1 step"):
        read_job(job_config(["+recipe=zero_7b_plain"]), steps=steps)
