"""Where the files that ship beside the code live: in a wheel inside the package, in a checkout next to it."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _shipped(name: str) -> Path:
    in_wheel = _PACKAGE / name
    if in_wheel.is_dir():
        return in_wheel
    return _PACKAGE.parent / name


def recipes_dir() -> Path:
    """Return the folder of Hydra YAMLs that the plugin puts on the search path."""
    return _shipped("recipes")


def recipe_names() -> list[str]:
    """List what `+recipe=` accepts from us, in a job of RL."""
    return [name for name in _recipes() if not is_sft(name)]


def sft_recipe_names() -> list[str]:
    """List what `+recipe=` accepts from us, in a job of supervised training."""
    return [name for name in _recipes() if is_sft(name)]


def is_sft(recipe: str) -> bool:
    """Say whether a recipe is for verl's SFT trainer: its name has the word."""
    return "sft" in recipe.split("_")


def _recipes() -> list[str]:
    return sorted(path.stem for path in (recipes_dir() / "recipe").glob("*.yaml"))


def is_reward_fn(path: str) -> bool:
    """Say whether a path is one of the drop-in rewards."""
    return Path(path).expanduser().resolve().parent == _shipped("reward_fns").resolve()


def reward_fn(name: str) -> str:
    """Find the drop-in reward `name`; return its path, as `reward.custom_reward_function.path` wants it.

    Raises:
        ValueError: no such reward; the message lists those that exist.
    """
    folder = _shipped("reward_fns")
    path = folder / f"{name}.py"
    if not path.is_file():
        known = sorted(path.stem for path in folder.glob("[!_]*.py"))
        raise ValueError(f"no reward function '{name}' in {folder}; there are: {', '.join(known)}")
    return str(path)
