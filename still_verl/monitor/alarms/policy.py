"""Alarms about the policy and its updates: entropy both ways, KL, clipping, gradient, rollout. Names: the registry."""

from still_verl.monitor.alarms.changes import Direction
from still_verl.monitor.alarms.conditions import (
    not_better,
    not_rising,
    not_supervised,
    unless_solved,
    unless_supervised,
    worse,
)
from still_verl.monitor.alarms.level import Grade, LevelDetector

ENTROPY_COLLAPSE = LevelDetector(
    "entropy",
    Direction.FALL,
    [
        Grade("critical", 10, only_if=not_rising),
        Grade("warning", 5, only_if=unless_solved),
        Grade("warning", 3, tests=("shift",), only_if=unless_solved),
        Grade("info", 1.6, tests=("shift",)),
        Grade("info", 2.5, only_if=not_rising),
    ],
    "the policy becomes nearly deterministic: it stops exploring",
    "use still/entropy=adaptive or a higher still/temperature, or raise actor.clip_ratio_high",
    form=".4f",
)
ENTROPY_EXPLOSION = LevelDetector(
    "entropy",
    Direction.RISE,
    [Grade("critical", 4, only_if=worse), Grade("warning", 2), Grade("info", 1.25)],
    "the policy becomes more and more random",
    "lower the entropy bonus, the temperature or the learning rate; read samples for text without sense",
    form=".4f",
)
KL_EXPLOSION = LevelDetector(
    "kl",
    Direction.RISE,
    [
        Grade("critical", 5, level=1.0, only_if=worse),
        Grade("critical", 20, level=2.0, tests=("shift",)),
        Grade("warning", 3, level=0.1, tests=("shift",)),
        Grade("warning", 5, level=0.5, tests=("creep",)),
        Grade("info", 2, tests=("shift",)),
    ],
    "the policy is far from the reference",
    "raise still.kl.start, lower the learning rate, or reset the reference with still.reference.reset_every",
    form=".4f",
)
CLIP_FRACTION = LevelDetector(
    "clip_fraction",
    Direction.RISE,
    [
        Grade("critical", 5, level=0.3, only_if=worse),
        Grade("warning", 2.5, level=0.05),
        Grade("info", 1.5),
    ],
    "more and more of the update is clipped",
    "lower the learning rate, use fewer mini-batches for each batch, or raise actor.clip_ratio_high",
)
GRADIENT_EXPLOSION = LevelDetector(
    "gradient",
    Direction.RISE,
    [Grade("critical", 10, tests=("creep",), only_if=worse), Grade("warning", 3), Grade("info", 1.5, tests=("shift",))],
    "gradients grow",
    "lower the learning rate and actor.grad_clip; look for single tokens with a large ratio",
)
GRADIENT_VANISHING = LevelDetector(
    "gradient",
    Direction.FALL,
    [Grade("warning", 10, only_if=unless_supervised), Grade("info", 2, only_if=not_supervised)],
    "gradients vanish: the update hardly changes the policy",
    "look whether whole groups get the same reward; then change the data",
)
ROLLOUT_MISMATCH = LevelDetector(
    "mismatch",
    Direction.RISE,
    [
        Grade("critical", 5, level=0.05, only_if=worse),
        Grade("warning", 2.5, level=0.01),
        Grade("info", 1.5),
    ],
    "rollout and training give the same tokens more and more different probabilities",
    "use algorithm.rollout_correction.rollout_is=token, the same precision in both, and the same sampling settings",
    form=".4f",
    standing=[Grade("warning", 0, level=0.05)],
)
STALENESS = LevelDetector(
    "staleness",
    Direction.RISE,
    [Grade("warning", 1.0), Grade("info", 0.2)],
    "samples are of older policies than before",
    "lower trainer.v1.sampler.max_off_policy_threshold, or give more devices to the rollout",
    form=".2f",
)
TOOL_COLLAPSE = LevelDetector(
    "tool_calls",
    Direction.FALL,
    [Grade("warning", 3), Grade("info", 1.25, tests=("shift",))],
    "the model gives up calling its tool",
    "look whether calls fail (still/tool/success) or are cut; a call that costs reward is unlearned",
    form=".2f",
)
TOOL_OVERUSE = LevelDetector(
    "tool_calls",
    Direction.RISE,
    [Grade("warning", 2, only_if=not_better), Grade("info", 1.25, only_if=not_better)],
    "the model calls its tool more often and is not more often right",
    "read samples: are calls repeated or empty? Look for a reward term that pays for calls",
    form=".2f",
)
TOOL_FAILURES = LevelDetector(
    "tool_success",
    Direction.FALL,
    [Grade("critical", 0.5), Grade("warning", 0.15), Grade("info", 0.05)],
    "fewer calls of the tool succeed",
    "look at still/tool/*_ratio: errors are the model's, timeouts and crashes may be the sandbox's",
    form=".2f",
)
VOID_TURNS = LevelDetector(
    "void_turns",
    Direction.RISE,
    [Grade("warning", 0.1), Grade("info", 0.03)],
    "more turns hold neither code nor an answer",
    "read samples; drop such responses from what is learned (SimpleTIR, arXiv 2509.02479)",
    form=".2f",
)
