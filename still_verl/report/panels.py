"""Which charts a page has, in their order, and which metrics each shows. Add a `Panel` here to add a chart."""

import re
from dataclasses import dataclass

from still_verl.monitor.keywords import KEYWORD_RATE
from still_verl.monitor.metric_names import (
    ACCURACY,
    AS_LONG_AS_THE_LONGEST,
    CHARACTERS,
    CLIP_FRACTION,
    ENTROPY,
    FINISHED,
    GRADIENT,
    HELD_OUT_LOSS,
    KL_COEFFICIENT,
    LEARNING_RATE,
    LENGTH,
    MEMORY,
    MISMATCH,
    SCORE,
    STALENESS,
    STEP_SECONDS,
    SUPERVISED_LOSS,
    TOKENS_PER_SECOND,
    TRUNCATED,
)


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
        "Loss",
        "Of supervised training, a mean over the trained tokens: of each step's rows, and of rows that are held out.",
        (_line("training", *SUPERVISED_LOSS), _line("held out", *HELD_OUT_LOSS)),
    ),
    Panel(
        "Accuracy",
        "Share of right answers: on held-out problems after some steps, and on the samples of each training step.",
        (_line("training", *ACCURACY, with_validation=False),),
        share=True,
        validation_accuracy=True,
    ),
    Panel(
        "Solved by one of several samples",
        "pass@k of held-out problems: the chance that one of k samples is right, without bias.",
        pattern=re.compile(r"still/validation/(?:source/)?((?:.+/)?pass@\d+)$"),
        share=True,
    ),
    Panel(
        "Best and majority of several samples",
        "Of held-out problems: whether the best of k samples is right, and whether most of them say the right answer.",
        pattern=re.compile(r"val-core/(.+/(?:best|maj)@\d+)/mean$"),
        share=True,
    ),
    Panel(
        "Reward",
        "The mean score of a step, and each term of it before weighting.",
        (_line("score", *SCORE), _line("score of validations", "eval_reward")),
        re.compile(r"(?:still/reward/|rewards/(?=.+/mean$))(.+?)(?:/mean)?$"),  # ours, TRL's
    ),
    Panel(
        "Length of responses",
        "In tokens, of all responses and of right and wrong ones.",
        (
            _line("mean", *LENGTH),
            _line("mean, in characters", CHARACTERS, with_validation=False),
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
            _line("finished", *FINISHED),
            _line("cut at the limit", *TRUNCATED),
            _line("answered", "still/completion/answered"),
            # verl's clip_ratio: no truncation.
            _line("as long as the longest of the batch", *AS_LONG_AS_THE_LONGEST),
        ),
        share=True,
    ),
    Panel(
        "Accuracy by domain",
        "Share of right answers of the samples that each route of the reward has.",
        pattern=re.compile(r"still/domain/([^/]+)/accuracy"),
        share=True,
    ),
    Panel(
        "Reward by domain",
        "The mean score of each domain, normalized and weighted as it is learned from.",
        pattern=re.compile(r"still/domain/([^/]+)/score"),
    ),
    Panel(
        "Length by domain",
        "In tokens, the mean of each domain.",
        pattern=re.compile(r"still/domain/([^/]+)/length/mean"),
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
        (
            _line("in the loss", "actor/kl_loss"),
            _line("in the reward", "actor/reward_kl_penalty"),
            _line("of TRL", "kl"),
        ),
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
    Panel("Actions", "Reasoning actions for each response.", (_line("actions", "still/actions/mean"),)),
    Panel(
        "Repetition",
        "The share of text that repeats itself, of pairs of words that are not the same, and of responses in a loop.",
        (
            _line("repetition", "still/repetition"),
            _line("distinct pairs of words", "still/distinct_2"),
            _line("loops", "still/loops"),
        ),
        share=True,
    ),
    Panel(
        "Groups",
        "Groups of samples of one prompt: those that are all right or all wrong teach nothing.",
        (
            _line("all right", "still/groups/all_right"),
            _line("all wrong", "still/groups/all_wrong"),
            _line("equal reward", "still/groups/equal_reward", "frac_reward_zero_std"),
        ),
        share=True,
    ),
    Panel(
        "Tool use, as shares",
        "Of calls of the code interpreter, and of responses.",
        pattern=re.compile(r"still/tool/(success|.+_ratio|tier_.+)$"),
        share=True,
    ),
    Panel(
        "Tool use, as counts",
        "Calls of a response, and other figures of the code interpreter.",
        pattern=re.compile(r"still/tool/((?!success$|seconds$|.+_ratio$|tier_).+)$"),
    ),
    Panel("Seconds in tools", "Of a response.", (_line("seconds", "still/tool/seconds"),)),
    Panel(
        "Samples not learned from",
        "Left out of a step by selection.",
        (_line("samples", "still/selection/dropped_samples"),),
    ),
    Panel(
        "Choice of problems",
        "Of the groups of a step: with right and wrong responses, and their pass rate as expected and as seen.",
        pattern=re.compile(r"still/curriculum/(signal|expected|seen|error|coverage)$"),
        share=True,
    ),
    Panel("Size of the gradient", "Its norm before clipping.", (_line("norm", *GRADIENT),)),
    Panel(
        "Clipped tokens",
        "Share of tokens at which the ratio of new to old policy is clipped.",
        (_line("clipped", *CLIP_FRACTION),),
        share=True,
    ),
    Panel(
        "Rollout against training",
        "How far the rollout's probabilities of its tokens are from those that are trained with.",
        (_line("difference", *MISMATCH),),
    ),
    Panel(
        "Staleness",
        "How many versions of the policy wrote a response.",
        (_line("policies", *STALENESS),),
    ),
    Panel("Learning rate", "Of the policy.", (_line("learning rate", *LEARNING_RATE),)),
    Panel("Seconds a step", "Wall time.", (_line("step", *STEP_SECONDS),)),
    Panel("Tokens a second", "Of one device.", (_line("tokens", *TOKENS_PER_SECOND),)),
    Panel("Memory", "The most that was taken, in GB.", (_line("memory", *MEMORY),)),
)

UNKNOWN = 24  # metrics of a run that no panel knows, which are drawn where nothing else is


def panels_of_unknown(names: list[str]) -> list[Panel]:
    """Make a panel for each of some metrics, so that the page of a run that logs nothing else is not empty."""
    about = "A metric that this page knows nothing about, as it was logged."
    return [Panel(name, about, (_line(name, name, with_validation=False),)) for name in names[:UNKNOWN]]
