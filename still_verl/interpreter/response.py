"""One response that a model and its interpreter write in turn, wherever the model's tokens come from."""

from dataclasses import dataclass
from typing import Any

from still_verl.interpreter.build import RunCode
from still_verl.interpreter.finish_reason import EMPTY, LENGTH, STOP, TURNS
from still_verl.interpreter.outputs import output_spans
from still_verl.interpreter.sandbox.base import Result
from still_verl.interpreter.settings import InterpreterConfig
from still_verl.interpreter.token_buffer import TokenBuffer
from still_verl.interpreter.tool_stats import ToolStats
from still_verl.interpreter.turns import Call, Dialogue, Turn

NO_OUTPUT = "(no output)"


@dataclass(frozen=True)
class Piece:
    """What an engine generated up to its next stop.

    Attributes:
        ids: tokens, with the one that ends the model's turn.
        ended: whether the last token ends the model's turn.
        cut: whether the engine says that it has no room for more.
        log_probs: of the tokens, if they are known.
    """

    ids: list[int]
    ended: bool
    cut: bool = False
    log_probs: list[float] | None = None


class CodeResponse:
    """Tokens, counts and the reason of the end of one response: what training and evaluation have in common.

    Whether the model has ended is judged by its own last token. An engine also stops at a string that may begin an
    output: where nothing is to be run, the response goes on.

    Attributes:
        buffer: the tokens, with their mask.
        stats: what the response did with its interpreter.
        asked: whether the turn that was read last asked for something.
        answered: turns that got an answer.
    """

    def __init__(self, settings: InterpreterConfig, dialogue: Dialogue, prompt_ids: list[int], budget: int) -> None:
        """Begin a response.

        Args:
            settings: of the interpreter.
            dialogue: reads the model's tokens, and puts outputs into tokens.
            prompt_ids: tokens of the prompt.
            budget: tokens that the response may have, outputs included.
        """
        self.settings = settings
        self.dialogue = dialogue
        self.prompt_ids = prompt_ids
        self.buffer = TokenBuffer(budget)
        self.stats = ToolStats()
        self.asked = True
        self.answered = 0
        self._interpreting = True

    def begin(self) -> str:
        """Take in the prompt; return why nothing can be written, and nothing if something can."""
        self.dialogue.begin(self.prompt_ids)
        return LENGTH if self.buffer.left <= 0 else ""

    def stops(self) -> dict[str, Any]:
        """Return the sampling parameters that end a turn where it asks for something; none when no more is run."""
        return dict(self.dialogue.stops) if self._interpreting else {}

    async def go_on(self, piece: Piece, run_code: RunCode) -> str:
        """Take in a piece and answer what it asks for; return why the response ends, nothing if it goes on.

        Raises:
            SandboxUnavailable: no program can run here.
        """
        turn = await self.take(piece)
        self.asked = bool(turn.calls)
        if turn.calls:
            if self.is_last_turn():
                return TURNS
            await self._answer_all(turn.calls, run_code)
        elif piece.ended:
            return STOP
        elif piece.cut:
            return LENGTH
        elif not piece.ids:
            return EMPTY
        elif self.buffer.left > 0:
            self.stats.resumed += 1
        return "" if self.buffer.left > 0 else LENGTH

    def finish(self, text: str) -> None:
        """Count what only the end of a response shows; `text` is what the model wrote."""
        self.stats.written_outputs = len(output_spans(text))
        self.stats.unfinished = int(self.dialogue.open_block)

    def is_last_turn(self) -> bool:
        """Whether the turn that has ended gets no answer, because of a limit on turns. Here there is none."""
        return False

    async def answer_other(self, call: Call) -> str:
        """Answer a call of another tool.

        Raises:
            NotImplementedError: this response has no others.
        """
        raise NotImplementedError("the dialogue found a call of another tool, and there is none")

    async def take(self, piece: Piece) -> Turn:
        """Add the tokens of a turn; return what it asks for, which is nothing when no more code is run."""
        ids = piece.ids
        if not self._interpreting:
            await self._follow(ids)
            self.buffer.add_generated(ids, piece.log_probs)
            return Turn()
        turn = await self.dialogue.read(ids, piece.ended, may_go_on=self.buffer.left > len(ids))
        kept = len(ids) if turn.kept is None else turn.kept
        self.buffer.add_generated(ids[:kept], piece.log_probs)
        self.stats.skipped_blocks += turn.skipped_blocks
        self.stats.closed_by_end += turn.closed_by_end
        self.stats.dropped_tokens += len(ids) - kept - turn.closed_by_end
        return turn

    async def _follow(self, ids: list[int]) -> None:
        """Let the dialogue read a turn of which nothing is run."""
        while ids:
            turn = await self.dialogue.read(ids, ended=False, may_go_on=False)
            ids = ids[turn.kept or len(ids) :]

    async def _answer_all(self, calls: list[Call], run_code: RunCode) -> None:
        """Answer the calls of a turn, in order."""
        if not any(call.code or call.tool for call in calls):
            self.stats.void_turns += 1
        outputs = [await self._answer(call, run_code) for call in calls]
        dropped, ids = await self.dialogue.reply(outputs, self.prompt_ids + self.buffer.ids)
        self.buffer.drop_last(dropped)
        self.stats.cut_outputs += self.buffer.add_output(ids)
        self.answered += 1

    async def _answer(self, call: Call, run_code: RunCode) -> str:
        """Run a call; return what the model reads in answer."""
        if cap := self.settings.cap(self.stats.answered, self.stats.seconds):
            self.stats.cap_reached, self._interpreting = 1, False
            return cap
        if call.fault:
            self.stats.refuse(call.fault)
            return call.error_message
        if call.tool is not None:
            self.stats.other_calls += 1
            return await self.answer_other(call)
        result, waited = await run_code(call.code)
        self.stats.add(result, waited)
        return as_output(result)


def as_output(result: Result) -> str:
    """Return what a model reads of a result.

    An error may quote what no tokenizer takes, a lone surrogate: it is written as its escape.
    """
    parts = [part for part in (result.stdout.rstrip("\n"), result.error) if part]
    text = "\n".join(parts) or NO_OUTPUT
    return text.encode("utf-8", "backslashreplace").decode()
