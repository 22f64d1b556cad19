"""verl's dumps of rollouts or validations alone, `STEP.jsonl`: figures of each step are computed from its samples."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from still_verl.logs.files import Notes, lines, unpacked_name
from still_verl.logs.format import FIRST_ROWS, Log, LogFormat, Row
from still_verl.logs.json_lines import HISTORY
from still_verl.monitor.jsonl import finite
from still_verl.monitor.keywords import Keywords
from still_verl.monitor.metric_names import CHARACTERS
from still_verl.monitor.metrics import step_metrics
from still_verl.monitor.rows import StepRows

NEEDED = {"output", "score"}
OWN = {"input", "output", "gts", "score", "step"}  # verl's; the rest is what the reward returned
SAMPLES = 100_000  # of a step; what is more is left out
# Of a dump the lengths in tokens are not known.
UNKNOWN = "still/length/"


class Dumps(LogFormat):
    """The folder of `trainer.rollout_data_dir` or `trainer.validation_data_dir`."""

    title = "a dump of verl's rollouts or validations"
    patterns = ("[0-9]*.jsonl",)

    def find(self, path: Path) -> list[Log]:
        if not unpacked_name(path).removesuffix(".jsonl").isdigit():
            return []
        for line, _ in zip(lines(path, Notes()), range(FIRST_ROWS), strict=False):
            row = HISTORY.row(line)
            if row is not None:
                return [Log(path.parent, "", (path,), key=(str(path.parent),))] if NEEDED <= row.keys() else []
        return []

    def rows(self, log: Log, notes: Notes) -> Iterator[Row]:
        validation = "val" in log.path.name.lower()
        for file in sorted(log.files, key=_step):
            samples = list(_samples(file, notes))
            if samples:
                yield {"step": _step(file)} | _figures(samples, validation)


def _step(file: Path) -> int:
    return int(unpacked_name(file).removesuffix(".jsonl"))


def _samples(file: Path, notes: Notes) -> Iterator[Row]:
    taken = 0
    for line in lines(file, notes):
        row = HISTORY.row(line)
        if row is None or not NEEDED <= row.keys():
            notes.add("lines that could not be read: {n}")
        elif taken < SAMPLES:
            taken += 1
            yield row
        else:
            notes.add("samples of large steps that were left out: {n}")


def _figures(samples: list[Row], validation: bool) -> dict[str, Any]:
    texts = [str(sample["output"]) for sample in samples]
    scores = np.array([finite(sample["score"]) or 0.0 for sample in samples])
    infos = [{key: value for key, value in sample.items() if key not in OWN} for sample in samples]
    # Equal responses are found by their characters; there are no tokens.
    ids = [list(text.encode("utf-8", "replace")) for text in texts]
    prompts = [str(sample.get("input")) for sample in samples]
    rows = StepRows(prompts, scores, [None] * len(texts), infos, [{}] * len(texts), ids)
    found: dict[str, Any] = {}
    for name, value in step_metrics(rows, texts, Keywords()).items():
        if not name.startswith(UNKNOWN):
            found[name] = value
    found[CHARACTERS] = float(np.mean([len(text) for text in texts]))
    found["critic/score/mean"] = float(scores.mean())
    if validation:
        found["still/validation/accuracy"] = found.pop("still/accuracy")
    return found


DUMPS = Dumps()
