"""Hydra takes launchers of this namespace only; the `_` keeps it from loading this one where no ablation runs."""

from still_verl.sweep import SweepLauncher


class Launcher(SweepLauncher):
    """The launcher of ablations (`-m`) of our recipes, in place of Hydra's default."""
