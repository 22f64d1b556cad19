"""A teacher that gives token ids: what it wrote is never encoded again, and rows have ids with a mask."""

from collections.abc import Mapping
from typing import Any

from still_verl.demonstrations.distill.own_outputs import OutputMark, has_own_output
from still_verl.demonstrations.distill.record import OWN_OUTPUT, record_of
from still_verl.evaluation.engines.base import Request
from still_verl.evaluation.engines.interpreted import Interpreted, InterpretedResponse
from still_verl.interpreter.build import RunCode
from still_verl.interpreter.registries import CODE_FORMATS
from still_verl.interpreter.response import CodeResponse, Piece
from still_verl.interpreter.settings import InterpreterConfig
from still_verl.interpreter.turns import TextBlocks


class ExactDemonstrations(Interpreted):
    """An engine whose teacher runs programs, asked by tokens."""

    def response(self, request: Request) -> CodeResponse:
        """Return the response to a request with nothing in it."""
        tokens = list(request.prompt.tokens or ())
        return ExactResponse(self.settings, self.dialogue(), tokens, request.sampling.max_tokens, self.tokenizer)

    def record(self, written: InterpretedResponse) -> Mapping[str, Any]:
        """Return the tokens of prompt and response with their mask, and how the programs ended."""
        response = written.response
        assert isinstance(response, ExactResponse)  # as made above
        ids, mask = list(response.buffer.ids), list(response.buffer.mask)
        found = record_of(written.outcomes, written.programs, int(response.has_own_output()), written.models)
        return found | {
            "input_ids": response.prompt_ids + ids,
            "loss_mask": [0] * len(response.prompt_ids) + mask,
        }


class ExactResponse(CodeResponse):
    """A response of a teacher, which ends where it makes up an output."""

    def __init__(
        self, settings: InterpreterConfig, dialogue: TextBlocks, prompt_ids: list[int], budget: int, tokenizer: Any
    ) -> None:
        """Begin a response, see `CodeResponse`; `tokenizer` is the teacher's."""
        super().__init__(settings, dialogue, prompt_ids, budget)
        self.tokenizer = tokenizer
        self._mark = OutputMark(CODE_FORMATS.find(settings.format)())

    def stops(self) -> dict[str, Any]:
        """Return what ends a part: a program, or the begin of an output."""
        stops = super().stops()
        if stops:
            stops["stop"] = [*stops["stop"], f"{self._mark.text}\n"]
        return stops

    async def go_on(self, piece: Piece, run_code: RunCode) -> str:
        """Take in a part, see `CodeResponse.go_on`."""
        reason = await super().go_on(piece, run_code)
        return OWN_OUTPUT if self.has_own_output() else reason

    def has_own_output(self) -> bool:
        """Return whether the teacher wrote an output itself."""
        return has_own_output(CODE_FORMATS.find(self.settings.format)(), self.text(self.buffer.own))

    def text(self, ids: list[int]) -> str:
        """Return the text of tokens, special ones too."""
        text: str = self.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text
