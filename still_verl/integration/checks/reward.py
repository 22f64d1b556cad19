"""The reward of a job: one that is called, with terms that can be paid, and nothing set that no term reads."""

from dataclasses import fields
from itertools import product

from omegaconf import DictConfig
from verl.trainer.ppo.reward import get_custom_reward_fn

from still_verl import paths
from still_verl.config import StillConfig
from still_verl.config_errors import ConfigError
from still_verl.integration.checks.loops import runs_code
from still_verl.registry import in_one_line
from still_verl.rewards.compose import value_of
from still_verl.rewards.gold_faults import reads_the_gold
from still_verl.rewards.offline import load_reward
from still_verl.rewards.presets import Preset
from still_verl.rewards.registries import TERMS
from still_verl.rewards.reward_kwargs import check_keywords
from still_verl.rewards.sample import Sample
from still_verl.rewards.settings import WHOLE_REWARD, RewardConfig
from still_verl.tracked import tracked

INSTRUCTIONS = "instructions"  # the term that looks at the form alone
# Responses that a term may look at: with and without a format, finished or cut.
TEXTS = ("<think>so</think><answer>4</answer>", r"so \boxed{4}")


def check_reward_function(config: DictConfig) -> None:
    """Load the reward as verl's reward workers will, which start minutes later."""
    path = config.reward.custom_reward_function.path
    if config.reward.reward_model.enable and path is None:
        raise ConfigError(
            f"reward.reward_model.enable=true: without reward.custom_reward_function.path verl pays by what a "
            f"classifier says, and calls no reward manager (reward.reward_manager.name="
            f"{config.reward.reward_manager.name}) and no rule; give a function that asks the model, or set "
            "reward.reward_model.enable=false"
        )
    key = f"reward.custom_reward_function.path={path}"
    try:
        get_custom_reward_fn(config)
    except (FileNotFoundError, AttributeError) as error:
        raise ConfigError(f"{key}: {error}; correct it") from error
    except RuntimeError as error:  # what verl raises over an error in the module; the error is its cause
        raise ConfigError(f"{key}: {in_one_line(error.__cause__ or error)}; correct it") from error
    if path is not None and paths.is_reward_fn(path):
        _check_keywords(config)


def _check_keywords(config: DictConfig) -> None:
    """Refuse a keyword that a drop-in reward does not read or lacks. It takes any: verl passes some of its own."""
    custom = config.reward.custom_reward_function
    reward = load_reward(f"{custom.path}:{custom.name}")
    check_keywords(reward, custom.get("reward_kwargs") or {}, "reward.custom_reward_function.reward_kwargs.")


def check_reward_terms(config: DictConfig, still: StillConfig) -> None:
    """Let one reward decide: the manager `still` with `still.reward`, or a function under a manager of verl's."""
    name, path = config.reward.reward_manager.name, config.reward.custom_reward_function.path
    if name != "still":
        return
    if path is not None:
        raise ConfigError(
            f"reward.custom_reward_function.path={path}: the reward manager `still` does not call it; "
            "set reward.reward_manager.name=naive, or drop the function"
        )
    for preset in still.reward.presets():
        check_terms(config, preset)
    check_all_read(still)
    tell_of_weights(config, still)


def judges_content(name: str) -> bool:
    """Say whether a term is paid by the right answer of the data, or is one of the user's own, which may be."""
    if name not in TERMS:
        return True
    return name != INSTRUCTIONS and reads_the_gold(TERMS.find(name))


def tell_of_weights(config: DictConfig, still: StillConfig) -> None:
    """Say that weights of routes do not change what is learned, where verl divides by the spread of each group."""
    weighted = any(route.weight != 1 for route in still.reward.routes)
    algorithm = config.algorithm
    if weighted and algorithm.adv_estimator == "grpo" and algorithm.norm_adv_by_std_in_grpo:
        print(
            "still_verl: still.reward.routes: the weights change the score that is logged, and not what is learned: "
            "grpo divides by the spread of each group; set algorithm.norm_adv_by_std_in_grpo=false to weigh domains"
        )


def check_terms(config: DictConfig, preset: Preset) -> None:
    """Refuse terms that this job can never pay."""
    limit, loop = config.data.max_response_length, config.actor_rollout_ref.rollout.agent.default_agent_loop
    if INSTRUCTIONS in preset.terms and not any(judges_content(name) for name in preset.terms):
        raise ConfigError(
            f"still.reward.weights has {INSTRUCTIONS} and no term that judges what is said: a model would learn to say "
            "nothing in the right form; add one, such as correct"
        )
    if "tools" in preset.terms and not runs_code(config):
        raise ConfigError(
            f"still.reward.weights has tools, but the agent loop {loop} runs no tools: set still/rollout=code"
        )
    if "overlong" in preset.terms and preset.overlong_buffer > limit:
        raise ConfigError(
            f"still.reward.overlong_buffer={preset.overlong_buffer}: more than data.max_response_length={limit}; "
            "lower it"
        )


def check_all_read(still: StillConfig) -> None:
    """Let the terms judge a few responses, and refuse what is set and no term read."""
    settings = still.reward
    read = {*WHOLE_REWARD, "extractors", "routes"}
    terms: list[str] = []
    for each in settings.presets():
        preset, seen = tracked(each)
        terms += preset.terms
        for name, (text, finished) in product(preset.terms, product(TEXTS, (True, False))):
            sample = Sample(text, ("4",), preset, tokens=8, max_tokens=8, finished=finished, tool_ok=1)
            try:
                value_of(name, sample)
            except ValueError:  # a term of the user's own may want what only a real row has
                return
        read |= seen
    for field in fields(settings):
        value = getattr(settings, field.name)
        if value not in (None, getattr(RewardConfig(), field.name)) and field.name not in read:
            raise ConfigError(
                f"still.reward.{field.name}={value} is set, but none of the terms {', '.join(terms)} reads it: "
                "drop it, or choose a preset with a term that does"
            )
