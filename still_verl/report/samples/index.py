"""All samples of some runs, for a page that is served: they are in a database that is deleted with the process."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from still_verl.monitor.samples import prompt_hash
from still_verl.report.run import Run
from still_verl.report.samples.files import all_samples
from still_verl.report.samples.kept import KeptSample, identity

PAGE = 10  # prompts and steps
TABLE = (
    "CREATE TABLE samples (run, phase, place, step INTEGER, source, outcome, cut, alarm, id, text, shown, "
    "PRIMARY KEY (run, phase, place, step, id))"
)
EXACT = ("run", "phase", "source", "outcome", "id")  # filters that are a value of a column
CHOICES = ("run", "phase", "step", "source")


class SampleIndex:
    """Finds samples by what they say and by what is known about them.

    A sample that is in our file and in a dump of verl is there once; so are samples of a prompt that are the same.
    """

    def __init__(self, runs: Iterable[tuple[Run, Sequence[int]]]) -> None:
        """Read all samples of runs; with each run come the steps at which it had an alarm."""
        self._lock = threading.Lock()
        self._db = sqlite3.connect("", check_same_thread=False)  # a file without a name, which ends with the process
        self._db.execute(TABLE)
        for run, alarms in runs:
            steps = frozenset(alarms)
            rows = (_row(run.name, sample, sample.step in steps) for sample in all_samples(run.path))
            self._db.executemany("INSERT OR IGNORE INTO samples VALUES (?,?,?,?,?,?,?,?,?,?,?)", rows)
        self._db.commit()
        self.choices = {name: self._values(name) for name in CHOICES}

    def find(self, wanted: Mapping[str, str]) -> dict[str, Any]:
        """Return a page of samples.

        Args:
            wanted: filters as the form of the page has them, and `page`, from 0. An `id` finds the samples of its
                prompt and step, and no other filter counts.

        Returns:
            `count` of samples and `groups` of prompts and steps that match, `page`, `samples`, and `choices`.

        Raises:
            ValueError: `page` or `step` is no whole number.
        """
        where, values = _condition(wanted)
        with self._lock:
            query = f"SELECT run, phase, place, step, count(*) FROM samples {where} GROUP BY 1, 2, 3, 4"
            groups = self._db.execute(query, values).fetchall()
            last = max(len(groups) - 1, 0) // PAGE
            page = min(max(int(wanted.get("page") or 0), 0), last)
            samples = []
            for run, phase, place, step, _ in groups[page * PAGE : (page + 1) * PAGE]:
                samples += self._group(run, phase, place, step, where, values, whole=bool(wanted.get("id")))
        count = sum(group[-1] for group in groups)
        return {"count": count, "groups": len(groups), "page": page, "samples": samples, "choices": self.choices}

    def _group(
        self, run: str, phase: str, place: int, step: int, where: str, values: Sequence[Any], whole: bool
    ) -> list[dict[str, Any]]:
        """Return the samples of a prompt and step that match, or all of them."""
        same = "run = ? AND phase = ? AND place = ? AND step = ?"
        condition, filters = (f"{where} AND {same}", list(values))
        if whole or not where:
            condition, filters = f"WHERE {same}", []
        query = f"SELECT shown FROM samples {condition} ORDER BY rowid"
        found = self._db.execute(query, [*filters, run, phase, place, step])
        return [json.loads(shown) for (shown,) in found]

    def _values(self, column: str) -> list[Any]:
        found = self._db.execute(f"SELECT DISTINCT {column} FROM samples ORDER BY 1")
        return [value for (value,) in found if value != ""]


def _row(run: str, sample: KeptSample, alarm: bool) -> tuple[Any, ...]:
    place = prompt_hash(sample.prompt) >> 1  # SQLite has 63 bits and a sign
    group = f"{run} {sample.phase} {place} {sample.step}"
    name = identity(sample)
    shown = {"run": run, "phase": sample.phase, "step": sample.step, "prompt": sample.prompt} | _facts(sample)
    shown |= {"alarm": alarm, "group": group, "id": name}
    text = f"{sample.prompt}\n{sample.response}".lower()
    outcome = json.dumps(sample.correct)
    known = (run, sample.phase, place, sample.step, sample.source, outcome, bool(sample.cut), alarm, name)
    return tuple(_storable(value) for value in (*known, text, json.dumps(shown)))


def _facts(sample: KeptSample) -> dict[str, Any]:
    names = ("response", "gold", "pred", "correct", "score", "tokens", "facts", "source", "cut")
    return {name: getattr(sample, name) for name in names}


def _storable(value: Any) -> Any:
    """Return a value that SQLite takes: it has no lone surrogates."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return value


def _condition(wanted: Mapping[str, str]) -> tuple[str, list[Any]]:
    """Return a condition of SQL and its values; names of columns are ours, what a reader typed is only ever a value."""
    if wanted.get("id"):
        return "WHERE id = ?", [wanted["id"]]
    parts: list[str] = []
    values: list[Any] = []
    for name in EXACT:
        if wanted.get(name):
            parts.append(f"{name} = ?")
            values.append(_storable(wanted[name]))
    if wanted.get("step"):
        parts.append("step = ?")
        values.append(int(wanted["step"]))
    parts += [name for name in ("cut", "alarm") if wanted.get(name)]
    if wanted.get("query"):
        parts.append("instr(text, ?) > 0")
        values.append(_storable(wanted["query"].lower()))
    if not parts:
        return "", []
    return f"WHERE {' AND '.join(parts)}", values
