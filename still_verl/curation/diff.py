"""Says what changed from one training set to another."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from still_verl.config_errors import ConfigError
from still_verl.curation.adapters import auto
from still_verl.curation.manifest import changed, read_manifest
from still_verl.curation.rows import Reject
from still_verl.curation.set_files import DROPPED, MANIFEST, TRAIN

ABSENT = "not there"
KEPT = "kept"
EDITABLE = ("problem", "answer", "prompt")  # entries of a row, in the order in which a change is told


class _Placed(NamedTuple):
    """A row, and where it is: kept, or dropped by which filter. The id is "" where the set has none.

    The prompt and the answer are those of a row that is kept, as JSON; "" for others.
    """

    id: str
    file: str
    problem: str
    place: str
    prompt: str = ""
    answer: str = ""


def difference(left: Path, right: Path) -> dict[str, Any]:
    """Return what changed: entries of the manifests, rows that moved from where to where, and rows that were edited.

    A row is known by its id and its file; by its problem, if a row of one of the sets has no id.

    Raises:
        ConfigError: one is no folder of a curation.
    """
    left, right = _folder(left), _folder(right)
    before, after = read_manifest(left), read_manifest(right)
    rows = list(_rows(left)), list(_rows(right))
    have_ids = all(row.id for each in rows for row in each)
    was, is_now = _places(rows[0], have_ids), _places(rows[1], have_ids)
    moved: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in was.keys() | is_now.keys():
        for step in _steps(was.get(row, Counter()), is_now.get(row, Counter())):
            moved[step].append(row[0])
    listed = []
    for (one, other), names in sorted(moved.items()):
        listed.append({"from": one, "to": other, "rows": len(names), "example": min(names)})
    return {"changed": changed(before, after), "moved": listed, "edited": _edited(*rows, have_ids)}


def _folder(path: Path) -> Path:
    """The folder of a set, also where its manifest is named."""
    return path.parent if path.name == MANIFEST and path.is_file() else path


def _edited(before: list[_Placed], after: list[_Placed], have_ids: bool) -> list[dict[str, Any]]:
    """How many rows are kept in both sets, and have another problem, answer or prompt in the second one."""
    was, is_now = _kept_by_name(before, have_ids), _kept_by_name(after, have_ids)
    names: dict[str, list[str]] = {what: [] for what in sorted(EDITABLE)}
    for name in was.keys() & is_now.keys():
        known = 0  # another problem has another prompt, too
        for count, what in enumerate(EDITABLE, 1):
            others = _others(was[name], is_now[name], EDITABLE[:count])
            names[what] += [name[0]] * (others - known)
            known = others
    return [{"what": what, "rows": len(found), "example": min(found)} for what, found in names.items() if found]


def _kept_by_name(rows: list[_Placed], have_ids: bool) -> dict[tuple[str, ...], list[_Placed]]:
    """The rows that are kept; those of one name together, because which of them is which is not known."""
    found: dict[tuple[str, ...], list[_Placed]] = defaultdict(list)
    for row in rows:
        if row.place == KEPT:
            found[_name(row, have_ids)].append(row)
    return found


def _others(was: list[_Placed], is_now: list[_Placed], compared: tuple[str, ...]) -> int:
    """How many rows have something else now in an entry that is compared; those that came or went are not counted."""
    before = Counter(tuple(getattr(row, what) for what in compared) for row in was)
    after = Counter(tuple(getattr(row, what) for what in compared) for row in is_now)
    return min((before - after).total(), (after - before).total())


def _name(row: _Placed, have_ids: bool) -> tuple[str, ...]:
    return (row.id, row.file) if have_ids else (row.problem,)


def _places(rows: list[_Placed], have_ids: bool) -> dict[tuple[str, ...], Counter[str]]:
    """How many rows of one name are where: a file may have an id twice."""
    found: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for row in rows:
        found[_name(row, have_ids)][row.place] += 1
    return found


def _steps(was: Counter[str], is_now: Counter[str]) -> Iterator[tuple[str, str]]:
    """Yield where rows of one name came from and went to; those that stayed are left out."""
    left, come = sorted((was - is_now).elements()), sorted((is_now - was).elements())
    for number in range(max(len(left), len(come))):
        yield (
            left[number] if number < len(left) else ABSENT,
            come[number] if number < len(come) else ABSENT,
        )


def _rows(folder: Path) -> Iterator[_Placed]:
    """Yield all rows of a folder of `data curate` or `data difficulty`."""
    import pyarrow.parquet as pq

    has_ids = True
    try:
        with pq.ParquetFile(folder / TRAIN) as file:
            for batch in file.iter_batches(batch_size=1000):
                for row in batch.to_pylist():
                    placed = _kept(row)
                    has_ids = has_ids and bool(placed.id)
                    yield placed
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder}: {TRAIN} cannot be read: {error}") from error
    for number, row in enumerate(_dropped(folder), 1):
        try:
            name = str(row["id"]) if has_ids else ""
            yield _Placed(name, str(row["file"]), str(row["problem"]), f"dropped: {row['filter']}")
        except (KeyError, TypeError) as error:
            raise ConfigError(f"{folder}: {DROPPED} line {number} is no row; make the folder anew") from error


def _dropped(folder: Path) -> Iterator[Any]:
    """Yield each line as it is: one that was passed over would look like a row that moved."""
    try:
        with (folder / DROPPED).open("rb") as file:
            for text in file:
                yield json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{folder}: {DROPPED} cannot be read, make the folder anew: {error}") from error


def _kept(row: dict[str, Any]) -> _Placed:
    more = row.get("extra_info")
    more = more if isinstance(more, dict) else {}
    problem = more.get("problem")
    if not isinstance(problem, str):
        try:
            problem = auto(row).problem
        except Reject:
            problem = ""
    reward = row.get("reward_model")
    answer = reward.get("ground_truth") if isinstance(reward, dict) else row.get("answer")
    written = [json.dumps(value, default=str, sort_keys=True) for value in (row.get("prompt"), answer)]
    return _Placed(str(more.get("id") or ""), str(more.get("file") or ""), problem, KEPT, *written)
