"""The commands of the table of figures in docs/recipes.md."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/recipes.md"
TITLE = "## Every table and figure"


def documented() -> list[str]:
    """The command of each line of the table, `-m` and what follows the command left out."""
    table = PAGE.read_text().split(TITLE)[1].split("## ")[0]
    return re.findall(r"\| `((?:\+recipe|--config-name).*?)(?: -m)?`", table)
