"""Why a sample is no demonstration."""

from collections.abc import Collection, Sequence

from still_verl.demonstrations.distill.record import OWN_OUTPUT
from still_verl.evaluation.rows import Row
from still_verl.interpreter.finish_reason import STOP

# In this order: the first that holds is the reason.
NO_REPLY, OTHER_MODEL, LENGTH, UNFINISHED = "no_reply", "other_model", "length", "unfinished_code"
NO_CODE, ERROR, NO_ANSWER, WRONG, UNDECIDED = "no_code", "ends_in_error", "no_answer", "wrong", "undecided"
COPIED, DUPLICATE, SURPLUS = "copied", "duplicate", "surplus"

MEANINGS = {
    NO_REPLY: "the teacher gave no text",
    OTHER_MODEL: "another model answered",
    LENGTH: "cut by a limit on its length",
    OWN_OUTPUT: "the teacher made up an output where no program was run",
    UNFINISHED: "ended inside a program",
    NO_CODE: "no program was run",
    ERROR: "its last program failed",
    NO_ANSWER: "no answer was found",
    WRONG: "the strict verifier calls the answer wrong",
    UNDECIDED: "no verdict",
    COPIED: "copied from the prompt",
    DUPLICATE: "the same as another sample of the problem",
    SURPLUS: "the problem has enough",
}

SPAN = 8  # words in a row that count as copied
MOSTLY = 0.5  # the share of a response's spans that makes it a copy
PROGRAM_WORDS = 16  # of a program that is a copy if it is in the prompt as it is; a shorter one may be by chance


def rejection(row: Row, models: Collection[str], max_tokens: int | None = None) -> str:
    """Return why a scored sample is no demonstration, by itself; nothing if it is one.

    Args:
        row: with its text, transcript and record.
        models: names of the teacher; empty where no reply names one.
        max_tokens: of a row that has token ids, prompt included; None is no limit.
    """
    record = row.record or {}
    if row.fault or row.response is None:
        return NO_REPLY
    if models and not set(record.get("models", ())) <= set(models):
        return OTHER_MODEL
    if row.finish_reason == OWN_OUTPUT:
        return OWN_OUTPUT
    if not row.response.strip():
        return NO_REPLY
    if row.finish_reason != STOP or _is_long(record.get("input_ids"), max_tokens):
        return LENGTH
    return _of_code(row) or _of_answer(row) or (COPIED if is_copied(row) else "")


def _is_long(ids: Sequence[int] | None, max_tokens: int | None) -> bool:
    return max_tokens is not None and ids is not None and len(ids) > max_tokens


def _of_code(row: Row) -> str:
    outcomes = (row.record or {}).get("outcomes", ())
    if (row.tools or {}).get("unfinished"):
        return UNFINISHED
    if not outcomes:
        return NO_CODE
    return "" if outcomes[-1] == "ok" else ERROR


def _of_answer(row: Row) -> str:
    if not row.pred:
        return NO_ANSWER
    if row.strict is None:
        return UNDECIDED
    return "" if row.strict else WRONG


def is_copied(row: Row) -> bool:
    """Return whether a response, or each of its programs, stands in the prompt: an example there teaches nothing."""
    asked = row.prompt.split()
    spans = _spans(asked)
    written = _spans((row.response or "").split())
    shared = sum(span in spans for span in written)
    if written and shared > MOSTLY * len(written):
        return True
    programs = (row.record or {}).get("programs", ())
    text = f" {' '.join(asked)} "
    return bool(programs) and all(_is_in(text, program) for program in programs)


def _is_in(text: str, program: str) -> bool:
    words = program.split()
    return len(words) >= PROGRAM_WORDS and f" {' '.join(words)} " in text


def _spans(words: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + SPAN]) for at in range(len(words) - SPAN + 1)}
