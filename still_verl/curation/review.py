"""Writes a page on which people read what was decided by likeness, and decide otherwise.

The page is one file without any other. Its decisions are saved as `decisions.jsonl`; the next run in the same folder
reads that. Texts of the data are put on the page as text, never as markup.
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from still_verl.curation.outputs import DROPPED
from still_verl.monitor.jsonl import json_lines

REVIEW = "review.html"
MOST = 200  # rows on the page, in about ten minutes
FIRST = ("suspect", "leak", "conflict")  # the filters that go by likeness; of the others there are samples


def write_review(folder: Path) -> None:
    """Write the page for the rows that were dropped in a folder: all suspects and leaks first, then some of each filter."""
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
    page = _PAGE.replace("ROWS", _as_script(chosen[:MOST]))
    (folder / REVIEW).write_text(page, encoding="utf-8")


def _as_script(rows: list[dict[str, Any]]) -> str:
    """JSON that cannot end the script in which it stands."""
    return json.dumps(rows).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Review of dropped rows</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<style>
body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;max-width:1100px;padding:1em}
article{border:1px solid #bbb;border-radius:6px;margin:.8em 0;padding:.6em}
article.keep{background:#eaf7ea} article.drop{background:#fbeaea} article.here{outline:3px solid #36c}
.texts{display:grid;grid-template-columns:1fr 1fr;gap:1em} pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0}
header{position:sticky;top:0;background:#fff;padding:.4em 0} b{font-weight:600}
</style></head><body>
<header><b id="count"></b> <button id="save">Save decisions.jsonl</button>
k: keep the row, d: drop it, j: next one, u: undo. Put the file beside this page and run the same command again.</header>
<main id="rows"></main>
<script>
const rows = ROWS;
const decided = new Map(); let here = 0;
const main = document.getElementById("rows");
function cell(title, text) {
  const box = document.createElement("div"), name = document.createElement("b"), body = document.createElement("pre");
  name.textContent = title; body.textContent = text; box.append(name, body); return box;
}
rows.forEach((row, number) => {
  const article = document.createElement("article"), texts = document.createElement("div");
  texts.className = "texts";
  article.append(cell(`${row.filter}: ${row.id}`, row.reason), texts);
  texts.append(cell("row", `${row.problem}\\n\\nanswer: ${row.answer}`));
  if (row.evaluation) texts.append(cell(row.evaluation.problem,
    `${row.evaluation.text}\\n\\nanswer: ${row.evaluation.answer}\\nshingles ${row.evaluation.containment}, words ${row.evaluation.words}, in the ${row.evaluation.place}, tokens ${row.evaluation.tokens}`));
  article.onclick = () => { here = number; show(); };
  main.append(article);
});
function show() {
  document.getElementById("count").textContent = `${decided.size} of ${rows.length} decided.`;
  [...main.children].forEach((article, number) => {
    article.className = (decided.get(number) || "") + (number === here ? " here" : "");
  });
  if (main.children[here]) main.children[here].scrollIntoView({block: "nearest"});
}
document.onkeydown = (event) => {
  if (event.key === "k") decided.set(here, "keep");
  else if (event.key === "d") decided.set(here, "drop");
  else if (event.key === "u") decided.delete(here);
  else if (event.key !== "j") return;
  if (event.key !== "u") here = Math.min(here + 1, rows.length - 1);
  show();
};
document.getElementById("save").onclick = () => {
  const lines = [...decided].map(([number, decision]) =>
    JSON.stringify({key: rows[number].key, id: rows[number].id, decision}) + "\\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(lines)); link.download = "decisions.jsonl"; link.click();
};
show();
</script></body></html>
"""
