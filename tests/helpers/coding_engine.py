"""An engine that says what the test wants, part by part, as vLLM would: `--engine coding_engine.Coding`."""

import time
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from echo_engine import problems
from transformers import AutoTokenizer

from still_verl.demo.prepare import prepare
from still_verl.evaluation.engines.base import Deliver, EngineError, EngineOptions, Key, Reply, Request
from still_verl.evaluation.rows import Row, read_rows
from still_verl.evaluation.run import Finished, evaluate
from still_verl.evaluation.score import Scorer
from still_verl.evaluation.setup import Settings, make_run

Speak = Callable[..., None]  # the fixture `speak`

asked: list[Request] = []
BLOCK = "```python\n{}\n```\n"
END = "<|im_end|>"
TWO_CALLS = "Let me see.\n" + BLOCK.format("x = 6 * 7\nx") + "So.\n" + BLOCK.format("print(x - 41)") + r"\boxed{1}"


@lru_cache
def tokenizer() -> Any:
    return AutoTokenizer.from_pretrained(prepare("smollm2").model)


def cut_at_stops(text: str, stops: Iterable[str]) -> tuple[str, bool]:
    """What an engine writes of a text, up to the first stop and with it; and whether a stop ended it."""
    ends = [text.find(stop) + len(stop) for stop in stops if stop in text]
    return (text[: min(ends)], True) if ends else (text, False)


class Coding:
    """Says `speech(key)`, and then ends its turn; where `END` is in it, it ends its turn there first.

    Attributes:
        speech: all that the model writes for a sample.
        context: tokens of prompt and response that the model has room for.
        breaks_at: requests after which the engine breaks.
    """

    takes_parts = True
    speech: Callable[[Key], str] = staticmethod(lambda key: r"\boxed{1}")
    context = 10**9
    breaks_at = 10**9
    fault = ""  # of a part that is not the first
    silent = False  # it returns no token, and does not say why

    def __init__(self, options: EngineOptions) -> None:
        self.left: dict[Key, str] = {}

    def identity(self) -> Mapping[str, Any]:
        return {"name": "coding"}

    def notes(self) -> list[str]:
        return []

    def close(self) -> None:
        pass

    def generate(self, requests: Iterable[Request | None], deliver: Deliver) -> None:
        for request in requests:
            if request is None:
                time.sleep(0.001)
                continue
            if len(asked) >= self.breaks_at:
                raise EngineError("it broke")
            asked.append(request)
            deliver(request, self.answer(request))

    def answer(self, request: Request) -> Reply:
        part, tokens = request.part, request.prompt.tokens
        assert part is not None and tokens is not None
        if self.silent:
            return Reply("", "stop", 0)
        if part.is_first:
            self.left[request.key] = self.speech(request.key) + END
        elif self.fault:
            return Reply(fault=self.fault)
        text, _ = cut_at_stops(self.left[request.key], (*part.stops, END))
        self.left[request.key] = self.left[request.key][len(text) :]
        ids = tokenizer().encode(text, add_special_tokens=False)
        room = min(request.sampling.max_tokens, max(self.context - len(tokens), 0))
        if len(ids) > room:
            return Reply("", "length", room, token_ids=tuple(ids[:room]), note="" if room else "no room")
        return Reply(text, "stop", len(ids), token_ids=tuple(ids), ended=text.endswith(END))


def code_settings(tmp_path: Any, code: Mapping[str, Any] | None = None, k: int = 1, **more: Any) -> Settings:
    """A run of `Coding` on three problems whose answer is 1, with the interpreter."""
    tmp_path.mkdir(exist_ok=True)
    sampling = {"k": k, "max_tokens": 600} | more.pop("sampling", {})
    chosen = {"engine": "coding_engine.Coding", "prompt": "raw", "tokenizer": str(prepare("smollm2").model)}
    return Settings([problems(tmp_path)], tmp_path / "run", sampling=sampling, code=code or {}, **(chosen | more))


def run(wanted: Settings) -> Finished:
    """Draw what is missing, and score."""
    plan, engine, _ = make_run(wanted)
    try:
        return evaluate(plan, engine, Scorer())
    finally:
        engine.close()


def rows_of(wanted: Settings) -> list[Row]:
    """The rows of a run, as they are in its file."""
    run(wanted)
    return list(read_rows(wanted.output / "rows.jsonl"))
