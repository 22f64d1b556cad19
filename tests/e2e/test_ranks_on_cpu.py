"""Two ranks, KL in the reward, selection, and code in the rollout."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kills import MEMORY, REPRODUCIBLE

from still_verl.demo.prepare import prepare

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def two_ranks(train: Callable[..., Any], untrained: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """FSDP2 over gloo on two ranks, which share a vLLM; untied embeddings; code in the rollout.

    Eight groups, and a rate with which few are all right after three updates: a step of which selection drops every
    group makes no update, and has none of the metrics below.
    """
    tmp_path = tmp_path_factory.mktemp("ranks")
    return train(
        tmp_path,
        *untrained("random-untied"),
        "data.train_batch_size=8",
        "actor_rollout_ref.actor.ppo_mini_batch_size=8",
        "actor_rollout_ref.actor.optim.lr=3e-3",
        "actor_rollout_ref.actor.use_kl_loss=false",
        "still.callbacks=[recorder.Recorder]",
        "still/kl=adaptive",
        "still.kl.place=reward",
        "still.kl.target=1e-4",
        "still.reference.reset_every=3",
        "still.selection.rules=[accuracy]",
        "still.selection.accuracy=[0.3,1.0]",
        "actor_rollout_ref.model.external_lib=code_loop",
        "actor_rollout_ref.rollout.agent.default_agent_loop=still_code_digits",
        "still.interpreter.max_calls=2",
        "data.max_response_length=32",
        "still.monitor.samples=1000",
        "trainer.n_gpus_per_node=2",
        "actor_rollout_ref.rollout.tensor_model_parallel_size=2",
        "trainer.total_training_steps=4",
        timeout=480,
    )


def test_two_ranks_with_kl_in_the_reward_and_selection(two_ranks: Any) -> None:
    """An adaptive coefficient, and a reference that is reset."""
    job = two_ranks
    assert len(job.steps) == 4
    assert max(row["training/rollout_probs_diff_max"] for row in job.steps) < 1e-4
    kl = [row["actor/reward_kl_penalty"] for row in job.steps]
    coef = [row["actor/reward_kl_penalty_coeff"] for row in job.steps]
    assert kl[0] == 0 < kl[1]
    per_token = [row["still/kl/per_token"] for row in job.steps]
    assert per_token[0] == pytest.approx(0, abs=1e-6) and per_token[1] > 1e-4
    # Below its target in the first step, far above it in the second: an error of -0.2, then 0.2, each times rate 0.5.
    assert coef[:3] == pytest.approx([1e-3, 0.9e-3, 0.9e-3 * 1.1])
    dropped = [row["still/selection/dropped_samples"] for row in job.steps]
    assert any(0 < share < 1 for share in dropped) and {8 * share % 1 for share in dropped} == {0}
    sums = {row["step"]: row["sums"] for row in job.hooks("on_update")}
    assert len(sums[3]) == 2 and all(actor == reference for actor, reference in sums[3])
    assert all(actor != reference for actor, reference in sums[2])
    assert kl[3] < 1e-6 < kl[2]  # before the first update after the reset of step 3


@pytest.mark.slow
@pytest.mark.parametrize("sharded", [2, 1], ids=["sharded", "whole on each rank"])
def test_two_ranks_that_share_a_vllm_learn_what_one_learns(
    train: Callable[..., Any], untrained: Any, tmp_path: Path, sharded: int
) -> None:
    """The same samples, the same update, and in the next step the same samples again: vLLM has the new weights."""
    jobs = []
    for ranks in (1, 2):
        shared = [f"trainer.n_gpus_per_node={ranks}", f"actor_rollout_ref.rollout.tensor_model_parallel_size={ranks}"]
        shared += [f"actor_rollout_ref.{model}.fsdp_config.fsdp_size={sharded}" for model in ("actor", "ref")]
        steps = ["trainer.total_training_steps=3", "data.seed=1"]
        jobs.append(train(tmp_path / str(ranks), *untrained("random-untied"), *REPRODUCIBLE, *shared, *steps))
    for one, two in zip(jobs[0].steps, jobs[1].steps, strict=True):
        learned = [name for name in one if name.startswith(("actor/", "critic/", "still/")) and MEMORY not in name]
        assert {name: two[name] for name in learned} == pytest.approx(
            {name: one[name] for name in learned}, rel=1e-4, abs=1e-7
        )


def test_metrics_are_those_of_the_samples(two_ranks: Any, samples: Callable[..., Any]) -> None:
    """Recomputed from samples.jsonl, which has every sample of this run, dropped ones too."""
    rows = samples(two_ranks.folder / "run/samples.jsonl")
    for logged in two_ranks.steps:
        step = [row for row in rows if row["step"] == logged["training/global_step"] and row["phase"] == "train"]
        assert len(step) == 32
        mean = {key: sum(row[key] for row in step) / 32 for key in ("acc", "tokens", "truncated", "dropped")}
        right = [row["tokens"] for row in step if row["acc"]]
        assert logged["still/accuracy"] == pytest.approx(mean["acc"], abs=1e-9)
        assert logged["still/length/mean"] == pytest.approx(mean["tokens"], abs=1e-9)
        assert logged["still/length/correct_mean"] == pytest.approx(sum(right) / len(right), abs=1e-9)
        assert logged["still/completion/finished"] == pytest.approx(1 - mean["truncated"], abs=1e-9)
        assert logged["still/completion/answered"] == pytest.approx(sum(row["pred"] != "" for row in step) / 32)
        assert logged["still/selection/dropped_samples"] == pytest.approx(mean["dropped"], abs=1e-9)
        assert logged["still/reward/correct"] == pytest.approx(sum(row["terms"]["correct"] for row in step) / 32)
        assert 0 < logged["still/tool/masked_token_ratio"] < 1
        assert logged["still/tool/success"] == 1, {name: logged[name] for name in logged if "still/tool/" in name}


def expected_mask(text: str, budget: int) -> list[int]:
    """By the rules of DigitLoop: what follows a digit of the model is read and not written, until the cap is told."""
    mask: list[int] = []
    calls, position = 0, 0
    while position < len(text):
        mask.append(1)
        digit = text[position]
        position += 1
        if digit.isdigit() and calls <= 2 and position < budget:
            cap = "No more code is run in this response: 2 calls were made."
            read = f"<{7 * int(digit)}>" if calls < 2 else f"<{cap}>"
            read = read[: budget - position]
            assert text[position:].startswith(read)
            mask += [0] * len(read)
            position, calls = position + len(read), calls + 1
    return mask


def test_output_of_code_is_masked_token_by_token_and_trained_around(two_ranks: Any) -> None:
    """Log-probs agree on what the model wrote; responses with two calls are among what was learned from."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(prepare("random-untied").model)
    calls = []
    for row in two_ranks.hooks("on_metrics"):
        for ids, mask in row["tokens"]:
            symbols = [tokenizer.decode([i]) for i in ids]
            text = "".join(symbol if len(symbol) == 1 else "~" for symbol in symbols)
            assert mask == expected_mask(text, budget=32), (text, mask)
            calls.append(sum(a > b for a, b in zip(mask, mask[1:], strict=False)))
    assert len(calls) == 128 and calls.count(2) > 2 and calls.count(0) > 2
    assert all(row["actor/grad_norm"] > 0 for row in two_ranks.steps)
