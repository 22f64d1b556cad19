"""The failures that `still-verl demo --failure NAME` knows."""

from still_verl.demo.failures.data import too_easy, too_hard
from still_verl.demo.failures.failure import DemoFailure

_SMALL_GROUPS = ["data.train_batch_size=16", "actor_rollout_ref.rollout.n=4"]  # so that some group teaches in each step

CONSTANT_REWARD = DemoFailure(
    "constant_reward",
    "The reward is broken: it pays nothing for any response, so that nothing is learned.",
    ["still.reward.weights={correct: 0.0}"],
    steps=5,
)
LENGTH = DemoFailure(
    "reward_term_dominates",
    "The reward pays much more for length than for right answers. Length is easier to learn.",
    ["still.reward.weights={correct: 0.5, length: 10.0}"],  # with 2.0 some runs learn the answers first
    steps=22,
)
WORDS = DemoFailure(
    "reward_hacking_score",
    "The reward pays for words of reasoning, more than for right answers: the score rises, and accuracy falls.",
    ["still.reward.weights={correct: 0.5, actions: 8.0}"],
    steps=21,  # later no group has a right answer, and nearly every alarm rings
)
ENTROPY_COLLAPSE = DemoFailure(
    "entropy_collapse",
    "The sign of the entropy bonus is wrong: certainty is paid for, right or wrong.",
    [
        "actor_rollout_ref.actor.entropy_coeff=-1.0",
        "actor_rollout_ref.actor.optim.lr=1.2e-3",
        "actor_rollout_ref.actor.optim.lr_warmup_steps=14",  # some steps in which the entropy is as before
        *_SMALL_GROUPS,  # the more prompts, the less does the entropy vary from step to step
    ],
    steps=24,
)
COLD = DemoFailure(
    "entropy_collapse",
    "The temperature falls to a fifth in the course of the run: the policy stops exploring.",
    [
        "still/temperature=own",
        "still.temperature.kind=linear",
        "still.temperature.start=1.0",
        "still.temperature.end=0.2",
    ],
)
TRUNCATION = DemoFailure(
    "truncation",
    "The limit is far too small for an answer: nearly every response is cut.",
    ["data.max_response_length=32", *_SMALL_GROUPS],
    steps=22,
)
NO_STOP = DemoFailure(
    "truncation",
    "The server ignores the token that ends a response, as with a wrong template: every response goes on to the limit.",
    ["actor_rollout_ref.rollout.ignore_eos=true"],
    steps=22,
)
TOO_HARD = DemoFailure(
    "groups_too_hard",
    "The problems are far too hard: nearly no group has a right answer.",
    _SMALL_GROUPS,
    steps=22,
    data=too_hard,
)
TOO_EASY = DemoFailure(
    "groups_too_easy",
    "The problems are too easy: nearly every group is right, and teaches nothing.",
    _SMALL_GROUPS,
    steps=35,
    data=too_easy,
)
