"""Writes what a curation found: the training set in verl's layout, what was dropped, and what could not be read."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from still_verl.curation.decisions import Decisions, key_of
from still_verl.curation.groups import Groups, group_name, template_group
from still_verl.curation.set_files import DROPPED, REJECTS, TRAIN
from still_verl.curation.settings import CurateSettings
from still_verl.curation.store import Records
from still_verl.curation.work import REJECTED, Record
from still_verl.monitor.jsonl import line

NO_ANSWER: tuple[Any, ...] = (None, "", [], {})
ROW_GROUP = 5000  # rows of the parquet file that are in memory at a time


class Outputs:
    """The three files of rows, each whole or not there.

    Attributes:
        counts: how many rows were kept, dropped and rejected.
        by_filter: how many each filter dropped.
        by_source: how many were kept of each source.
        read: of how many a reader's labels decided.
        without_answer: how many were kept that have no right answer.
        groups: the names of the groups of those that were kept.
    """

    def __init__(self, settings: CurateSettings, decisions: Decisions) -> None:
        self._settings = settings
        self._decisions = decisions
        self.counts: Counter[str] = Counter(kept=0, dropped=0, rejected=0)
        self.by_filter: Counter[str] = Counter()
        self.by_source: Counter[str] = Counter()
        self.read = 0
        self.without_answer = 0
        self.groups: set[str] = set()

    def write(self, groups: Groups, columns: Any, records: Records) -> None:
        """Write all rows, each to one of the files, in the order of their digests."""
        folder = self._settings.output
        table = _Table(_partial(folder / TRAIN))
        with _partial(folder / DROPPED).open("wb") as dropped, _partial(folder / REJECTS).open("wb") as rejects:
            for record in self._decided(groups, columns, records):
                self.read += record.get("read", False)
                if record["filter"]:
                    self.counts["dropped"] += 1
                    self.by_filter[record["filter"]] += 1
                    dropped.write(line(_dropped(record)))
                else:
                    self.counts["kept"] += 1
                    self.by_source[record["data_source"]] += 1
                    self.without_answer += record["answer"] in NO_ANSWER
                    self.groups.add(record["group"])
                    table.add(self._kept(record))
            self._reject(columns, records, rejects)
        self.groups.discard("")  # of the rows that stand alone
        table.close()
        for name in (TRAIN, DROPPED, REJECTS):
            _partial(folder / name).replace(folder / name)

    def _decided(self, groups: Groups, columns: Any, records: Records) -> Iterator[Record]:
        """All rows that could be read, with the filter that drops each; "" for none."""
        # Each a copy in memory: a single value of a file that is mapped takes microseconds.
        state, offset, high, low = (columns[name][groups.order] for name in ("state", "offset", "high", "low"))
        for position in range(len(groups.order)):
            if state[position] == REJECTED:
                continue
            record = records.at(offset[position])
            record["key"] = key_of(high[position], low[position])
            record.setdefault("filter", "")
            record.setdefault("reason", "")
            record["group"] = _group(groups, position, record)
            kept_instead = int(groups.duplicate_of[position])
            if position in groups.conflicts:
                record["filter"], record["reason"] = "conflict", groups.conflicts[position]
            elif kept_instead >= 0:
                other = records.at(offset[kept_instead])
                record["filter"] = "duplicate"
                record["reason"] = f"the same problem as {other['id']} of {other['file']}"
                record["duplicate_of"] = other["id"]
            self._decisions.apply(record)
            yield record

    def _reject(self, columns: Any, records: Records, file: IO[bytes]) -> None:
        """Write what could not be read, in the order of files and lines."""
        for number in (columns["state"] == REJECTED).nonzero()[0]:
            record = records.at(columns["offset"][number])
            record.pop("missing_column")
            self.counts["rejected"] += 1
            file.write(line(record))

    def _kept(self, record: Record) -> Record:
        """A row of verl's layout."""
        answer = record["answer"]
        instruction = "" if record["kind"] == "tests" else _apart(self._settings.instruction)
        more = {name: str(value) for name, value in sorted(record["extra"].items())}
        return {
            "data_source": record["data_source"],
            "prompt": [{"role": "user", "content": record["problem"] + instruction}],
            "ability": "code" if record["kind"] == "tests" else "math",
            "reward_model": {
                "style": "rule",
                "ground_truth": answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False),
            },
            "extra_info": {
                "id": record["id"],
                "file": record["file"],
                "problem": record["problem"],
                "group": record["group"],
                "template_of": record.get("template_of", ""),
                "columns": json.dumps(more, ensure_ascii=False),
            },
        }


class _Table:
    """A parquet file that is written piece by piece."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        text = pa.string()
        names = ("id", "file", "problem", "group", "template_of", "columns")
        self._schema = pa.schema(
            [
                ("data_source", text),
                ("prompt", pa.list_(pa.struct([("role", text), ("content", text)]))),
                ("ability", text),
                ("reward_model", pa.struct([("style", text), ("ground_truth", text)])),
                ("extra_info", pa.struct([(name, text) for name in names])),
            ]
        )
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[Record] = []

    def add(self, row: Record) -> None:
        self._rows.append(row)
        if len(self._rows) == ROW_GROUP:
            self._flush()

    def close(self) -> None:
        if self._rows:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_pylist(self._rows, self._schema))
        self._rows = []


def _group(groups: Groups, position: int, record: Record) -> str:
    if groups.group[position]:
        return group_name(int(groups.group[position]))
    if record.get("template_of"):
        return group_name(template_group(record["template_of"]))
    return ""


def _apart(instruction: str) -> str:
    """An instruction that is not glued to the word in front of it."""
    if not instruction or instruction[0].isspace():
        return instruction
    return f" {instruction}"


def _dropped(record: Record) -> Record:
    first = ("id", "filter", "reason", "file", "problem", "answer", "data_source", "key")
    found = {name: record[name] for name in first}
    for name in ("evaluation", "duplicate_of", "decided_by"):
        if name in record:
            found[name] = record[name]
    return found


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.partial")
