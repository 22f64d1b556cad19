"""Hydra takes launchers of this namespace only; the `_` keeps it from loading this one where no ablation runs."""

from still_verl.sweep import SweepLauncher


class Launcher(SweepLauncher):
    """Instead of Hydra's default in every `-m` of a recipe of ours."""
