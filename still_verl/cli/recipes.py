"""`recipes`: what `+recipe=` and the groups below `still/` offer."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from still_verl import paths
from still_verl.cli.output import console, stop
from still_verl.config_errors import did_you_mean


def recipes(
    show: Annotated[str | None, typer.Option(help="A recipe, or GROUP=CHOICE: print its file.")] = None,
) -> None:
    """List the recipes and the groups, each with what it is for."""
    if show is not None:
        _show(show)
        return
    console.print(_recipes(), _groups(), sep="\n")


def _recipes() -> Table:
    table = Table("+recipe=", "", title="Recipes", title_justify="left")
    for name in paths.recipe_names() + paths.sft_recipe_names():
        table.add_row(name, _purpose(_file("recipe", name)))
    return table


def _groups() -> Table:
    table = Table("still/GROUP=", "choices", title="Groups: one file for each choice", title_justify="left")
    for folder in sorted((paths.recipes_dir() / "still").iterdir()):
        table.add_row(folder.name, ", ".join(sorted(path.stem for path in folder.glob("*.yaml"))))
    return table


def _show(asked: str) -> None:
    """Print one file, as it is."""
    group, separator, name = asked.removeprefix("+").removeprefix("still/").rpartition("=")
    if not separator or group == "recipe":
        folder = "recipe"
    else:
        folder = f"still/{group}"
    known = sorted(each.stem for each in (paths.recipes_dir() / folder).glob("*.yaml"))
    if name not in known:  # nor a path that leads elsewhere
        if not known:
            folders = [each.name for each in (paths.recipes_dir() / "still").iterdir()]
            stop(f"--show {asked}: there is no group {group}{did_you_mean(group, folders)}; see still-verl recipes")
        stop(f"--show {asked}: there is no {folder}={name}{did_you_mean(name, known)}; there are: {', '.join(known)}")
    typer.echo(_file(folder, name).read_text(), nl=False)


def _file(folder: str, name: str) -> Path:
    return paths.recipes_dir() / folder / f"{name}.yaml"


def _purpose(path: Path) -> str:
    """Return the comment at the head of a file, which says what it is for."""
    said = []
    for line in path.read_text().splitlines():
        if not line.startswith("#"):
            break
        if "@package" not in line:
            said.append(line.lstrip("# "))
    return " ".join(said)
