"""How a model and its interpreter take turns, in tokens: what a turn asks to be run, and what is read in answer."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from still_verl.interpreter.formats import CodeFormat


@dataclass(frozen=True)
class Call:
    """A program to run; or, with a `fault` (a count of `ToolStats`), the message that the model gets instead."""

    code: str = ""
    fault: str = ""
    error_message: str = ""


@dataclass(frozen=True)
class Turn:
    """What a turn of the model asks for. `skipped_blocks` were not run: the model went on without their output."""

    calls: list[Call] = field(default_factory=list)
    skipped_blocks: int = 0


class Dialogue(Protocol):
    """One response.

    Attributes:
        stops: sampling parameters that end a turn where it asks for something.
        tools: what the chat template is told about, as JSON schemas; None for nothing.
    """

    stops: dict[str, Any]
    tools: list[dict[str, Any]] | None

    @property
    def open_block(self) -> bool:
        """Whether the last turn ended inside a block or call."""

    async def read(self, ids: list[int]) -> Turn:
        """Take in the tokens of a turn, as they were generated."""

    async def reply(self, outputs: list[str], written: list[int]) -> tuple[int, list[int]]:
        """Put outputs into tokens.

        Args:
            outputs: one text for each call of the turn that was read last.
            written: the tokens so far, with the prompt's.

        Returns:
            How many of `written` to drop from its end, and which tokens to add.
        """


class TextBlocks:
    """Blocks of code in the text: a turn ends with one, and the response goes on after its output."""

    tools: list[dict[str, Any]] | None = None

    def __init__(self, code_format: CodeFormat, tokenizer: Any) -> None:
        """Begin a response whose blocks are written as `code_format` says."""
        self._format = code_format
        self._tokenizer = tokenizer
        self.stops = {"stop": code_format.stop, "include_stop_str_in_output": True}

    @property
    def open_block(self) -> bool:
        """Whether the last turn ended inside a block."""
        return self._format.open_block

    async def read(self, ids: list[int]) -> Turn:
        """Take in the tokens of a turn; it asks for the block that it ends with, if it does."""
        closed = len(self._format.blocks)
        ready = self._format.feed(self._tokenizer.decode(ids, skip_special_tokens=True))
        calls = []
        if ready:
            calls.append(Call(self._format.blocks[-1]))
        return Turn(calls, skipped_blocks=len(self._format.blocks) - closed - len(calls))

    async def reply(self, outputs: list[str], written: list[int]) -> tuple[int, list[int]]:
        """Put the output of the one block into tokens; nothing is dropped."""
        (output,) = outputs
        return 0, self._tokenizer.encode(self._format.output(output), add_special_tokens=False)
