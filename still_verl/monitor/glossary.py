"""What each metric means: one line for each name, ours and those of verl that people ask for.

`docs/glossary.md` is made from this table, and a test says that no metric which a job logs lacks a line. `<name>` in a
name stands for one or several parts of yours: a reward term, a category of keywords, an alarm, a source of data.
"""

import re

# Parts of a name that come before the rest: the same metric, of some samples only.
PREFIXES = {
    "still/validation/": "of the validation",
    "still/domain/<name>/": "of one domain of a run with routes",
    "still/validation/source/<name>/": "of the validation problems of one source",
    "still/validation/domain/<name>/": "of the validation of one domain",
}
STILL = {
    "still/accuracy": "share of right answers",
    "still/score": "mean reward of a domain",
    "still/samples": "number of samples that the figures beside it are of",
    "still/length/mean": "tokens of a response that the model wrote",
    "still/length/p50": "median of these tokens",
    "still/length/p95": "length that 95 % of the responses do not exceed",
    "still/length/correct_mean": "tokens of right responses",
    "still/length/wrong_mean": "tokens of wrong responses",
    "still/characters/mean": "characters of a response, where its tokens are not known",
    "still/completion/finished": "share of responses that ended by themselves and were not cut at their limit",
    "still/completion/answered": "share of responses in which an answer was found",
    "still/completion/turns": "share of responses that ended at the limit of turns",
    "still/completion/aborted": "share of responses that the engine gave up",
    "still/completion/empty": "share of responses without a token although there was room",
    "still/reward/<name>": "mean of a reward term, before its weight",
    "still/reward/unreadable_gold": "share of responses whose right answer cannot be read",
    "still/keywords/<name>/per_response": "words of a category in a response",
    "still/keywords/<name>/per_1k_words": "words of a category among 1,000 words of all responses",
    "still/actions/mean": "the five action words of RRA in a response",
    "still/repetition": "share of 20-grams of words that occurred before in the response",
    "still/repetition_characters": "share of 64-grams of characters that occurred before; also without spaces",
    "still/distinct_2": "share of 2-grams of words that are distinct",
    "still/loops": "share of responses that go round at their end",
    "still/compression": "bytes after zlib by bytes before: loops near 0, prose near 0.4, tokens by chance near 0.7",
    "still/script/<name>": "share of letters in a writing system; `mixed`: of responses with two; `broken`: in none",
    "still/boxes/mean": "boxes in a response",
    "still/boxes/several": "share of responses with two boxes or more",
    "still/thoughts/unclosed": "share of responses whose last thought is not closed",
    "still/groups/all_right": "share of prompts whose samples are all right",
    "still/groups/all_wrong": "share of prompts whose samples are all wrong",
    "still/groups/equal_reward": "share of prompts whose samples all got one reward: nothing is learned from them",
    "still/groups/distinct": "different responses of a prompt, as a part of its samples",
    "still/groups/pass_at_n": "share of prompts with a right sample",
    "still/groups/effective_batch": "samples of prompts with more than one reward, from which something is learned",
    "still/groups/reward_spread": "standard deviation of the rewards of a prompt's samples",
    "still/kl/coef": "coefficient of the KL term in this step",
    "still/kl/per_token": "KL divergence from the reference for each token of the batch",
    "still/entropy/coef": "coefficient of the entropy bonus in this step",
    "still/entropy/per_token": "entropy for each token of the batch",
    "still/entropy/before_update": "entropy in nats for each token, of the policy that the samples are of",
    "still/entropy/gate": "share of updates in which the entropy bonus was on",
    "still/schedules/<name>": "value of a setting that has a schedule, in this step",
    "still/temperature": "temperature of the rollout in this step",
    "still/context/budget": "limit of the response in tokens in this step",
    "still/reference/reset": "1 in a step in which the actor was copied into the reference",
    "still/reference/ema": "1 in a step in which the reference moved a part of the way to the actor",
    "still/reference/above": "steps in a row whose KL was above the bound of a reset",
    "still/curriculum/<name>": "of the choice of prompts by difficulty: pass rates, expected and seen; coverage",
    "still/selection/dropped_samples": "samples that selection left out",
    "still/selection/dropped_tokens": "tokens of the samples that selection left out",
    "still/tool/use": "share of responses with a program",
    "still/tool/calls": "calls of the interpreter in a response",
    "still/tool/other_calls": "calls of your other tools in a response",
    "still/tool/success": "share of calls that ran to their end",
    "still/tool/error_ratio": "share of calls that ended with a Python error",
    "still/tool/timeout_ratio": "share of calls that were stopped at their limit of seconds",
    "still/tool/crash_ratio": "share of calls whose process died, for example at its limit of memory",
    "still/tool/unavailable_ratio": "share of calls that the sandbox did not run",
    "still/tool/unreadable_ratio": "share of calls that are no valid tool call",
    "still/tool/unknown_tool_ratio": "share of calls of a tool that is not there",
    "still/tool/no_code_ratio": "share of calls without a program",
    "still/tool/too_many_ratio": "share of calls beyond the limit of one turn",
    "still/tool/missing_module_ratio": "share of calls that ended with ModuleNotFoundError",
    "still/tool/not_permitted_ratio": "share of calls that ended with PermissionError",
    "still/tool/seconds": "seconds of running programs in a response",
    "still/tool/wait_seconds": "seconds that a response waited for a place in the sandbox",
    "still/tool/cap_reached": "how often a response was at its limit of calls or seconds",
    "still/tool/resumed": "how often a response went on at a fence where nothing was to be run",
    "still/tool/void_turns": "turns with neither code nor an answer, in a response",
    "still/tool/written_outputs": "blocks of output that the model wrote itself, in a response",
    "still/tool/masked_token_ratio": "share of tokens that came from programs, and are not learned from",
    "still/tool/tier_<name>": "of responses with programs, the share that ran in this tier of the sandbox",
    "still/problems/count": "number of validation problems",
    "still/problems/mean": "mean over problems of their share of right samples",
    "still/problems/stderr": "standard error of that mean, clustered by problem",
    "still/problems/low": "lower end of its 95 % interval",
    "still/problems/high": "upper end of its 95 % interval",
    "still/pass@<name>": "chance that one of so many samples of a problem is right, exact and unbiased",
    "still/alarm/<name>": "1 while this alarm lasts and is more than a hint",
}
VERL = {
    "actor/entropy": "entropy of the policy for each token",
    "actor/entropy_coef": "coefficient of the entropy bonus that the worker used",
    "actor/grad_norm": "norm of the gradient, before it is clipped",
    "actor/kl_coef": "coefficient of the KL term that the worker used",
    "actor/kl_loss": "KL divergence from the reference, as the loss has it",
    "actor/loss": "the whole loss",
    "actor/lr": "learning rate",
    "actor/pg_loss": "loss of the policy gradient alone",
    "actor/pg_clipfrac": "share of tokens whose ratio was clipped",
    "actor/pg_clipfrac_lower": "share of tokens at the lower bound of the dual clip, with negative advantage",
    "actor/ppo_kl": "KL divergence of the policy from that of the rollout, during the update",
    "actor/perf/<name>": "memory of the worker, in GB",
    "critic/score/<name>": "reward of a response, as the reward function gave it",
    "critic/rewards/<name>": "reward of a response with penalties, such as KL in the reward",
    "critic/advantages/<name>": "advantage of a token",
    "critic/returns/<name>": "return of a token",
    "critic/<name>": "of the critic: loss, gradient, explained variance",
    "prompt_length/<name>": "tokens of a prompt; `clip_ratio`: share as long as the longest",
    "response_length/<name>": "tokens of a response with tool outputs; `clip_ratio`: share as long as the longest",
    "response_length_non_aborted/<name>": "the same without aborted responses",
    "response/aborted_ratio": "share of responses without a token",
    "num_turns/<name>": "turns of a conversation, the prompt's included",
    "tool_call_counts/<name>": "calls of tools in a response",
    "global_seqlen/<name>": "tokens of a rank, before and after balancing",
    "rollout_corr/<name>": "how far the probabilities of vLLM and of the trainer differ, and what a correction did",
    "training/rollout_<name>": "difference of the probabilities of vLLM and of the trainer, of each token",
    "training/off_policy/<name>": "how many updates old the samples of a step are",
    "training/filter_groups/<name>": "prompts that dynamic sampling replaced",
    "training/num_turns/<name>": "turns of a conversation",
    "training/epoch": "passes over the data so far",
    "training/global_step": "number of the step",
    "timing_s/<name>": "seconds of a part of the step; `step` is all of it, `still` our hooks",
    "timing_per_token_ms/<name>": "milliseconds of a part for each token",
    "perf/mfu/<name>": "share of the device's peak that the model's arithmetic takes",
    "perf/throughput": "tokens a second of one device",
    "perf/time_per_step": "seconds of a step",
    "perf/total_num_tokens": "tokens of a step",
    "perf/<name>": "memory, in GB",
    "val-core/<name>": "verl's validation of a source: `acc/mean@N`; `best@N` and `maj@N` are drawn with replacement",
    "val-aux/<name>": "what else the reward returned in a validation",
    "step": "number of the step",
}


def meaning(metric: str) -> str:
    """Return what a metric means, with the samples that it is of; an empty text if it is not known."""
    found = _line(metric, STILL | VERL)
    if found:
        return found
    # The name of a source may have slashes, too: the rest is where a metric begins.
    for slash in re.finditer("/", metric):
        of = _line(metric[: slash.end()], PREFIXES)
        text = _line(f"still/{metric[slash.end() :]}", STILL) if of else ""
        if text:
            return f"{of}: {text}"
    return ""


def _line(metric: str, table: dict[str, str]) -> str:
    """Return the line of the first name that a metric fits; `<name>` is any text."""
    for name, text in table.items():
        if re.fullmatch(".+?".join(map(re.escape, name.split("<name>"))), metric):
            return text
    return ""
