"""Alarms about the responses: length both ways, truncation, keywords, repetition. Their names are in the registry."""

from still_verl.monitor.alarms.changes import Direction
from still_verl.monitor.alarms.conditions import (
    accuracy_flat,
    as_long,
    as_long_and_worse,
    long_not_better,
    not_better,
    worse,
    worse_everywhere,
)
from still_verl.monitor.alarms.level import Grade, LevelDetector

LENGTH_HACKING = LevelDetector(
    "length",
    Direction.RISE,
    [
        Grade("critical", 1.5, tests=("creep", "trend"), only_if=worse_everywhere),
        Grade("critical", 4, tests=("creep",), only_if=long_not_better),
        Grade("warning", 1.2, tests=("creep", "trend"), only_if=long_not_better),
        Grade("warning", 1.5, only_if=worse),
        Grade("info", 1.15, only_if=accuracy_flat),
    ],
    "responses grow longer and not more often right",
    "read the longest samples; if the reward pays for length, lower that weight or use still/reward=boxed",
    form=".0f",
)
LENGTH_EXPLOSION = LevelDetector(
    "length",
    Direction.RISE,
    [Grade("warning", 2.5, tests=("shift",)), Grade("info", 1.5, tests=("shift",))],
    "responses become much longer within a few steps",
    "read the longest samples: do they repeat, or never end? Expected where the limit was raised",
    form=".0f",
)
LENGTH_COLLAPSE = LevelDetector(
    "length",
    Direction.FALL,
    [
        Grade("critical", 4, only_if=not_better),
        Grade("warning", 2),
        Grade("warning", 1.2, tests=("shift",), only_if=worse),
        Grade("info", 1.15, tests=("shift",)),
    ],
    "responses become much shorter",
    "read samples: does the model still reason? Look for a reward term that pays for short responses",
    form=".0f",
)
TRUNCATION = LevelDetector(
    "truncated",
    Direction.RISE,
    [Grade("warning", 0.1, level=0.2), Grade("info", 0.05)],
    "more and more responses are cut at their limit",
    "raise the limit with still.context.stages, or drop cut responses with still.selection.rules=[overlong]",
    form=".2f",
    standing=[Grade("warning", 0, level=0.5)],
)
KEYWORD_HACKING = LevelDetector(
    "keywords",
    Direction.RISE,
    [
        Grade("critical", 1.5, tests=("creep", "trend"), only_if=worse_everywhere),
        Grade("critical", 4, tests=("creep",), only_if=long_not_better),
        Grade("warning", 1.4, only_if=long_not_better),
        Grade("warning", 1.5, only_if=worse),
        Grade("info", 1.25, only_if=accuracy_flat),
    ],
    "reasoning words for each 1,000 words rise and accuracy does not",
    "read samples with many of them; if the reward pays for actions, lower that weight",
    form=".1f",
)
REPETITION_HACKING = LevelDetector(
    "repetition",
    Direction.RISE,
    [
        Grade("critical", 0.15, only_if=not_better),
        Grade("warning", 0.04),
        Grade("info", 0.01),
    ],
    "responses repeat themselves more and more",
    "read samples; add the reward term repetition, or go back to a checkpoint and lower the learning rate",
    form=".3f",
)
DIVERSITY_COLLAPSE = LevelDetector(
    "distinct_words",
    Direction.FALL,
    [Grade("warning", 0.1), Grade("info", 0.04)],
    "pairs of words in a response are less and less distinct",
    "read samples: loops of a few words repeat less than 20 words and are seen here first",
    form=".2f",
)
GIBBERISH = LevelDetector(
    "compression",
    Direction.RISE,
    [
        Grade("critical", 1.2, only_if=as_long_and_worse),
        Grade("warning", 1.2, only_if=as_long),
        Grade("info", 1.08, only_if=as_long),
    ],
    "responses become text without pattern, which a compressor makes less of",
    "read samples for tokens by chance; go back to a checkpoint, and lower the learning rate or the temperature",
)
SCRIPT_MIX = LevelDetector(
    "script",
    Direction.RISE,
    [Grade("critical", 0.1, only_if=worse_everywhere), Grade("warning", 0.1), Grade("info", 0.02)],
    "responses are written in another script than before, or in several, or have broken characters",
    "read samples: has the model changed its language? Pay for the prompt's language, or train on such data",
)
OPEN_THOUGHTS = LevelDetector(
    "open_thoughts",
    Direction.RISE,
    [Grade("warning", 0.1), Grade("info", 0.03)],
    "more thoughts are opened and not closed",
    "look whether responses are cut at their limit (still/completion/finished), and what the template opens",
    form=".2f",
)
SEVERAL_ANSWERS = LevelDetector(
    "boxes",
    Direction.RISE,
    [Grade("warning", 1.5, level=1.5, only_if=not_better), Grade("info", 1.2, level=1.2, only_if=accuracy_flat)],
    "a response gives more answers, and not more are right",
    "read samples: does the model guess several times? Count the last box alone, or pay less for several",
    form=".2f",
)
ABORTED_RESPONSES = LevelDetector(
    "aborted",
    Direction.RISE,
    [Grade("warning", 0.1), Grade("info", 0.02)],
    "more rollouts end without a token",
    "look into the log of the rollout server; prompts may be longer than its limit",
    form=".2f",
)
