"""The commands of the chain, as a user would type them, with settings for a tiny model on a processor."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from still_verl.demo.files import VAL_FILE
from still_verl.demo.tools.powers import MORE_PROBLEMS_FILE, PROBLEMS_FILE
from still_verl.demo.tools.teacher import MODEL

SAMPLES = 2  # of each validation problem
RESPONSE = 80  # tokens, with the output of a program
STEPS = 12  # of RL
# Of supervised training: after four the model knows the form, and does not copy the numbers yet. After six with both
# files nine problems of ten are right, so that RL has little to learn.
EPOCHS, EPOCHS_OF_BOTH = 6, 5
SFT = ("data.train_batch_size=16", "data.max_length=128", "optim.lr=3e-3")
MODELS = ("base", "sft", "rl")
_STILL_VERL = (sys.executable, "-m", "still_verl")


@dataclass(frozen=True)
class Stage:
    """One command.

    Attributes:
        name: of the stage, and of its folder.
        title: what it does, to be shown.
        command: makes the command, when it is the stage's turn: a checkpoint is named by its step.
    """

    name: str
    title: str
    command: Callable[[], tuple[str, ...]]


def stages(out: Path, base: Path, data: Path, url: str, seed: int) -> list[Stage]:
    """List all stages in their order.

    Args:
        out: where each writes its folder.
        base: the model that all begins with.
        data: the folder of problems.
        url: of the teacher.
        seed: of sampling, of the order of rows, and of RL.
    """
    first, own = out / "teacher", out / "self"
    files = [folder / "demonstrations.jsonl" for folder in (first, own)]
    more = data / MORE_PROBLEMS_FILE
    models = {"base": base, "sft": out / "sft", "rl": out / "rl"}
    found = [
        Stage("teacher", "demonstrations of the teacher", partial(taught, data / PROBLEMS_FILE, url, first, seed)),
        Stage("warm", "supervised training on them", partial(sft, files[:1], base, out / "warm", seed, EPOCHS)),
        Stage("self", "demonstrations of the model itself", partial(_own, more, out / "warm", own, seed)),
        Stage("sft", "supervised training on both", partial(sft, files, base, out / "sft", seed, EPOCHS_OF_BOTH)),
        Stage("rl", f"RL, {STEPS} steps", partial(rl, out / "sft", out / "rl", seed)),
    ]
    for name, model in models.items():
        for tools in (False, True):
            folder = evaluation(name, tools)
            title = f"eval of {name}, {'with' if tools else 'without'} tools"
            found.append(Stage(folder, title, partial(measure, model, data, out / folder, tools, seed)))
    return found


def evaluation(model: str, tools: bool) -> str:
    """Return the folder of an evaluation, below that of the chain."""
    return f"eval/{model}_{'tools' if tools else 'plain'}"


def taught(problems: Path, url: str, run: Path, seed: int) -> tuple[str, ...]:
    """Return the command of demonstrations of the teacher."""
    command = [*_STILL_VERL, "data", "distill", str(problems), MODEL, "--url", url, "-o", str(run), "-n", "1"]
    return (*command, "--seed", str(seed), "--max-tokens", str(RESPONSE))


def sft(files: Sequence[Path], model: Path, run: Path, seed: int, epochs: int, *overrides: str) -> tuple[str, ...]:
    """Return the command of supervised training."""
    return (
        *(sys.executable, "-m", "still_verl.sft", "+recipe=sft_tiny"),
        f"data.train_files=[{','.join(map(str, files))}]",
        *(f"model.path={model}", f"still.run_dir={run}", f"trainer.seed={seed}"),
        *(f"trainer.total_epochs={epochs}", *SFT, *overrides),
    )


def rl(fine_tuned: Path, run: Path, seed: int) -> tuple[str, ...]:
    """Return the command of RL, from the last checkpoint of a supervised training, as it is."""
    return (
        *(sys.executable, "-m", "verl.trainer.main_ppo", "+recipe=demo_tools"),
        *(f"actor_rollout_ref.model.path={checkpoint(fine_tuned)}", f"still.run_dir={run}"),
        *(f"data.seed={seed}", f"actor_rollout_ref.rollout.seed={seed}"),
    )


def measure(model: Path, data: Path, run: Path, tools: bool, seed: int) -> tuple[str, ...]:
    """Return the command of an evaluation on the validation problems, sampled as RL samples."""
    command = [*_STILL_VERL, "eval", str(checkpoint(model)), "-b", str(data / VAL_FILE), "-o", str(run)]
    command += ["--k", str(SAMPLES), *_sampling(seed)]
    if tools:
        command.append("--code")
    return tuple(command)


def checkpoint(run: Path) -> Path:
    """Return the last checkpoint of a run; the path itself where it is a model, or there is no checkpoint yet.

    It is the model that the job saved, or else the folder of the step, of whose shards an evaluation makes one.
    """
    folder = run / "checkpoints"
    latest = folder / "latest_checkpointed_iteration.txt"
    if not latest.is_file():
        return run
    step = folder / f"global_step_{latest.read_text().strip()}"
    for model in (step / "huggingface", step / "actor" / "huggingface"):
        if any(model.glob("*.safetensors")):  # verl writes the configuration and the tokenizer there in any case
            return model
    return step


def _own(problems: Path, model: Path, run: Path, seed: int) -> tuple[str, ...]:
    command = [*_STILL_VERL, "data", "distill", str(problems), str(checkpoint(model)), "-o", str(run), "-n", "2"]
    return (*command, *_sampling(seed))


def _sampling(seed: int) -> tuple[str, ...]:
    """As RL samples."""
    sampling = ("--temperature", "1", "--top-p", "1", "--max-tokens", str(RESPONSE))
    return (*sampling, "--seed", str(seed), "--concurrency", "64")
