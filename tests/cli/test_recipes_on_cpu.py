"""`still-verl recipes`: what there is, each file as it is, and a hint for what there is not."""

import pytest
from typer.testing import CliRunner

from still_verl import paths
from still_verl.cli import app


def recipes(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["recipes", *arguments], env={"COLUMNS": "200"})
    return done.exit_code, done.output


def test_every_recipe_and_every_group_is_listed_with_what_it_is_for() -> None:
    code, shown = recipes()
    assert code == 0
    for name in paths.recipe_names() + paths.sft_recipe_names():
        (line,) = [line for line in shown.splitlines() if line.startswith(f"│ {name} ")]
        assert len(line.split("│")[2].strip()) > 20, f"recipe/{name}.yaml begins with a comment on its purpose"
    for folder in (paths.recipes_dir() / "still").iterdir():
        assert f"│ {folder.name} " in shown
        assert all(path.stem in shown for path in folder.glob("*.yaml"))


@pytest.mark.parametrize("asked", ["zero_7b", "+recipe=zero_7b", "recipe=zero_7b"])
def test_a_recipe_is_shown_as_it_is(asked: str) -> None:
    assert recipes("--show", asked) == (0, (paths.recipes_dir() / "recipe" / "zero_7b.yaml").read_text())


def test_a_choice_of_a_group_is_shown() -> None:
    text = (paths.recipes_dir() / "still" / "kl" / "cosine.yaml").read_text()
    assert recipes("--show", "still/kl=cosine") == recipes("--show", "kl=cosine") == (0, text)


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("zero_7", "there is no recipe=zero_7; did you mean zero_7b?; there are: base, dapo_32b, demo"),
        ("still/kl=cosin", "did you mean cosine?; there are: adaptive, cosine"),
        ("kll=cosine", "there is no group kll; did you mean kl?"),
        ("", "there is no recipe="),
    ],
)
def test_what_is_not_there(asked: str, hint: str) -> None:
    code, shown = recipes("--show", asked)
    assert code == 1 and hint in shown.replace("\n", "")
