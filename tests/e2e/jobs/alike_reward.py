"""The reward beside alike.py: of a prompt whose responses differ every other one is right, of another all or none."""

from alike import differs


def compute_score(data_source, solution_str, ground_truth, extra_info=None, **kwargs):
    index = int(ground_truth)
    right = float(extra_info["session"] % 2 if differs(index) else index % 2)
    return {"score": right, "acc": right}
