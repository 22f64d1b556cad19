"""Which agent loops a job has, and what they read of the step."""

from inspect import signature
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf

from still_verl.config_errors import ConfigError, one_of
from still_verl.integration.checks.run_length import listed

DEFAULT_LOOP = "actor_rollout_ref.rollout.agent.default_agent_loop"
AGENT_NAME = "agent_name"  # a column of the data: the loop of that row
_VERL, _OURS = "verl.", "still_verl."  # where classes of loops are that are nobody else's


def loops(config: DictConfig) -> dict[str, type]:
    """Return the class of each agent loop that the job uses, by its name: the default, or what the rows name.

    Raises:
        ConfigError: a name that no loop is registered by, or a class that cannot be imported.
    """
    # Not above: it takes seconds to import.
    from verl.experimental.agent_loop.agent_loop import _agent_loop_registry

    agent = config.actor_rollout_ref.rollout.agent
    known = {name: str(entry["_target_"]) for name, entry in _agent_loop_registry.items()}
    if agent.agent_loop_config_path:
        known |= _configured(str(agent.agent_loop_config_path))
    found = {}
    for name, key in loop_names(config).items():
        one_of(key, name, known)
        try:
            found[name] = get_class(known[name])
        except ImportError as error:  # verl imports a reward file under a name that is none, and it registers there
            raise ConfigError(
                f"{key}={name}: its class {known[name]} cannot be imported by the workers; move it out of the reward "
                "file, and name its module in actor_rollout_ref.model.external_lib"
            ) from error
    return found


def loop_names(config: DictConfig) -> dict[str, str]:
    """Return the setting, or the column of the data, that names each loop, by the loop's name."""
    names = {str(config.actor_rollout_ref.rollout.agent.default_agent_loop): DEFAULT_LOOP}
    for key in ("train_files", "val_files"):
        for name in listed(config.data[key]):
            path = Path(name).expanduser()
            if path.suffix != ".parquet" or not path.is_file():
                continue
            if AGENT_NAME not in pq.read_schema(path).names:
                continue
            for value in pq.read_table(path, columns=[AGENT_NAME]).column(0).unique().to_pylist():
                names.setdefault(str(value), f"data.{key}={name}: the column {AGENT_NAME} of a row")
    return names


def runs_code(config: DictConfig) -> bool:
    """Say whether a loop of the job runs the code of responses."""
    from still_verl.integration.agent_loops.code import CodeLoop

    return any(issubclass(loop, CodeLoop) for loop in loops(config).values())


def _configured(path: str) -> dict[str, str]:
    """Read the loops of verl's file of loops."""
    if not Path(path).expanduser().is_file():
        raise ConfigError(
            f"actor_rollout_ref.rollout.agent.agent_loop_config_path={path}: there is no such file; correct the path"
        )
    entries: Any = OmegaConf.load(Path(path).expanduser())
    return {str(entry.name): str(entry["_target_"]) for entry in entries}


def follows_the_step(loop: type) -> bool:
    """Say whether a loop takes the budget and the temperature of the step; one that does says how responses ended.

    One that derives from such a loop does, too: its own `run` may hand everything on.
    """
    for ancestor in loop.__mro__:
        run = vars(ancestor).get("run")
        if run is not None and "still_budget" in signature(run).parameters:
            return True
    return False


def handed_to_rewards(config: DictConfig, response: str) -> dict[str, Any] | None:
    """Return what the job's loops hand to a reward function in `extra_info`, for a response of one turn.

    verl's own loops hand over nothing, and ours what `agent_loops` lists. None where a loop is somebody else's: nobody
    here knows what it hands over.
    """
    given: dict[str, Any] = {}
    tokens, budget = len(response), int(config.data.max_response_length)  # a token for each character: few enough
    for loop in loops(config).values():
        if not loop.__module__.startswith((_VERL, _OURS)):
            return None
        if loop.__module__.startswith(_OURS):
            given |= {"finish_reason": "stop", "response_tokens": min(tokens, budget), "response_budget": budget}
    if runs_code(config):
        given |= {"model_text": response, "tool_spans": [], "tool_masked_tokens": 0, "tool_ok": 0, "tool_calls": 0}
    return given
