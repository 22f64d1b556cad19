"""A reward that an untrained model can learn from, the share of digits; each drop-in reward is called beside it."""

import runpy

from still_verl.paths import reward_fn

NAMES = ["actions", "boxed_math", "distill", "length", "overlong", "tools", "zero"]
FILES = {name: runpy.run_path(reward_fn(name))["compute_score"] for name in NAMES}
LENGTHS = {"length": {"max_tokens": 16}, "overlong": {"max_tokens": 16, "buffer": 4}}


def compute_score(data_source, solution_str, ground_truth, extra_info=None, offset=0.0, **kwargs):
    extra_info = {"tool_ok": 0} | (extra_info or {})  # for `tools`, where no interpreter runs
    call = dict(data_source=data_source, solution_str=solution_str, ground_truth=ground_truth, extra_info=extra_info)
    rows = {name: function(**call, **LENGTHS.get(name, {})) for name, function in FILES.items()}
    scores = {f"score_{name}": row["score"] for name, row in rows.items()}
    digits = sum(c.isdigit() for c in solution_str)
    return rows["boxed_math"] | scores | {"score": offset + digits / (len(solution_str) + 1), "acc": float(digits > 0)}
