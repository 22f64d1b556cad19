"""A trainer of ten lines, as far as a callback sees one. The real one runs in tests/e2e."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf


class FakeTrainer:
    """Records what callbacks set."""

    def __init__(self, config: DictConfig, total: int) -> None:
        self.config = config
        self.global_steps, self.total_training_steps = 0, total
        self.use_reference_policy = True
        self.kl_ctrl_in_reward: Any = None
        self.loss_values: dict[str, Any] = {}
        self.loss = SimpleNamespace(set=lambda **values: self.loss_values.update(values))
        self.calls: list[tuple[Any, ...]] = []
        self.has_reference = [False, False]  # of two ranks
        self.misfits = ["", ""]
        self.actor_rollout_wg = SimpleNamespace(
            reference_misfit=lambda: self.misfits,
            has_reference=lambda folder: self.has_reference,
            reset_reference=lambda: self.calls.append(("reset",)),
            average_reference=lambda keep: self.calls.append(("average", keep)),
            save_reference=lambda folder: self.calls.append(("save", folder)),
            load_reference=lambda folder, average: self.calls.append(("load", folder, average)),
        )

    def step(self, callback: Any, **metrics: float) -> dict[str, Any]:
        """Run one step of a callback. Returns the step's metrics.

        `metrics` are what the update reports, of which there is none without any.
        """
        self.global_steps += 1
        callback.on_step_begin(self)
        if metrics:
            callback.on_update_begin(self, None)
        seen: dict[str, Any] = metrics | {"actor/loss": 0.0} if metrics else {}
        callback.on_update(self, seen)
        return seen


@pytest.fixture
def job() -> Callable[..., DictConfig]:
    """The config of a job with some `still:` nodes, and of verl's what callbacks write to."""

    def make(**still: Any) -> DictConfig:
        optim = {"lr": 1e-6}
        actor = {"entropy_coeff": 0.0, "use_kl_loss": True, "calculate_entropy": False, "optim": optim}
        rollout = {"temperature": 1.0}
        model = {"lora_rank": 0, "lora_adapter_path": None}
        return OmegaConf.create(
            {
                "still": still,
                "actor_rollout_ref": {"actor": actor, "rollout": rollout, "model": model},
                "algorithm": {"use_kl_in_reward": False, "kl_penalty": "kl"},
            }
        )

    return make


@pytest.fixture
def trainer() -> Callable[..., FakeTrainer]:
    """A trainer of a job."""
    return lambda config, total=4: FakeTrainer(config, total)
