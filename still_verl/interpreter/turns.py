"""How a model and its interpreter take turns, in tokens: what a turn asks to be run, and what is read in answer."""

from copy import copy, deepcopy
from dataclasses import dataclass, field
from typing import Any, Protocol

from still_verl.interpreter.formats import CodeFormat
from still_verl.interpreter.token_text import PlainTokens, TokenText, control_tokens


@dataclass(frozen=True)
class Call:
    """Something that a turn asks for.

    Attributes:
        code: a program to run.
        tool: a call of another tool, as the dialogue's loop understands it.
        fault: why there is nothing to run, a count of `ToolStats`; the model gets `error_message` instead.
        error_message: see `fault`.
    """

    code: str = ""
    tool: Any = None
    fault: str = ""
    error_message: str = ""


@dataclass(frozen=True)
class Turn:
    """What a turn of the model asks for.

    Attributes:
        calls: in the order in which they were written.
        kept: tokens of the turn that count; the others were written past a block, or end a turn that goes on.
        skipped_blocks: blocks that are not run: the model went on without their output.
        closed_by_end: whether the end of the turn closed the block that is run.
    """

    calls: list[Call] = field(default_factory=list)
    kept: int | None = None
    skipped_blocks: int = 0
    closed_by_end: bool = False


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

    def begin(self, prompt: list[int]) -> None:
        """Take in the tokens of the prompt, whose end may have begun a block for the model."""

    async def read(self, ids: list[int], ended: bool, may_go_on: bool) -> Turn:
        """Take in the tokens of a turn, as they were generated.

        Args:
            ids: the tokens.
            ended: whether the last one ends the model's turn.
            may_go_on: whether there is room for an output.
        """

    async def reply(self, outputs: list[str], written: list[int]) -> tuple[int, list[int]]:
        """Put outputs into tokens, none of which is a control token because of what an output says.

        Args:
            outputs: one text for each call of the turn that was read last.
            written: the tokens so far, with the prompt's.

        Returns:
            How many of `written` to drop from its end, and which tokens to add.
        """


class TextBlocks:
    """Blocks of code in the text: a turn ends with one, and the response goes on after its output."""

    tools: list[dict[str, Any]] | None = None

    def __init__(self, code_format: CodeFormat, tokenizer: Any, run_at_end: bool = True) -> None:
        """Begin a response.

        Args:
            code_format: says how its blocks are written.
            tokenizer: of the model.
            run_at_end: run a block whose closing line ends with the model's turn, and go on.
        """
        self._format = code_format
        self._tokenizer = tokenizer
        self._run_at_end = run_at_end
        self._plain = PlainTokens(tokenizer)
        self._text = TokenText(tokenizer, [])
        self._begin_line = False  # whether the output needs a line of its own
        self.stops = {"stop": code_format.stop, "include_stop_str_in_output": True}

    @property
    def open_block(self) -> bool:
        """Whether the last turn ended inside a block."""
        return self._format.open_block

    def begin(self, prompt: list[int]) -> None:
        """Take in a block that the prompt has begun for the model, behind its last control token.

        Where it has begun none, the model begins anew: a fence in the user's own text is not the model's.
        """
        controls = set(control_tokens(self._tokenizer).values())
        start = len(prompt)
        while start > 0 and prompt[start - 1] not in controls:
            start -= 1
        begun = deepcopy(self._format)
        begun.feed(TokenText(self._tokenizer, prompt[:start]).add(prompt[start:]))
        on_the_next_line = deepcopy(begun)
        on_the_next_line.feed("\n")
        if on_the_next_line.open_block:
            self._format = begun
        self._text = TokenText(self._tokenizer, prompt)

    async def read(self, ids: list[int], ended: bool, may_go_on: bool) -> Turn:
        """Take in the tokens of a turn; it asks for the block that it ends with, if it does.

        An engine may write on past a block: it looks for few forms of a closing line, and with speculative decoding it
        writes some tokens at once. The turn is cut there, as if the engine had stopped.
        """
        said = ids
        if ended:
            said = ids[:-1]
        saved = deepcopy(self._format), copy(self._text)
        closed = len(self._format.blocks)
        ready = self._format.feed(self._text.add(said))
        new = len(self._format.blocks) - closed
        if new > int(ready):
            self._format, self._text = saved
            return self._up_to_a_block(said)
        if ready:
            return Turn([self._last_block()], kept=len(said))
        if ended and may_go_on and self._run_at_end and self._ends_a_block():
            self._begin_line = True
            return Turn([self._last_block()], kept=len(said), closed_by_end=True)
        return Turn()

    async def reply(self, outputs: list[str], written: list[int]) -> tuple[int, list[int]]:
        """Put the output of the one block into tokens; nothing is dropped."""
        (output,) = outputs
        text = self._format.output(output)
        if self._begin_line:
            text, self._begin_line = "\n" + text, False
        ids = self._plain.encode(text)
        self._text = TokenText(self._tokenizer, ids)
        return 0, ids

    def _up_to_a_block(self, ids: list[int]) -> Turn:
        """Read one token after the other, up to the one that ends with a block."""
        closed = len(self._format.blocks)
        for place, token in enumerate(ids):
            if self._format.feed(self._text.add([token])):
                return Turn([self._last_block()], kept=place + 1)
        return Turn(skipped_blocks=len(self._format.blocks) - closed)  # one token has the block's end and more

    def _ends_a_block(self) -> bool:
        end = getattr(self._format, "end", None)
        return end is not None and end()

    def _last_block(self) -> Call:
        return Call(self._format.blocks[-1])
