"""What supervised training on demonstrations brings, what RL after it, and what a mask on outputs: with several seeds.

Run `python benchmarks/sft_study.py FOLDER [--seeds 5] [--only SEED]`; a rerun goes on behind the last command that
finished. `--only` runs one seed, so that each can have the machine for itself. At the end FOLDER/study.json has the
figures of the seeds that are finished, and their differences are printed.

A seed: demonstrations of the scripted teacher; supervised training of the demo's model on them, with outputs masked and
again without a mask; RL from the masked one; evaluations of the same held-out problems, with tools and without.
Differences are paired by seed.
"""

import argparse
import json
import platform
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from still_verl.demo.prepare import prepare
from still_verl.demo.tools.chain import finished, run_stages
from still_verl.demo.tools.powers import PROBLEMS_FILE
from still_verl.demo.tools.results import of_evaluation
from still_verl.demo.tools.stages import EPOCHS, Stage, measure, rl, sft, taught
from still_verl.demo.tools.teacher import Teacher
from still_verl.stats.runs import compare_runs

MEASURED = (  # model, and whether its programs are run
    ("base", False),
    ("masked", True),
    ("masked", False),
    ("unmasked", True),
    ("unmasked", False),
    ("rl", True),
)
COMPARED = (  # first, second, figure
    ("masked_tools", "base_plain", "right"),
    ("rl_tools", "masked_tools", "right"),
    ("masked_tools", "masked_plain", "right"),
    ("unmasked_tools", "masked_tools", "made_up"),
    ("unmasked_plain", "masked_plain", "made_up"),
)


def name_of(model: str, tools: bool) -> str:
    """Return the name of an evaluation."""
    return f"{model}_{'tools' if tools else 'plain'}"


def planned(out: Path, url: str, seed: int) -> Iterator[Stage]:
    """Yield the commands of a seed."""
    demo = prepare("tools")
    data = demo.train.parent
    rows = [out / "teacher" / "demonstrations.jsonl"]
    models = {name: out / name for name in ("masked", "unmasked", "rl")} | {"base": demo.model}
    on_outputs = "data.train_on_outputs=true"
    yield Stage("teacher", "demonstrations", partial(taught, data / PROBLEMS_FILE, url, out / "teacher", seed))
    yield Stage("masked", "outputs masked", partial(sft, rows, demo.model, models["masked"], seed, EPOCHS))
    trained = partial(sft, rows, demo.model, models["unmasked"], seed, EPOCHS, on_outputs)
    yield Stage("unmasked", "outputs trained", trained)
    yield Stage("rl", "RL from the masked one", partial(rl, models["masked"], models["rl"], seed))
    for model, tools in MEASURED:
        name = name_of(model, tools)
        yield Stage(name, f"eval of {name}", partial(measure, models[model], data, out / name, tools, seed))


def figures(out: Path) -> dict[str, dict[str, float]]:
    """Return what a seed came to, by evaluation."""
    found = {}
    for model, tools in MEASURED:
        each = of_evaluation(out / name_of(model, tools))
        found[name_of(model, tools)] = {"right": each.accuracy, "made_up": each.made_up, "programs": each.programs}
    return found


def compared(seeds: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[dict[str, Any]]:
    """Return the differences, in points or in blocks of output for each 100 samples."""
    found = []
    for first, second, figure in COMPARED:
        ours = {seed: [each[first][figure]] for seed, each in seeds.items()}
        theirs = {seed: [each[second][figure]] for seed, each in seeds.items()}
        result = compare_runs(ours, theirs)
        interval = None if result.interval is None else [100 * end for end in result.interval]
        difference = {"difference": 100 * result.difference, "interval": interval, "p": result.p}
        found.append({"first": first, "second": second, "figure": figure, **difference})
    return found


def processor() -> str:
    """Return the name of this machine's processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def main() -> None:
    """Run what is missing, and write down what is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", type=int)
    asked = parser.parse_args()
    folder, console = asked.folder.resolve(), Console()
    seeds = range(1, asked.seeds + 1)
    for seed in seeds if asked.only is None else [asked.only]:
        with Teacher() as teacher:
            run_stages(list(planned(folder / str(seed), teacher.url, seed)), folder / str(seed), seed, console)
    last = name_of(*MEASURED[-1])
    done = {str(seed): figures(folder / str(seed)) for seed in seeds if last in finished(folder / str(seed))}
    differences = compared(done) if len(done) > 1 else []
    study = {"processor": processor(), "seeds": done, "differences": differences}
    (folder / "study.json").write_text(json.dumps(study, indent=2) + "\n")
    for each in differences:
        console.print(each, highlight=False)
    console.print(f"{len(done)} of {len(seeds)} seeds: {folder / 'study.json'}", highlight=False)


if __name__ == "__main__":
    main()
