"""Figures with several names, ours and verl's or those of several releases of verl: the first that is logged counts."""

import re

LENGTH = ("still/length/mean", "response_length/mean")  # tokens of a response
ENTROPY = ("actor/entropy", "actor/entropy_loss", "still/entropy/per_token")
KL = ("actor/kl_loss", "actor/reward_kl_penalty", "still/kl/per_token")  # in the loss, in the reward; measured
KL_COEFFICIENT = ("still/kl/coef", "actor/kl_coef", "actor/reward_kl_penalty_coeff")
STEP_SECONDS = ("perf/time_per_step", "timing_s/step")
# What verl logs of a validation, for each source of problems: accuracy, or the mean score where a reward returns none.
VERL_ACCURACY = re.compile(r"val-core/.+/acc/mean@\d+")
VERL_VALIDATION = re.compile(r"val-core/(.+)/(?:acc|reward)/mean@\d+$")
