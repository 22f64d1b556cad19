"""Figures with several names: ours, verl's, those of several releases of verl, TRL's. The first that is logged counts.

This is the one table of such names: detectors, reports and `still-verl watch` read it.
"""

import re

ACCURACY = ("still/accuracy", "critic/acc/mean", "acc/mean")
SCORE = ("critic/score/mean", "critic/rewards/mean", "reward")
LENGTH = ("still/length/mean", "response_length/mean", "completions/mean_length")  # tokens of a response
CHARACTERS = "still/characters/mean"  # of a response, where its tokens are not known
# Shares of responses that ended by themselves, and of those that were cut at their limit. verl's
# `response_length/clip_ratio` is neither: it is the share as long as the longest of the batch, cut or not.
FINISHED = ("still/completion/finished",)
TRUNCATED = ("completions/clipped_ratio",)
AS_LONG_AS_THE_LONGEST = ("response_length/clip_ratio",)
ENTROPY = ("actor/entropy", "actor/entropy_loss", "still/entropy/per_token", "entropy")
KL = ("actor/kl_loss", "actor/reward_kl_penalty", "still/kl/per_token", "kl")  # in the loss, in the reward; measured
KL_COEFFICIENT = ("still/kl/coef", "actor/kl_coef", "actor/reward_kl_penalty_coeff")
CLIP_FRACTION = ("actor/pg_clipfrac", "clip_ratio/region_mean", "clip_ratio")
LEARNING_RATE = ("actor/lr", "learning_rate", "train/learning_rate", "train/lr")
GRADIENT = ("actor/grad_norm", "grad_norm", "train/grad_norm")
SUPERVISED = (
    "train/global_tokens"  # by this a run of verl's SFT trainer is known: other trainers log train/loss in RL, too
)
SUPERVISED_LOSS = ("train/loss",)
HELD_OUT_LOSS = ("val/loss", "eval_loss", "eval/loss")
MISMATCH = ("training/rollout_probs_diff_mean", "rollout_corr/k3_kl", "sampling/sampling_logp_difference/mean")
STALENESS = ("training/off_policy/trajectory_spans/mean", "fully_async/count/stale_samples_processed")
TOOL_CALLS = ("still/tool/calls", "tool_call_counts/mean", "num_turns/mean")
EQUAL_REWARD = ("still/groups/equal_reward", "frac_reward_zero_std")  # groups whose samples all got one reward
STEP_SECONDS = ("perf/time_per_step", "timing_s/step", "step_time")
TOKENS_PER_SECOND = ("perf/throughput",)  # of one device
MEMORY = (
    "perf/max_memory_reserved_gb",
    "perf/max_memory_allocated_gb",
    "perf/cpu_memory_used_gb",
    "actor/perf/max_memory_reserved_gb",
    "actor/perf/max_memory_allocated_gb",
)
# What verl logs of a validation, for each source of problems: accuracy, or the mean score where a reward returns none.
VERL_ACCURACY = re.compile(r"val-core/.+/acc/mean@\d+")
VERL_VALIDATION = re.compile(r"val-core/(.+)/(?:acc|reward)/mean@\d+$")
# The best of k samples, and what most of k say. They may move against the mean: a policy that narrows loses the best.
# So they stand in for the mean only where a source has none.
VERL_OF_SEVERAL = re.compile(r"val-core/(.+)/(?:acc|reward)/(?:best|maj)@\d+/mean$")
