"""Reads the responses that `still-verl score` scores: JSON lines, parquet, or a dump that verl wrote."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Columns of verl's rollout and validation dumps, and what a reward function calls them.
_DUMP = {"output": "solution_str", "gts": "ground_truth"}
_PARQUET = b"PAR1"


class RowError(ValueError):
    """A row that cannot be scored; the message names file, line and what is wrong."""


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read a file of rows with `solution_str` and `ground_truth`, and perhaps `data_source` and `extra_info`.

    Args:
        path: JSON lines or parquet; a dump that verl wrote has other names for the columns, which are known.

    Raises:
        RowError: no file, no JSON object, a column is missing, a response that is no text, an `extra_info`
            that is no mapping; names the line.
    """
    if path.is_char_device():
        raise RowError(f"--input {path} is a device: name a file")
    try:
        with path.open("rb") as file:
            is_parquet = file.read(len(_PARQUET)) == _PARQUET
    except OSError as error:
        raise RowError(f"--input {path} cannot be read ({error.strerror}): name a file that is there") from None
    found = list(map(_checked, _parquet_rows(path) if is_parquet else _json_rows(path)))
    if not found:
        raise RowError(f"{path}: no rows")
    return found


def _checked(numbered: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    place, row = numbered
    for theirs, ours in _DUMP.items():
        if theirs in row:
            row.setdefault(ours, row[theirs])
    missing = [key for key in ("solution_str", "ground_truth") if key not in row]
    if missing:
        raise RowError(f"{place}: no {' and no '.join(missing)}; it has {', '.join(row)}")
    response = row["solution_str"]
    if not isinstance(response, str):
        raise RowError(f"{place}: solution_str={response!r:.60} is of type {type(response).__name__}: write it as text")
    if not isinstance(row.get("extra_info") or {}, dict):
        raise RowError(f"{place}: extra_info={row['extra_info']!r:.60}: write a mapping, or leave it out")
    return row


def _json_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise RowError(f"{path}: neither parquet nor text in UTF-8 ({error.reason} at byte {error.start})") from None
    # Not `splitlines`: JSON may hold U+2028 and others as they are, and a model writes them now and then.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise RowError(f"{place}: not JSON ({getattr(error, 'msg', error)}); give JSON lines or parquet") from None
        if not isinstance(row, dict):
            raise RowError(f"{place}: not a JSON object")
        yield place, row


def _parquet_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise RowError(f"{path} is parquet, which needs pyarrow: pip install pyarrow") from None
    try:
        rows = pq.read_table(path).to_pylist()
    except Exception as error:  # of pyarrow's own, for a file that is torn or not quite parquet
        raise RowError(f"{path}: no parquet that can be read ({str(error):.80})") from None
    for number, row in enumerate(rows, 1):
        yield f"{path}, row {number}", row
