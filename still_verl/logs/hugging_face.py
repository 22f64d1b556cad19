"""Names of metrics that trainers of Hugging Face change for some loggers, and change back here.

For TensorBoard, wandb, trackio and SwanLab `transformers.integrations.rewrite_logs` calls `reward` `train/reward`, and
`eval_reward` `eval/reward`. `trainer_state.json` has the names without that.
"""

from still_verl.logs.format import Row

TRAIN, EVAL = "train/", "eval/"
MARKS = ("train/epoch", "train/global_step", "train/loss", "train/grad_norm", "eval/loss")
STEP = "train/global_step"


def trainer_names(row: Row) -> Row:
    """Return a row with the trainer's own names; a row of another program as it is.

    Example:
        >>> trainer_names({"step": 3, "train/reward": 0.5, "train/epoch": 1, "eval/reward": 0.4})
        {'step': 3, 'reward': 0.5, 'epoch': 1, 'eval_reward': 0.4}
    """
    if not any(name in row for name in MARKS):
        return row
    renamed: Row = {}
    for name, value in row.items():
        if name.startswith(TRAIN) and name != STEP:
            name = name.removeprefix(TRAIN)
        elif name.startswith(EVAL):
            name = f"eval_{name.removeprefix(EVAL)}"
        renamed[name] = value
    return renamed
