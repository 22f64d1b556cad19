"""Hydra takes launchers of this namespace only; the `_` keeps it from loading this one where no sweep runs."""

from still_verl.sweep.launcher import SweepLauncher


class Launcher(SweepLauncher):
    """Stands in front of the launcher of each sweep (`-m`) of our recipes."""
