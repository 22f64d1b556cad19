"""The metrics of groups: the samples of one prompt, which group-relative advantages compare with each other."""

from collections import defaultdict

from still_verl.monitor.means import means
from still_verl.monitor.rows import StepRows


def group_metrics(rows: StepRows) -> dict[str, float]:
    """Compute shares of the groups of two samples and more; nothing for a step without such groups.

    Returns:
        `groups/all_right`, `groups/all_wrong`: groups whose samples are all right, or all wrong.
        `groups/pass_at_n`: groups with a right sample: pass@n, where n are the rollouts of a prompt.
        `groups/equal_reward`: groups whose samples all got one reward, so that every advantage is 0.
        `groups/effective_batch`: the samples, not a share, of the other groups: what is learned from.
        `groups/reward_spread`: standard deviation of a group's rewards, in the mean over groups.
        `groups/distinct`: different responses, as a part of the samples, in the mean over groups.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for index, uid in enumerate(rows.uids):
        members[uid].append(index)
    groups = [indices for indices in members.values() if len(indices) > 1]
    if not groups:
        return {}
    correct = rows.correct
    right, wrong, equal, spread, distinct = [], [], [], [], []
    effective = 0
    for indices in groups:
        scores, solved = rows.scores[indices], int(correct[indices].sum())
        right.append(solved == len(indices))
        wrong.append(solved == 0)
        equal.append(len(set(scores.tolist())) == 1)
        spread.append(float(scores.std()))
        distinct.append(len({tuple(rows.written(index)) for index in indices}) / len(indices))
        if not equal[-1]:
            effective += len(indices)
    found = means(
        {
            "groups/all_right": right,
            "groups/all_wrong": wrong,
            "groups/equal_reward": equal,
            "groups/reward_spread": spread,
            "groups/distinct": distinct,
        }
    )
    found["groups/pass_at_n"] = 1 - found["groups/all_wrong"]
    return found | {"groups/effective_batch": float(effective)}
