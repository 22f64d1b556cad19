"""The samples of one training step, read once for everything that watches them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from still_verl.interpreter.finish_reason import STOP, finish_reason
from still_verl.interpreter.token_buffer import without_spans
from still_verl.rewards.drop_in import MODEL_TEXT

Tokens = list[int] | np.ndarray
REWARD_ERROR = "reward_error"  # the key under which the manager `still` says why it could not score a response


@dataclass(frozen=True)
class StepRows:
    """The real samples of a step, without the rows that pad a batch; every field has one entry a sample.

    Attributes:
        uids: of the prompt; the samples of one prompt are a group.
        scores: what the reward paid.
        references: `ground_truth` of the data.
        infos: what the reward returned beside the score; empty for a reward that returns a number.
        extras: what the agent loop left, `finish_reason` and `response_tokens` among it if that was ours.
        response_ids: tokens of the responses, outputs of programs included; lists or arrays of whole numbers.
        keys: of the rows in the transfer queue.
        dropped: whether selection took it out of what is learned from.
    """

    uids: Sequence[str]
    scores: np.ndarray
    references: Sequence[Any]
    infos: Sequence[dict[str, Any]]
    extras: Sequence[dict[str, Any]]
    response_ids: Sequence[Tokens]
    keys: Sequence[str] = ()
    dropped: Sequence[bool] = ()

    def __len__(self) -> int:
        return len(self.scores)

    def only(self, indices: Sequence[int]) -> "StepRows":
        """Return some of the samples, by their indices."""
        columns: dict[str, Any] = {}
        for field in fields(self):
            column = getattr(self, field.name)
            columns[field.name] = [column[index] for index in indices] if len(column) else column
        columns["scores"] = self.scores[list(indices)]
        return StepRows(**columns)

    @cached_property
    def tokens(self) -> np.ndarray:
        """The number of tokens that the model wrote in each response."""
        counts = []
        for ids, extra in zip(self.response_ids, self.extras, strict=True):
            outputs = sum(end - begin for begin, end in extra.get("tool_spans") or ())
            counts.append(len(ids) - outputs)
        return np.array(counts, dtype=int)

    def written(self, index: int) -> list[int]:
        """Return the tokens that the model wrote in a response: those outside of the outputs of programs.

        One response at a time: the tokens of a large step are millions, and as Python's numbers ten times as large.
        """
        ids = self.response_ids[index]
        return without_spans(ids if isinstance(ids, list) else ids.tolist(), self.extras[index].get("tool_spans") or ())

    @property
    def correct(self) -> np.ndarray:
        """Whether each response is right: `acc` of the reward, or a score above 0 for a reward without it."""
        right = []
        for info, score in zip(self.infos, self.scores, strict=True):
            right.append(float(info.get("acc", score)) > 0)
        return np.array(right)

    @property
    def finished(self) -> np.ndarray:
        """Whether each response ended by itself, which only our agent loops say; True for others."""
        return np.array([extra.get("finish_reason", STOP) == STOP for extra in self.extras])

    @property
    def void_turns(self) -> np.ndarray:
        """Turns of each response with neither a program nor an answer, which only `still_code` counts; 0 for others."""
        return np.array([int(extra.get("tool_void_turns", 0)) for extra in self.extras])


def finished_of(info: dict[str, Any], extra: dict[str, Any]) -> bool | None:
    """Return whether a response ended by itself; None when neither agent loop nor reward say so."""
    if "finish_reason" in extra:
        return bool(extra["finish_reason"] == STOP)
    if info.get("truncated") is None:
        return None
    return not info["truncated"]


def with_finish_reasons(rows: StepRows, budget: int, stop_ids: Callable[[], frozenset[int]]) -> StepRows:
    """Return rows that all say whether the response was cut, from its tokens where neither agent loop nor reward do.

    Args:
        budget: tokens that a response may have.
        stop_ids: returns the tokens that end a response; called if they are needed.
    """
    extras = list(rows.extras)
    for index, (info, extra) in enumerate(zip(rows.infos, rows.extras, strict=True)):
        if finished_of(info, extra) is None:
            extras[index] = extra | {"finish_reason": finish_reason(rows.response_ids[index], budget, stop_ids())}
    return replace(rows, extras=extras)


@dataclass(frozen=True)
class Validation:
    """A validation as verl has it at its end; every field has one entry a sample.

    Attributes:
        infos: what the reward returned, a list for each key; None where a sample has no such key.
        sources: `data_source` of the data; empty where it is not known.
    """

    uids: Sequence[str]
    prompts: Sequence[str]
    responses: Sequence[str]
    scores: Sequence[float]
    infos: Mapping[str, Sequence[Any]]
    sources: Sequence[str] = ()

    @property
    def model_texts(self) -> list[str]:
        """The responses without outputs of programs, where the reward says what these are."""
        texts = self.infos.get(MODEL_TEXT) or [""] * len(self.responses)
        return [text or response for text, response in zip(texts, self.responses, strict=True)]

    def rows(self, encode: Callable[[str], list[int]]) -> StepRows:
        """Return the validation as rows of a step.

        verl keeps neither right answers nor tokens until the end of a validation. So references are None, and of
        `response_ids` only the length is true: it is what the reward says (`tokens`), else that of the text encoded
        again, which can differ by a few.
        """
        n = len(self.uids)
        infos: list[dict[str, Any]] = [{} for _ in range(n)]
        for key, values in self.infos.items():
            for index, info in enumerate(infos):
                if values[index] is not None:
                    info[key] = values[index]
        ids = []
        for info, text in zip(infos, self.responses, strict=True):
            ids.append([0] * int(info["tokens"]) if "tokens" in info else encode(text))
        return StepRows(list(self.uids), np.array(self.scores), [None] * n, infos, [{}] * n, ids)


def check_scored(errors: Sequence[str | None]) -> None:
    """Refuse to go on with responses that could not be scored: their groups would be learned from as whole ones.

    Args:
        errors: `REWARD_ERROR` of each response; empty, or None for another reward, where all is well.

    Raises:
        RuntimeError: says how many, and the first error.
    """
    failed = [error for error in errors if error]
    if failed:
        raise RuntimeError(f"still_verl: {len(failed)} of {len(errors)} responses could not be scored: {failed[0]}")
