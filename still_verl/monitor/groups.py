"""The metrics of groups: the samples of one prompt, which group-relative advantages compare with each other."""

from collections import defaultdict

from still_verl.monitor.rows import StepRows


def group_metrics(rows: StepRows) -> dict[str, float]:
    """Compute shares of the groups of two samples and more; nothing for a step without such groups.

    Returns:
        `groups/all_right`, `groups/all_wrong`: groups whose samples are all right, or all wrong.
        `groups/equal_reward`: groups whose samples all got one reward, so that every advantage is 0.
        `groups/distinct`: different responses, as a part of the samples, in the mean over groups.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for index, uid in enumerate(rows.uids):
        members[uid].append(index)
    groups = [indices for indices in members.values() if len(indices) > 1]
    if not groups:
        return {}
    correct, written = rows.correct, rows.model_ids
    right = wrong = equal = distinct = 0.0
    for indices in groups:
        solved = int(correct[indices].sum())
        right += solved == len(indices)
        wrong += solved == 0
        equal += len(set(rows.scores[indices].tolist())) == 1
        distinct += len({tuple(written[index]) for index in indices}) / len(indices)
    found = {"all_right": right, "all_wrong": wrong, "equal_reward": equal, "distinct": distinct}
    return {f"groups/{name}": total / len(groups) for name, total in found.items()}
