"""Whether a model fits into this machine, by its sizes alone: of one on a hub no weights are here to be weighed."""

import psutil
from omegaconf import DictConfig

from still_verl.config_errors import ConfigError
from still_verl.plan.hardware import GIB
from still_verl.plan.models import shape_of

# Actor, gradient, two Adam moments, reference and vLLM, each in fp32 on a processor.
COPIES = 6


def check_fit(config: DictConfig) -> None:
    """Check that a job without an accelerator fits into the memory of this machine; other jobs run elsewhere.

    Raises:
        ConfigError: names the model, what it needs and what there is.
    """
    if config.trainer.device != "cpu":
        return
    path = str(config.actor_rollout_ref.model.path)
    try:
        shape = shape_of(path)
    except (ConfigError, KeyError, ValueError):  # a model that the planner does not count; its folder is checked later
        return
    needed, memory = COPIES * 4 * shape.parameters, psutil.virtual_memory().total
    if needed > memory:
        raise ConfigError(
            f"actor_rollout_ref.model.path={path}: without an accelerator it needs {needed / GIB:.0f} GiB "
            f"({shape.parameters / 1e9:.1f}e9 parameters, {COPIES} copies in fp32), this machine has "
            f"{memory / GIB:.0f}; choose a smaller model, or drop still/device=cpu to use accelerators"
        )
