"""The table of the docs says what the golden files say; `python tests/test_recipes_table_on_cpu.py` renews it."""

import json
from pathlib import Path
from typing import Any

import yaml

GOLDEN = Path(__file__).parent / "golden"
TABLE = Path(__file__).parents[1] / "docs/recipes_table.md"
HEAD = """# What each recipe sets

Every setting that a recipe resolves to otherwise than verl's defaults and ours. A `-` is the default. Made from
`tests/golden/`; what the recipes are for is in [recipes.md](recipes.md). `base` sets only what the plugin needs.

"""
COSTS_HEAD = """
## What each costs
Planned (`still-verl plan +recipe=NAME hardware=NxH100-80G`) on as many H100-80G as the recipe names. Whole runs took
0.5 to 1.5 times such a sum, and the length of responses is assumed: [plan.md](plan.md#how-far-to-trust-it).

"""
# In every job alike, or a copy of another row that verl keeps for a component these recipes do not use.
LEFT_OUT = ("critic.", "distillation.", "still.run_dir", "trainer.default_local_dir", "trainer.validation_data_dir")


def golden() -> dict[str, dict[str, Any]]:
    files = sorted(GOLDEN.glob("*.yaml"))
    settings = {path.stem: yaml.safe_load(path.read_text()) for path in files if path.stem != "base"}
    return {name: {k: v for k, v in row.items() if not k.startswith(LEFT_OUT)} for name, row in settings.items()}


def table() -> str:
    recipes = golden()
    keys = sorted({key for settings in recipes.values() for key in settings})
    values = {key: [json.dumps(row[key]) if key in row else "-" for row in recipes.values()] for key in keys}
    shared = [[key, row[0]] for key, row in values.items() if len(set(row)) == 1]
    varied = [[key, *row] for key, row in values.items() if len(set(row)) > 1]
    parts = ["## Where they differ", *markdown(["setting", *recipes], varied), "", "## What all share"]
    settings = "\n".join([*parts, *markdown(["setting", "value"], shared)]) + "\n"
    return HEAD + settings + COSTS_HEAD + "\n".join(costs()) + "\n"


def costs() -> list[str]:
    """A row for each recipe, as tests/plan/test_plan_on_cpu.py plans it."""
    planned = json.loads((GOLDEN / "planned_costs.json").read_text())
    head = ["recipe", *next(iter(planned.values()))]
    return markdown(head, [[name, *(f"{value:,}" for value in row.values())] for name, row in planned.items()])


def markdown(head: list[str], rows: list[list[str]]) -> list[str]:
    code = [[cell if cell == "-" else f"`{cell}`" for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *code]]


def test_the_docs_table_says_what_the_golden_files_say() -> None:
    assert TABLE.read_text() == table(), "renew it: python tests/test_recipes_table_on_cpu.py"


def test_every_difference_between_recipes_is_in_it() -> None:
    text = table()
    recipes = golden()
    assert all(name in text.splitlines()[6] for name in recipes)
    assert all(f"| `{key}` |" in text for settings in recipes.values() for key in settings)


if __name__ == "__main__":
    TABLE.write_text(table())
