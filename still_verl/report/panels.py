"""Which charts a page has, in their order, and which metrics each shows. Add a `Panel` here to add a chart."""

import re
from dataclasses import dataclass

from still_verl.monitor.keywords import KEYWORD_RATE
from still_verl.monitor.metric_names import ENTROPY, KL_COEFFICIENT, LENGTH, STEP_SECONDS


@dataclass(frozen=True)
class Line:
    """What a line shows: the first of some metrics that a run has.

    Attributes:
        with_validation: whether `still/validation/X` is drawn beside `still/X`.
    """

    label: str
    keys: tuple[str, ...]
    with_validation: bool = True


@dataclass(frozen=True)
class Panel:
    """What a chart shows of any run; a run that has none of its metrics gets no such chart.

    Attributes:
        about: what the chart says, in a sentence for those who do not know.
        pattern: metrics of which each gets a line, called by the pattern's group.
        schedules_below: what acts on the curves, each drawn in a strip under them.
        share: whether values are shares, shown in percent.
        validation_accuracy: whether the accuracy of validations is drawn.
        about_schedules: what the schedules are.
    """

    title: str
    about: str
    lines: tuple[Line, ...] = ()
    pattern: re.Pattern[str] | None = None
    schedules_below: tuple[Line, ...] = ()
    share: bool = False
    validation_accuracy: bool = False
    about_schedules: str = ""


def _line(label: str, *keys: str, with_validation: bool = True) -> Line:
    return Line(label, keys, with_validation)


PANELS = (
    Panel(
        "Accuracy",
        "Share of right answers: on held-out problems after some steps, and on the samples of each training step.",
        (_line("training", "still/accuracy", with_validation=False),),
        share=True,
        validation_accuracy=True,
    ),
    Panel(
        "Reward",
        "The mean score of a step, and each term of it before weighting.",
        (_line("score", "critic/score/mean"),),
        re.compile(r"still/reward/(.+)"),
    ),
    Panel(
        "Length of responses",
        "In tokens, of all responses and of right and wrong ones.",
        (
            _line("mean", *LENGTH),
            _line("median", "still/length/p50", with_validation=False),
            _line("95 %", "still/length/p95", with_validation=False),
            _line("right", "still/length/correct_mean", with_validation=False),
            _line("wrong", "still/length/wrong_mean", with_validation=False),
        ),
        schedules_below=(_line("limit", "still/context/budget"),),
        about_schedules="Below: the most tokens that a response may have.",
    ),
    Panel(
        "Completion",
        "Share of responses that ended by themselves, and of those in which an answer was found.",
        (
            _line("finished", "still/completion/finished"),
            _line("answered", "still/completion/answered"),
            _line("as long as the longest (verl)", "response_length/clip_ratio"),
        ),
        share=True,
    ),
    Panel(
        "Entropy",
        "How undecided the model is at a token, in nats.",
        (_line("entropy", *ENTROPY),),
        schedules_below=(_line("coefficient", "still/entropy/coef"), _line("temperature", "still/temperature")),
        about_schedules="Below: what acts on it.",
    ),
    Panel(
        "KL to the reference",
        "How far the model has moved, in nats a token.",
        (_line("in the loss", "actor/kl_loss"), _line("in the reward", "actor/reward_kl_penalty")),
        schedules_below=(_line("coefficient", *KL_COEFFICIENT),),
        about_schedules="Below: the coefficient that pulls it back.",
    ),
    Panel(
        "Reasoning words, per 1,000 words",
        "Words of verification, reflection and correction: do responses think more, or only get longer?",
        pattern=KEYWORD_RATE,
    ),
    Panel(
        "Reasoning words, per response",
        "The same words for each response.",
        pattern=re.compile(r"still/keywords/([^/]+)/per_response"),
    ),
    Panel(
        "Actions and repetition",
        "Reasoning actions for each response, and the share of text that repeats itself.",
        (
            _line("actions", "still/actions/mean"),
            _line("repetition", "still/repetition"),
            _line("distinct pairs of words", "still/distinct_2"),
        ),
    ),
    Panel("Tool use", "Of the code interpreter.", pattern=re.compile(r"still/tool/(.+)")),
    Panel(
        "Samples not learned from",
        "Left out of a step by selection.",
        (_line("samples", "still/selection/dropped_samples"),),
    ),
    Panel("Size of the gradient", "Its norm before clipping.", (_line("norm", "actor/grad_norm"),)),
    Panel("Seconds a step", "Wall time.", (_line("step", *STEP_SECONDS),)),
)
