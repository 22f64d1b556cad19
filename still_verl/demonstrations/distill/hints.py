"""The study's self-synthesis: a chain of thought is cut where it turns, a hint to write code is put in, and it goes on.

A model that ignores an instruction to use tools writes programs when its own thoughts say so. Source: section 4.4 of
arXiv 2503.04548 and its script `coding_by_thinking.py`. A chain without enough turns stays as it is. Hints are part of
what is trained, outputs are not.
"""

import random
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from still_verl.demonstrations.distill.exact import ExactDemonstrations, ExactResponse
from still_verl.evaluation.engines.base import PartsEngine, Request
from still_verl.interpreter.build import RunCode
from still_verl.interpreter.finish_reason import STOP
from still_verl.interpreter.response import CodeResponse, Piece
from still_verl.interpreter.settings import InterpreterConfig
from still_verl.interpreter.token_text import PlainTokens, TokenText
from still_verl.interpreter.turns import TextBlocks

ANSWER = "</think>"  # behind it a model no longer thinks
FIRST_PIECES = 5  # of a chain that is cut for the first time, at least


@dataclass(frozen=True)
class Hinting:
    """How a chain of thought is led to code.

    Attributes:
        hints: texts that are put in, one at a time.
        turn_words: words before which a chain may be cut.
        most: hints in one response; each response gets a number from 1 to this.
        begin: begins a program behind a hint, in the format of the run.
    """

    hints: Sequence[str]
    turn_words: Sequence[str]
    most: int = 3
    begin: str = "```python\n"

    def identity(self) -> dict[str, Any]:
        """Return what changes samples."""
        return {"hints": list(self.hints), "turn_words": list(self.turn_words), "most": self.most}


class HintedDemonstrations(ExactDemonstrations):
    """An engine whose model is led to code by hints in its own thoughts."""

    def __init__(
        self, engine: PartsEngine, settings: InterpreterConfig, tokenizer: Any, at_once: int, hinting: Hinting
    ) -> None:
        """Put an interpreter and hints on an engine, see `Interpreted`."""
        super().__init__(engine, settings, tokenizer, at_once)
        self._hinting = hinting

    def identity(self) -> Mapping[str, Any]:
        """Return the engine's identity with the hints."""
        return {**super().identity(), "hinting": self._hinting.identity()}

    def response(self, request: Request) -> CodeResponse:
        """Return the response to a request with nothing in it."""
        tokens, budget = list(request.prompt.tokens or ()), request.sampling.max_tokens
        chance = random.Random(request.seed)
        made = HintedResponse(self.settings, self.dialogue(), tokens, budget, self.tokenizer)
        made.lead(self._hinting, self.dialogue, chance)
        return made

    def record(self, written: Any) -> Mapping[str, Any]:
        """Return the record of a sample with the number of its hints."""
        return {**super().record(written), "hints": written.response.hints}


class HintedResponse(ExactResponse):
    """A response that is cut and led on, until it has as many programs as were drawn for it.

    Attributes:
        hints: that were put in.
    """

    hints = 0

    def lead(self, hinting: Hinting, new_dialogue: Callable[[], TextBlocks], chance: random.Random) -> None:
        """Set what is put in, before the first part.

        Args:
            hinting: the texts.
            new_dialogue: makes a dialogue that has read nothing.
            chance: the random numbers of the sample.
        """
        self._hinting = hinting
        self._new_dialogue = new_dialogue
        self._chance = chance
        self._target = chance.randint(1, hinting.most)
        self._plain = PlainTokens(self.tokenizer)
        self._start = 0  # where what was written since the last hint begins
        words = "|".join(map(re.escape, hinting.turn_words))
        self._turns = re.compile(rf"(?:^|(?<=\s))(?:{words})\b")

    async def go_on(self, piece: Piece, run_code: RunCode) -> str:
        """Take in a part; where the response would end, cut it and go on behind a hint."""
        reason = await super().go_on(piece, run_code)
        if reason == STOP and self.hints < self._target and self._put_in_hint():
            return ""
        return reason

    def _put_in_hint(self) -> bool:
        """Cut at a turn and put in a hint; return whether there was a place for it."""
        ids = self.buffer.ids[self._own_start() :]
        places = self._places(ids)
        self._chance.shuffle(places)
        text = f"{self._chance.choice(self._hinting.hints)}\n\n{self._hinting.begin}"
        for place in places:
            dropped = len(ids) - place
            before = self.buffer.ids[: len(self.buffer.ids) - dropped]
            hint = self._plain.encode(text if self._ends_line(before) else f"\n\n{text}")
            dialogue = self._new_dialogue()
            dialogue.begin(self.prompt_ids + before + hint)
            # Closed in a block of another language; and a hint without room for a program is of no use.
            if not dialogue.open_block or len(before) + len(hint) >= self.buffer.budget:
                continue
            self.buffer.drop_last(dropped)
            self.buffer.add_generated(hint, None)
            self.dialogue, self._start = dialogue, len(self.buffer.ids)
            self.hints += 1
            return True
        return False

    def _own_start(self) -> int:
        """Where the text begins that may be cut: behind the last output and the last hint."""
        spans = self.buffer.tool_spans
        last_output = spans[-1][1] if spans else 0
        return max(last_output, self._start)

    def _places(self, ids: list[int]) -> list[int]:
        """The numbers of tokens before which a turn begins, in the last two thirds of the pieces."""
        text = TokenText(self.tokenizer, [])
        whole, ends = "", []
        for token in ids:
            whole += text.add([token])
            ends.append(len(whole))
        thoughts = whole.partition(ANSWER)[0]
        turns = [found.start() for found in self._turns.finditer(thoughts)]
        pieces = len(turns) + 1
        if not self.hints and pieces < FIRST_PIECES:
            return []
        places = []
        for number, turn in enumerate(turns, 1):
            kept = bisect_right(ends, turn)
            if 3 * number >= pieces and kept:
                places.append(kept)
        return places

    def _ends_line(self, ids: list[int]) -> bool:
        return self.text(ids[-8:]).endswith("\n")
