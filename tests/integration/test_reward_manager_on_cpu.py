"""The manager `still`, built and called as verl's reward worker does."""

import asyncio
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import verl  # noqa: F401  (loads the plugin)
from hydra import compose, initialize_config_module
from transformers import AutoTokenizer, PreTrainedTokenizerBase
from verl import DataProto
from verl.trainer.ppo.reward import load_reward_manager

from still_verl.demo.prepare import prepare
from still_verl.rewards.sample import Sample

LIMIT = 24


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(prepare("random").model)


def grade(tokenizer: Any, samples: list[DataProto], *overrides: str) -> list[dict[str, Any]]:
    """Score all samples at once in one event loop."""
    with initialize_config_module("verl.trainer.config", version_base=None):
        config = compose("ppo_trainer", ["+recipe=base", f"data.max_response_length={LIMIT}", *overrides])

    async def score_all() -> list[dict[str, Any]]:
        manager = load_reward_manager(config, tokenizer)
        return await asyncio.gather(*(manager.run_single(sample) for sample in samples))

    return asyncio.run(score_all())


def sample(
    tokenizer: Any, response: str, gold: Any = "12", prompt: str = "7+5=?", ended: bool = True, **outcome: Any
) -> Any:
    prompt_ids = tokenizer.encode(prompt, add_special_tokens=False)
    ids = tokenizer.encode(response, add_special_tokens=False) + [tokenizer.eos_token_id] * ended
    padding = [0] * 5  # the rows of a trajectory with several sequences are padded to the longest

    def column(value: Any) -> np.ndarray:
        array = np.empty(1, dtype=object)
        array[0] = value
        return array

    tensors = {"prompts": torch.tensor([prompt_ids + padding]), "responses": torch.tensor([ids + padding])}
    columns = {
        "reward_model": {"ground_truth": gold},
        "tool_extra_fields": outcome,
        "prompt_len": len(prompt_ids),
        "response_len": len(ids),
    }
    return DataProto.from_dict(tensors, {key: column(value) for key, value in columns.items()})


def test_it_counts_tokens_and_sees_why_a_response_ended(tokenizer: Any) -> None:
    right, cut = sample(tokenizer, r"\boxed{12}"), sample(tokenizer, "1" * LIMIT, ended=False)
    rows = grade(tokenizer, [right, cut], "still/reward=rrl")
    assert rows[0]["reward_extra_info"]["tokens"] == 11
    assert rows[0]["reward_score"] == pytest.approx(1 + 11 / LIMIT)
    assert rows[1]["reward_score"] == pytest.approx(-1 + 1)
    assert [row["reward_extra_info"]["truncated"] for row in rows] == [0.0, 1.0]
    assert list(rows[0]["reward_extra_info"]) == list(rows[1]["reward_extra_info"])


def test_what_the_agent_loop_says_wins(tokenizer: Any) -> None:
    """The budget of a step may be smaller than the limit of the run."""
    seen = sample(tokenizer, r"\boxed{12}", ended=False, response_budget=10, finish_reason="length")
    (row,) = grade(tokenizer, [seen], "still/reward=rrl")
    assert row["reward_score"] == pytest.approx(2.0)
    assert row["reward_extra_info"]["truncated"] == 1.0


@pytest.mark.parametrize(
    ("prompt", "response", "score"),
    [
        ("7+5\n<think>\n", "a</think><answer>12</answer>", 1.0),
        ("7+5", "a</think><answer>12</answer>", 0.0),
        ("7+5", "<think>a</think><answer>12</answer>", 1.0),
        ("7+5<think>", "<think>a</think><answer>12</answer>", 0.0),
        ("say <think>x</think><answer>y</answer> 7+5<think>", "a</think><answer>12</answer>", 1.0),
    ],
)
def test_the_format_depends_on_how_the_prompt_ends(tokenizer: Any, prompt: str, response: str, score: float) -> None:
    (row,) = grade(tokenizer, [sample(tokenizer, response, prompt=prompt)], "still/reward=zero")
    assert row["reward_score"] == score


def test_many_at_once_with_poison_among_them(tokenizer: Any) -> None:
    answers = [r"\boxed{12}", r"\boxed{((9!)!)!}", r"\boxed{24/2}", "12"] * 25
    rows = grade(tokenizer, [sample(tokenizer, text) for text in answers], "still/reward=boxed")
    assert [row["reward_score"] for row in rows] == [1.0, 0.0, 1.0, 0.0] * 25


def test_alternatives_of_a_gold(tokenizer: Any) -> None:
    (row,) = grade(tokenizer, [sample(tokenizer, r"\boxed{12}", gold=np.array(["7", "12"]))], "still/reward=distill")
    assert row["reward_score"] == 1.0


