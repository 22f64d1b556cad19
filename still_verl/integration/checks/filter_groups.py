"""verl's dynamic sampling: what it compares within a group must be the same for responses that are equally right."""

from omegaconf import DictConfig

from still_verl.config import StillConfig
from still_verl.config_errors import ConfigError, one_of
from still_verl.rewards.compose import unscored

KEY = "algorithm.filter_groups"
SCORES = ("reward", "score")  # what is paid, with all terms added up
OURS = ("tokens", "truncated")  # what the manager `still` adds to a row
BINARY = ("correct", "signed")  # terms with one value for right responses, and one for wrong ones
FIX = f"set {KEY}.metric=acc, as still/selection=dynamic does"


def check_filter_groups(config: DictConfig, still: StillConfig) -> None:
    """Look at the metric of a job that replaces groups without a learning signal.

    Raises:
        ConfigError: a metric that a response does not have; a shaped reward, which differs within a group of wrong
            responses; groups of one response; a bound that nothing reads, or that leaves nothing to replace.
    """
    groups = config.algorithm.get("filter_groups")
    if groups is None or not groups.enable:
        return
    _check_bound(config, groups.max_num_gen_batches)
    if config.actor_rollout_ref.rollout.n == 1:
        raise ConfigError(
            f"{KEY}.enable=true beside actor_rollout_ref.rollout.n=1: verl never replaces a group of one response; "
            "sample more, or set still/selection=inherit"
        )
    if config.reward.reward_manager.name != "still":
        return
    _check_known(groups.metric, still)
    if groups.metric not in SCORES:
        return
    for preset in still.reward.presets():
        shaping = [name for name in preset.weights if name not in (preset.judge, *BINARY)]
        if shaping:
            raise ConfigError(
                f"{KEY}.metric={groups.metric}: the reward has the terms {', '.join(shaping)}, so that wrong responses "
                f"differ in it, and a group of them is learned from; {FIX}"
            )


def _check_known(metric: str, still: StillConfig) -> None:
    """Look for the metric among the numbers that each response has; verl would end the run in its first step."""
    presets = still.reward.presets()
    if any(preset.judge for preset in presets):  # which may add numbers of its own
        return
    numbers = [{key for key, value in unscored(preset).items() if isinstance(value, float)} for preset in presets]
    one_of(f"{KEY}.metric", metric, [SCORES[0], *sorted(set.intersection(*numbers)), *OURS])


def _check_bound(config: DictConfig, most: int) -> None:
    """The bound is ours (`integration.refill`): verl's own modes, and a sampler of the user's, do not read it."""
    if most == 0:
        return
    said = f"{KEY}.max_num_gen_batches={most}"
    mode, sampler = config.trainer.v1.trainer_mode, config.trainer.v1.sampler.custom_sampler.path
    if most < 0:
        raise ConfigError(f"{said}: give the batches of prompts that a step may take, or 0 for as many as it needs")
    if most == 1:
        raise ConfigError(
            f"{said}: a step could replace nothing, so that the first group to be dropped would end the run; give 2 or "
            "more, or 0 for as many as it needs"
        )
    if not mode.startswith("still_"):
        raise ConfigError(f"{said}: trainer.v1.trainer_mode={mode} does not read it; use still_{mode}, or set it to 0")
    if sampler:
        raise ConfigError(f"{said}: trainer.v1.sampler.custom_sampler.path={sampler} is not told it; set it to 0")
