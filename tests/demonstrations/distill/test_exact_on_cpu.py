"""A teacher that gives token ids: rows have them, with the outputs masked; and thoughts that are led to code."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from coding_engine import BLOCK, END, Coding, tokenizer
from scripted_teacher import problems, rows

from still_verl.config_errors import ConfigError
from still_verl.demo.prepare import prepare
from still_verl.demonstrations.distill.phrases import HINTS, load_phrases
from still_verl.demonstrations.distill.run import Distilled, distill
from still_verl.demonstrations.distill.settings import DistillSettings
from still_verl.demonstrations.distill.setup import make
from still_verl.evaluation.engines.base import EngineOptions, Reply, Request

CHAIN = (
    "<think>First I add. Wait, is that so? But then again it is. Hmm, let me see. "
    "Alternatively I multiply. Moreover it is even. So be it.</think> It is \\boxed{42}."
)


class Thinking(Coding):
    """Thinks a chain, writes a program where one is begun, and then thinks the rest of a chain."""

    chain = CHAIN
    asked: list[Request] = []

    def generate(self, requests: Any, deliver: Any) -> None:
        """Answer all requests."""
        for request in requests:
            if request is not None:
                self.asked.append(request)
                deliver(request, self.answer(request))

    def answer(self, request: Request) -> Reply:
        """Say what comes next."""
        assert request.prompt.tokens is not None
        prompt = tokenizer().decode(request.prompt.tokens)
        text, ended = self.chain + END, True
        if prompt.endswith("```python\n"):
            text, ended = "print(6 * 7)\n```\n", False
        elif prompt.endswith("```output\n42\n```\n"):
            text = "So it is 42. Wait, I am sure.</think> It is \\boxed{42}." + END
        ids = tokenizer().encode(text, add_special_tokens=False)
        return Reply(text, "stop", len(ids), token_ids=tuple(ids), ended=ended, prompt_tokens=1)


def run(tmp_path: Path, engine: str, answer: str = "42", **more: Any) -> Distilled:
    options = EngineOptions(concurrency=4)
    chosen: Mapping[str, Any] = {"samples": 4, "keep": 4, "sampling": {"max_tokens": 600}} | more
    file = problems(tmp_path, ["What is six times seven?"], [answer])
    model = str(prepare("smollm2").model)
    wanted = make(DistillSettings(file, tmp_path / "run", engine, options, tokenizer=model, **chosen))
    try:
        return distill(wanted)
    finally:
        wanted.engine.close()


def spans(row: Mapping[str, Any], trained: int) -> list[str]:
    """The texts of a row that are trained, or are not."""
    found: list[list[int]] = []
    last = 1 - trained
    for token, mask in zip(row["input_ids"], row["loss_mask"], strict=True):
        if mask == trained:
            if last != trained:
                found.append([])
            found[-1].append(token)
        last = mask
    return [tokenizer().decode(ids) for ids in found]


def test_a_row_has_the_tokens_that_were_written_and_masks_the_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "Let me see.\n" + BLOCK.format("print(6 * 7)") + "So.\n" + BLOCK.format("print(2)") + r"\boxed{42}"
    monkeypatch.setattr(Coding, "speech", staticmethod(lambda key: said))
    found = run(tmp_path, "coding_engine.Coding")
    (row,) = rows(tmp_path / "run" / "demonstrations.jsonl")
    assert dict(found.counts.rejected) == {"duplicate": 3}
    assert spans(row, 0)[1:] == ["```output\n42\n```\n", "```output\n2\n```\n"]
    assert "".join(spans(row, 1)) == said + END
    whole = tokenizer().decode([token for token in row["input_ids"]])
    assert whole.endswith(row["messages"][-1]["content"] + END) and row["calls"] == 2


def test_a_row_that_is_too_long_with_its_prompt_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Coding, "speech", staticmethod(lambda key: BLOCK.format("print(1)") + r"\boxed{42}"))
    found = run(tmp_path, "coding_engine.Coding", max_row_tokens=20, samples=1)
    assert dict(found.counts.rejected) == {"length": 1}


def test_an_output_that_the_teacher_makes_up_ends_its_response(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = BLOCK.format("print(6 * 7)") + "```cpp\nf();\n```\n```output\n42\n```\n" + r"\boxed{42}"
    monkeypatch.setattr(Coding, "speech", staticmethod(lambda key: said))
    found = run(tmp_path, "coding_engine.Coding", samples=1)
    assert dict(found.counts.rejected) == {"own_output": 1} and found.counts.own_outputs == 1
    (row,) = rows(tmp_path / "run" / "rejected.jsonl")
    assert "boxed" not in row["messages"][-1]["content"]


def test_thoughts_are_cut_at_a_turn_and_go_on_behind_a_hint(tmp_path: Path) -> None:
    found = run(tmp_path, f"{__name__}.Thinking", synthesis=True)
    kept = rows(tmp_path / "run" / "demonstrations.jsonl")
    assert found.counts.kept >= 1 and found.counts.hints >= 4
    for row in kept:
        content = row["messages"][-1]["content"]
        thoughts, _, rest = content.partition("```python\n")
        hint = [text for text in HINTS if text in thoughts]
        assert len(hint) == 1
        before = thoughts.partition(f"\n\n{hint[0]}")[0]
        assert CHAIN.startswith(before) and len(before) > len(CHAIN) / 8
        after = CHAIN[len(before) :].split()[0].strip(",")
        assert after in ("But", "Hmm", "Alternatively", "Moreover")
        assert rest.startswith("print(6 * 7)\n```\n```output\n42\n```\n")
        assert all(text == "```output\n42\n```\n" for text in spans(row, 0)[1:])
        assert hint[0] in "".join(spans(row, 1))
        assert row["record"]["hints"] == row["calls"] <= 3


def test_a_chain_with_few_turns_gets_no_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Thinking, "chain", "<think>Wait, what? But yes.</think> It is \\boxed{42}.")
    found = run(tmp_path, f"{__name__}.Thinking", synthesis=True)
    assert dict(found.counts.rejected) == {"no_code": 4} and not found.counts.hints


def test_hints_and_turn_words_are_a_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hints, words = tmp_path / "hints.txt", tmp_path / "words.txt"
    hints.write_text("\nNow I program.\n")
    words.write_text("Ahem\n")
    chain = "<think>One. Ahem, two. Ahem, three. Ahem, four. Ahem, five. Wait.</think>\\boxed{42}"
    monkeypatch.setattr(Thinking, "chain", chain)
    run(tmp_path, f"{__name__}.Thinking", synthesis=True, hints=str(hints), turn_words=str(words), most_hints=1)
    for row in rows(tmp_path / "run" / "demonstrations.jsonl"):
        assert "\n\nNow I program.\n\n```python\n" in row["messages"][-1]["content"]
    assert load_phrases("--hints", "still_verl.demonstrations.distill.phrases.TURN_WORDS")[0] == "Wait"


def test_hints_need_tokens_and_texts(tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("\n")
    with pytest.raises(ConfigError, match="the file has no text"):
        load_phrases("--hints", str(empty))
    with pytest.raises(ConfigError, match="--hints='cod'.*did you mean code"):
        load_phrases("--hints", "cod")
    file = problems(tmp_path, ["?"], ["42"])
    url = EngineOptions("scripted", "http://127.0.0.1:9/v1")
    with pytest.raises(ConfigError, match="--synthesis: a chat cannot be cut and continued"):
        make(DistillSettings(file, tmp_path / "run", options=url, synthesis=True))


def test_a_row_may_be_without_the_prompt_of_the_teacher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Coding, "speech", staticmethod(lambda key: BLOCK.format("print(6 * 7)") + r"\boxed{42}"))
    run(tmp_path, "coding_engine.Coding", samples=1, messages_only=True, system="Use code.")
    (row,) = rows(tmp_path / "run" / "demonstrations.jsonl")
    assert "input_ids" not in row and "input_ids" not in row["record"]
    assert [message["role"] for message in row["messages"]] == ["user", "assistant"]