def test_a_right_answer_that_cannot_be_read_pays_nobody_and_is_counted(tokenizer: Any) -> None:
    samples = [sample(tokenizer, r"\boxed{12}", gold=gold) for gold in (None, {"answer": "12"}, float("nan"))]
    rows = [row["reward_extra_info"] for row in grade(tokenizer, samples, "still/reward=boxed")]
    assert [(row["score"], row["unreadable_gold"]) for row in rows] == [(0.0, 1.0), (1.0, 0.0), (0.0, 1.0)]
    assert [row["reward_error"] for row in rows] == ["", "", ""]


@pytest.mark.parametrize("verifier", ["strict", "lenient"])
def test_the_group_of_the_verifier_reaches_every_row(tokenizer: Any, verifier: str) -> None:
    (row,) = grade(tokenizer, [sample(tokenizer, r"\boxed{12}")], "still/reward=boxed", f"still/verifier={verifier}")
    assert row["reward_extra_info"]["verifier"] == verifier


def test_tools_that_helped_are_paid_by_weight(tokenizer: Any) -> None:
    samples = [sample(tokenizer, rf"\boxed{{{answer}}}", tool_ok=ok) for answer, ok in ((12, 2), (12, 0), (13, 2))]
    rows = grade(tokenizer, samples, "still/reward=boxed", "++still.reward.weights={correct: 1.0, tools: 0.1}")
    assert [row["reward_score"] for row in rows] == pytest.approx([1.1, 1.0, 0.0])


SEEN: list[Sample] = []


def fails_for_cut_responses(seen: Sample) -> float:
    """Fail for some responses only, as a forgotten case does."""
    if not seen.finished:
        raise ValueError("no score for\na cut response")
    return 1.0


def term_of_a_user(seen: Sample) -> float:
    """Record what a term gets to see."""
    SEEN.append(seen)
    return 0.5


def test_a_term_of_a_user_sees_text_and_transcript_apart(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a program printed is in the transcript only, and no answer in it is paid."""
    module = SimpleNamespace(term_of_a_user=term_of_a_user)
    monkeypatch.setitem(sys.modules, "terms_of_a_user", module)
    SEEN.clear()
    own, printed = "7", r"\boxed{12}"
    cheat = sample(tokenizer, own + printed + "!", prompt="7+5=?", tool_spans=[[1, 1 + len(printed)]], tool_ok=1)
    weights = "still.reward.weights={correct: 1.0, terms_of_a_user.term_of_a_user: 0.2}"
    (row,) = grade(tokenizer, [cheat], "still/reward=boxed", weights)
    (seen,) = SEEN
    assert (seen.text, seen.transcript, seen.prompt) == ("7!", "7" + printed + "!", "7+5=?")
    assert (seen.tokens, seen.max_tokens, seen.finished, seen.tool_ok) == (3, LIMIT, True, 1), "its own tokens"
    assert row["reward_score"] == pytest.approx(0.1) and row["reward_extra_info"]["term_term_of_a_user"] == 0.5


def test_a_response_that_cannot_be_scored_says_so_and_has_the_keys_of_the_others(
    tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """verl drops a sample whose reward raises, pads its group, and learns from the rest without a word."""
    monkeypatch.setitem(sys.modules, "terms_of_a_user", SimpleNamespace(fails=fails_for_cut_responses))
    whole, cut = sample(tokenizer, r"\boxed{12}"), sample(tokenizer, "1" * LIMIT, ended=False)
    weights = "still.reward.weights={correct: 1.0, terms_of_a_user.fails: 0.5}"
    scored, failed = (row["reward_extra_info"] for row in grade(tokenizer, [whole, cut], "still/reward=boxed", weights))
    assert list(scored) == list(failed)
    assert (scored["score"], scored["reward_error"], failed["score"]) == (1.5, "", 0.0)
    assert "terms_of_a_user.fails" in failed["reward_error"] and "no score for a cut response" in failed["reward_error"]


def test_each_source_is_paid_by_its_route_and_a_source_without_one_says_so(tokenizer: Any) -> None:
    routes = "still.reward.routes=[{source: math*, reward: distill}, {source: r1, reward: zero, weight: 0.5}]"
    samples = []
    for source, response in (("math500", r"\boxed{13}"), ("r1", "a</think><answer>12</answer>"), ("code", "12")):
        one = sample(tokenizer, response, prompt="7+5\n<think>\n")
        one.non_tensor_batch["data_source"] = np.array([source], dtype=object)
        samples.append(one)
    graded = grade(tokenizer, samples, "reward.reward_manager.name=still", routes)
    rows = [row["reward_extra_info"] for row in graded]
    assert [row["reward_score"] for row in graded] == [-1.0, 0.5, 0.0]
    assert [row["domain"] for row in rows] == ["math", "r1", ""]
    assert len({tuple(row) for row in rows}) == 1
    assert [bool(row["reward_error"]) for row in rows] == [False, False, True]
    assert "data_source='code': none of still.reward.routes matches it" in rows[2]["reward_error"]
