"""The term `tests`: what a response's program is worth, by the tests of its row."""

from typing import TYPE_CHECKING, Any

from still_verl.rewards.code.grade import Grade, grade
from still_verl.rewards.code.layouts import read_problem
from still_verl.rewards.code.problem import UnreadableTests
from still_verl.rewards.explanations import Explanation, explains
from still_verl.rewards.gold_faults import reads_gold
from still_verl.rewards.sample import Sample

if TYPE_CHECKING:
    from still_verl.rewards.presets import Preset

_GRADE = "_tests_grade"  # what a sample keeps


def tests_fault(ground_truth: Any, preset: "Preset") -> str:
    """Say why the tests of a row cannot be used; nothing if they can."""
    try:
        read_problem(ground_truth)
    except UnreadableTests as error:
        shown = " ".join(str(ground_truth)[:200].split())
        return f"ground_truth={shown:.80}: {error}"
    return ""


def _details(sample: Sample) -> Explanation:
    graded = _graded(sample)
    if graded.tests_fault:
        object.__setattr__(sample, "gold_fault", tests_fault(sample.ground_truth, sample.preset))
    return {
        "pred": graded.program,
        "extracted_by": "program" if graded.program else "",
        "reason": graded.reason,
        "unreadable_gold": float(bool(graded.tests_fault)),
    }


@explains(_details)
@reads_gold(tests_fault)
def tests(sample: Sample) -> float:
    """Pay 1 for a program that passes all tests, else 0; or the share that it passes (`still.reward.tests.fraction`).

    Raises:
        SandboxUnavailable: no program can run here, so that nothing can be said of this one.
    """
    return _graded(sample).score


def _graded(sample: Sample) -> Grade:
    kept = sample.__dict__.get(_GRADE)
    if kept is None:
        kept = grade(sample.text, sample.ground_truth, sample.preset.tests)
        object.__setattr__(sample, _GRADE, kept)
    return kept
