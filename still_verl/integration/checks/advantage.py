"""Advantages are computed once, of two made-up prompts, from what verl's V1 trainer has when it computes them.

Some estimators that verl has a name for need more, e.g. rewards of greedy responses: only its old trainer has them.
"""

import contextlib
import io
import warnings
from collections.abc import Collection

import numpy as np
import torch
from omegaconf import DictConfig
from verl import DataProto

from still_verl.config import StillConfig
from still_verl.config_errors import ConfigError
from still_verl.integration.checks.upstream import has_critic, reason

KEY = "algorithm.adv_estimator"
PROMPTS, TOKENS = 2, 3
# As `_compute_advantage` of verl's V1 trainer fetches them; all are numbers of each token.
COLUMNS = ("response_mask", "rm_scores", "rollout_log_probs", "old_log_probs", "ref_log_prob")


def check_advantage(config: DictConfig, still: StillConfig) -> None:
    """Compute advantages as verl's V1 trainer does, for as many responses to a prompt as the job samples.

    With selection there is a row that pads the batch, too: a group of one.

    Raises:
        ConfigError: the estimator raises, or its advantages are no finite numbers.
    """
    if not config.trainer.use_v1:
        return
    groups = [config.actor_rollout_ref.rollout.n] * PROMPTS
    said = f"{KEY}={config.algorithm.adv_estimator}: verl's V1 trainer cannot compute it"
    check_groups_of(config, groups, said, "use another one")
    if still.selection.rules:
        check_groups_of(
            config,
            [*groups, 1],
            f"{said} beside still.selection.rules={still.selection.rules} (which leave a row that pads the batch)",
            "use another one, or set still/selection=dynamic or still/selection=inherit",
        )


def check_groups_of(config: DictConfig, groups: list[int], said: str, fix: str) -> None:
    """Compute advantages for groups of such sizes."""
    said = f"{said} for groups of {groups} responses"
    try:
        computed = advantages(config, groups)
    except Exception as error:  # of verl's or of the user's own
        raise ConfigError(f"{said}: {reason(error)}; {fix}") from error
    if not bool(torch.isfinite(computed).all()):
        raise ConfigError(f"{said}: it is not finite; {fix}")


def advantages(config: DictConfig, groups: list[int], leave_out: Collection[str] = ()) -> torch.Tensor:
    """Compute advantages as verl's V1 trainer does, of made-up responses.

    Args:
        groups: responses to each prompt.
        leave_out: columns that the responses lack.

    Returns:
        (responses, TOKENS).
    """
    # Not above: it takes seconds.
    from verl.trainer.ppo.v1.utils import compute_advantage_for_multi_trajectories

    keys = [f"{prompt}_{session}_0" for prompt, size in enumerate(groups) for session in range(size)]
    responses = made_up(groups, has_critic(config))
    for column in leave_out:
        responses.batch.pop(column)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        data = compute_advantage_for_multi_trajectories(
            responses,
            batch_keys=keys,
            adv_estimator=config.algorithm.adv_estimator,
            gamma=config.algorithm.gamma,
            lam=config.algorithm.lam,
            num_repeat=config.actor_rollout_ref.rollout.n,
            norm_adv_by_std_in_grpo=config.algorithm.get("norm_adv_by_std_in_grpo", True),
            config=config.algorithm,
        )
    computed: torch.Tensor = data.batch["advantages"]
    return computed


def made_up(groups: list[int], critic: bool) -> DataProto:
    """Return responses of three tokens; every other one is right, and only those of the first prompts count."""
    rows, real = sum(groups), sum(groups[:PROMPTS])
    columns = {name: torch.zeros(rows, TOKENS) for name in COLUMNS}
    columns["response_mask"][:real] = 1.0
    columns["rm_scores"][::2, -1] = 1.0
    columns["token_level_scores"] = columns["token_level_rewards"] = columns["rm_scores"]
    if critic:
        columns["values"] = torch.zeros(rows, TOKENS)
    uids = np.repeat(np.arange(len(groups)).astype(str), groups).astype(object)
    return DataProto.from_dict(tensors=columns, non_tensors={"uid": uids})
