"""The notebook of the docs runs from its first cell to its last, and shows what its text says."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).resolve().parents[1] / "docs" / "from_python.ipynb"


def test_the_notebook_runs_and_says_what_it_promises() -> None:
    names: dict[str, Any] = {"__name__": "notebook"}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for cell in json.loads(NOTEBOOK.read_text())["cells"]:
            assert cell.get("outputs", []) == [], "outputs are not kept: they would go stale"
            if cell["cell_type"] == "code":
                exec(compile("".join(cell["source"]), NOTEBOOK.name, "exec"), names)
    lines = printed.getvalue().splitlines()
    assert [line.split()[-2] for line in lines[:2]] == ["True", "True"], lines
    assert any("reward_hacking" in line for line in lines[5:]), lines
    assert names["row"]["score"] == 1.0 and names["page"].stat().st_size < 6e6
    assert "<iframe" in names["Frame"]()._repr_html_()
