"""Writes a page on which people read what was decided by likeness, and decide otherwise.

The page is one file without any other. Its decisions are saved as `decisions.jsonl`; the next run in the same folder
reads that. Texts of the data are put on the page as text, never as markup.
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from still_verl.curation.set_files import DROPPED, REVIEW
from still_verl.monitor.jsonl import json_lines

MOST = 200  # rows on the page, in about ten minutes
PAGE = Path(__file__).with_name("review.html")
FIRST = ("suspect", "leak", "conflict")  # the filters that go by likeness; of the others there are samples


def write_review(folder: Path) -> None:
    """Write the page for the rows that were dropped in a folder: suspects and leaks first, then some of each filter."""
    by_filter: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in json_lines(folder / DROPPED):
        listed = by_filter[row["filter"]]
        if len(listed) < MOST:
            listed.append(row)
    chosen: list[dict[str, Any]] = []
    for name in FIRST:
        chosen += by_filter.pop(name, [])[: MOST // 2 - len(chosen) // 2]
    each = max(1, (MOST - len(chosen)) // max(1, len(by_filter)))
    for name in sorted(by_filter):
        chosen += by_filter[name][:each]
    page = PAGE.read_text(encoding="utf-8").replace("ROWS", _as_script(chosen[:MOST]))
    (folder / REVIEW).write_text(page, encoding="utf-8")


def _as_script(rows: list[dict[str, Any]]) -> str:
    """JSON that cannot end the script in which it stands."""
    return json.dumps(rows).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
