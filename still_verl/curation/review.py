"""Writes a page on which people read what was decided by likeness, and decide otherwise.

The page is one file without any other. Its decisions are saved as `decisions.jsonl`; the next run in the same folder
reads that. Texts of the data are put on the page as text, never as markup.
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from still_verl.curation.set_files import DROPPED, REVIEW
from still_verl.monitor.jsonl import json_lines

MOST = 200  # rows on the page, in about ten minutes
LONGEST = 20_000  # characters of a text on the page: a browser shows no hundred megabytes
PAGE = Path(__file__).with_name("review.html")
FIRST = ("suspect", "leak", "conflict")  # the filters that go by likeness; of the others there are samples


def write_review(folder: Path, given: Sequence[Mapping[str, str]] = ()) -> None:
    """Write the page for the rows that were dropped in a folder: suspects and leaks first, then some of each filter.

    Args:
        folder: of the set.
        given: the decisions that were given already: what is saved on the page has them, too.
    """
    by_filter: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in json_lines(folder / DROPPED):
        listed = by_filter[row["filter"]]
        if len(listed) < MOST:
            listed.append(_shortened(row))
    chosen: list[dict[str, Any]] = []
    for name in FIRST:
        chosen += by_filter.pop(name, [])[: MOST // 2 - len(chosen) // 2]
    each = max(1, (MOST - len(chosen)) // max(1, len(by_filter)))
    for name in sorted(by_filter):
        chosen += by_filter[name][:each]
    decided = [{**row, "decision": _decision(row, given)} for row in chosen[:MOST]]
    parts = {"ROWS": _as_script(decided), "GIVEN": _as_script(given)}

    def part(name: re.Match[str]) -> str:
        return parts[name[0]]

    page = re.sub("ROWS|GIVEN", part, PAGE.read_text(encoding="utf-8"))
    (folder / REVIEW).write_text(page, encoding="utf-8")


def _decision(row: Mapping[str, Any], given: Sequence[Mapping[str, str]]) -> str:
    """What was decided about a row, by its key or else by its id; "" for nothing."""
    for name in ("key", "id"):
        for entry in given:
            if entry.get(name) == str(row[name]):
                return entry["decision"]
    return ""


def _shortened(value: Any) -> Any:
    """A row whose texts a browser can show."""
    if isinstance(value, dict):
        return {name: _shortened(one) for name, one in value.items()}
    text = value if isinstance(value, str) else json.dumps(value)
    if len(text) <= LONGEST:
        return value
    return f"{text[:LONGEST]} ... ({len(text):,} characters)"


def _as_script(values: Sequence[Any]) -> str:
    """JSON that cannot end the script in which it stands."""
    return json.dumps(values).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
