"""A reward, the share of digits, that raises from step 3 on, as one does whose judge is a service that goes away."""

BREAKS_AFTER = 2  # updates of the weights


def compute_score(data_source, solution_str, ground_truth, extra_info=None, **kwargs):
    if (extra_info or {}).get("min_global_steps", 0) >= BREAKS_AFTER:
        raise ConnectionError("the judge of step 3 is away")
    return sum(c.isdigit() for c in solution_str) / (len(solution_str) + 1)
