"""The callbacks of a job."""

from omegaconf import DictConfig

from still_verl.config import still_config
from still_verl.dynamics.registries import CALLBACKS
from still_verl.integration.callbacks.base import Callback

LAST = "monitor"  # it sees what all others did


def build_callbacks(config: DictConfig) -> list[Callback]:
    """Build ours, then those that `still.callbacks` names, then the monitor.

    Raises:
        ConfigError: a name that there is no callback of.
    """
    ours = [name for name in CALLBACKS if name != LAST]
    names = [*ours, *still_config(config).callbacks, LAST]
    built = [CALLBACKS.find(name)(config) for name in names]
    return [callback for callback in built if callback.active]
