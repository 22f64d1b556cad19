"""What must hold before a job starts: each check names the setting, its value and the fix."""

import os
from importlib.util import find_spec
from pathlib import Path

import pyarrow.parquet as pq
from omegaconf import DictConfig, ListConfig
from verl.plugin.platform import set_platform
from verl.trainer.ppo.reward import get_custom_reward_fn

from still_verl.config import StillConfig, still_config
from still_verl.config_errors import ConfigError
from still_verl.demo.files import home
from still_verl.integration.checks.cpu import check_cpu, claim_machine
from still_verl.integration.checks.dynamics import check_dynamics
from still_verl.integration.checks.interpreter import check_interpreter
from still_verl.integration.checks.names import check_names
from still_verl.integration.cpu.fork_server import with_forkserver
from still_verl.integration.cpu.platform import CpuPlatform
from still_verl.rewards.settings import RewardConfig


def check_job(config: DictConfig) -> None:
    """Run every check on the whole job's config.

    Raises:
        ConfigError: the first thing that cannot work.
    """
    still = still_config(config)
    check_names(still)
    check_data(config)
    check_prompt(config)
    check_reward_function(config)
    check_reward_manager(config, still)
    check_dynamics(config, still)
    check_model(config)
    check_rollout(config)
    check_interpreter(config, still.interpreter)
    if still.device == "cpu":
        check_cpu(config)


def prepare_driver(config: DictConfig) -> None:
    """Without an accelerator, this process gets the platform that every Ray worker gets, and Ray our fork server.

    Raises:
        ConfigError: another CPU job holds this machine.
    """
    if still_config(config).device == "cpu":
        claim_machine(config)
        set_platform(CpuPlatform())
        os.environ.setdefault("RAY_RUNTIME_ENV_HOOK", f"{with_forkserver.__module__}.{with_forkserver.__name__}")


def check_data(config: DictConfig) -> None:
    """Every data file exists, has rows, and the columns that verl and the rewards read."""
    needed = [config.data.prompt_key, config.data.reward_fn_key, "reward_model"]
    for key in ("train_files", "val_files"):
        for name in _listed(config.data[key]):
            check_data_file(f"data.{key}", name, needed)


def _listed(value: object) -> list[str]:
    """verl takes one file or a list of them."""
    return [str(name) for name in value] if isinstance(value, ListConfig | list) else [str(value)]


def check_data_file(key: str, name: str, needed: list[str]) -> None:
    """One file; remote ones are verl's to fetch and are not looked at."""
    if "://" in name:
        return
    path = Path(name).expanduser()
    if not path.is_file():
        raise ConfigError(f"{key}={name}: there is no such file{_demo_hint(path)}")
    if path.suffix != ".parquet":
        return  # verl reads JSON too; its columns are known only after parsing all of it
    try:
        parquet = pq.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{key}={name}: not a readable parquet file ({error})") from error
    missing = [column for column in needed if column not in parquet.schema_arrow.names]
    if missing:
        have = ", ".join(parquet.schema_arrow.names)
        raise ConfigError(f"{key}={name}: no column {', '.join(missing)}; it has {have}. Add what is missing")
    if parquet.metadata.num_rows == 0:
        raise ConfigError(f"{key}={name}: the file has no rows")


def check_prompt(config: DictConfig) -> None:
    """One of the data and the template asks for `<think>`, not both: the model would be asked twice."""
    template = config.data.apply_chat_template_kwargs.get("chat_template", "")
    if "<think>" not in template:
        return
    for name in _listed(config.data.train_files) + _listed(config.data.val_files):
        path = Path(name).expanduser()
        if not path.is_file() or path.suffix != ".parquet":
            continue
        if "<think>" in str(first_prompt(path, config.data.prompt_key)):
            raise ConfigError(
                f"data.apply_chat_template_kwargs.chat_template has <think>, and so have the prompts of {name}: "
                "set still/prompt=raw to take them as they are, or still/prompt=inherit for the model's own template"
            )


def first_prompt(path: Path, column: str) -> object:
    """The prompt of a parquet file's first row: verl's list of messages."""
    return next(pq.ParquetFile(path).iter_batches(1, columns=[column])).column(0)[0].as_py()


def check_reward_function(config: DictConfig) -> None:
    """The reward loads here as it will in verl's reward workers, which start minutes later."""
    key = f"reward.custom_reward_function.path={config.reward.custom_reward_function.path}"
    try:
        get_custom_reward_fn(config)
    except (FileNotFoundError, AttributeError) as error:
        raise ConfigError(f"{key}: {error}") from error
    except RuntimeError as error:  # what verl raises over an error in the module; the error is its cause
        raise ConfigError(f"{key}: {type(error.__cause__).__name__}: {error.__cause__}") from error


def check_reward_manager(config: DictConfig, still: StillConfig) -> None:
    """One reward decides: the manager `still` with `still.reward`, or a function under a manager of verl's."""
    name, path = config.reward.reward_manager.name, config.reward.custom_reward_function.path
    if name != "still":
        if still.reward != RewardConfig():
            raise ConfigError(
                f"still.reward is set, but reward.reward_manager.name={name} does not read it: "
                "set reward.reward_manager.name=still, or still/reward=PRESET which does both"
            )
        return
    if path is not None:
        raise ConfigError(
            f"reward.custom_reward_function.path={path}: the manager still pays by still.reward and would not call it; "
            "set reward.reward_manager.name=naive, or drop the function"
        )
    preset, limit = still.reward.build(), config.data.max_response_length
    loop = config.actor_rollout_ref.rollout.agent.default_agent_loop
    if "tools" in preset.terms and loop != "still_code":
        raise ConfigError(
            f"still.reward.weights has tools, but the agent loop {loop} has none to use: set still/rollout=code"
        )
    if "overlong" in preset.terms and preset.overlong_buffer > limit:
        raise ConfigError(
            f"still.reward.overlong_buffer={preset.overlong_buffer}: more than data.max_response_length={limit}"
        )


def check_model(config: DictConfig) -> None:
    """A model is a folder with a config.json, or a name on a hub (`org/name`), which is left to verl."""
    name = str(config.actor_rollout_ref.model.path)
    path = Path(name).expanduser()
    looks_like_hub = name.count("/") == 1 and not name.startswith((".", "~", "/")) and not path.exists()
    if "://" in name or looks_like_hub:
        return
    if not (path / "config.json").is_file():
        what = "the folder has no config.json" if path.is_dir() else "there is no such folder"
        raise ConfigError(f"actor_rollout_ref.model.path={name}: {what}{_demo_hint(path)}")


def _demo_hint(path: Path) -> str:
    """How to make a file of a demo model that is not there yet."""
    if home() not in path.parents:
        return ""
    return f"; make it with: still-verl demo-model {path.relative_to(home()).parts[0]}"


def check_rollout(config: DictConfig) -> None:
    if config.actor_rollout_ref.rollout.name == "vllm" and find_spec("vllm") is None:
        raise ConfigError(
            "actor_rollout_ref.rollout.name=vllm: vLLM is not installed; on a laptop run `make setup`, "
            "with GPUs `pip install 'still-verl[gpu]'`"
        )
