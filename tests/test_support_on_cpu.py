"""The tables of docs/support.md say what the preflight decides; `python tests/test_support_on_cpu.py` renews them.

A cell is a job with a part of verl's (a row) and a feature of ours (a column). `check_support` refuses it, or it is
expected to work; it works where a test trains it for real.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import verl  # noqa: F401  (puts our recipes on the search path)
from hydra import compose, initialize_config_module
from omegaconf import DictConfig, OmegaConf

from still_verl.config import still_config
from still_verl.config_errors import ConfigError
from still_verl.integration.checks.job import check_support

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "support.md"
BEGIN = "<!-- made by tests/test_support_on_cpu.py -->"

# A job that is right, but for data and model, which no cell depends on.
JOB = [
    "+recipe=base",
    "data.train_files=train.parquet",
    "data.val_files=val.parquet",
    "data.train_batch_size=64",
    "actor_rollout_ref.actor.ppo_mini_batch_size=64",
    "actor_rollout_ref.actor.use_dynamic_bsz=true",
    "actor_rollout_ref.actor.strategy=fsdp2",
    "actor_rollout_ref.ref.strategy=fsdp2",
    "actor_rollout_ref.rollout.name=vllm",
    "actor_rollout_ref.rollout.n=8",
    "algorithm.adv_estimator=grpo",
    "trainer.total_training_steps=10",
]
MODE, STRATEGY = "trainer.v1.trainer_mode", "actor_rollout_ref.{}.strategy"
SEPARATE = [
    "trainer.v1.separate_async.parameter_sync_step=1",
    "actor_rollout_ref.rollout.nnodes=1",
    "actor_rollout_ref.rollout.n_gpus_per_node=1",
]
NCCL = "actor_rollout_ref.rollout.checkpoint_engine.backend=nccl"  # on a processor still/device=cpu chooses another


def engine(name: str) -> list[str]:
    """Choose an engine of verl's: it brings its own strategy."""
    return [f"model_engine={name}", *(f"{STRATEGY.format(part)}={name}" for part in ("actor", "ref"))]


ROWS = {
    "`still_sync`, GRPO, FSDP2, vLLM": [],
    "`still_colocate_async`": [f"{MODE}=still_colocate_async"],
    "`still_separate_async`": [f"{MODE}=still_separate_async", *SEPARATE, NCCL],
    "verl's own mode `sync`": [f"{MODE}=sync"],
    "verl's own mode `colocate_async`": [f"{MODE}=colocate_async"],
    "verl's own mode `separate_async`": [f"{MODE}=separate_async", *SEPARATE, NCCL],
    "verl's old trainer, `use_v1=false`": [f"{MODE}=sync", "trainer.use_v1=false"],
    "FSDP1": [f"{STRATEGY.format(part)}=fsdp" for part in ("actor", "ref")],
    "Megatron": engine("megatron"),
    "VeOmni": engine("veomni"),
    "TorchTitan": engine("torchtitan"),
    "GAE, with a critic": ["algorithm.adv_estimator=gae", "critic.ppo_micro_batch_size_per_gpu=1"],
    "RLOO": ["algorithm.adv_estimator=rloo"],
    "REINFORCE++": ["algorithm.adv_estimator=reinforce_plus_plus"],
    "ReMax": ["algorithm.adv_estimator=remax"],
    "SGLang": ["actor_rollout_ref.rollout.name=sglang"],
    "TensorRT-LLM": ["actor_rollout_ref.rollout.name=trtllm"],
    "LoRA": ["actor_rollout_ref.model.lora_rank=16"],
    "LoRA, merged for the rollout": ["actor_rollout_ref.model.lora_rank=16", "actor_rollout_ref.model.lora.merge=true"],
    "a model with vision": ["actor_rollout_ref.model.path=Qwen/Qwen2.5-VL-7B-Instruct"],
}
FEATURES = {
    "KL in the loss": ["still/kl=cosine"],
    "KL in the reward": ["still/kl=cosine", "still.kl.place=reward"],
    "entropy": ["still/entropy=adaptive"],
    "temperature": ["still/temperature=rising"],
    "length": ["still.context.stages=[[1,64],[5,512]]"],
    "reference reset": ["still/kl=fixed", "still.reference.reset_every=5"],
    "selection": ["still/selection=question"],
    "reward": ["still/reward=zero"],
    "code": ["still/rollout=code"],
    "monitor": ["still.monitor.stop_on=[constant_reward]"],
}
DEVICES = {
    "With accelerators": ["trainer.n_gpus_per_node=2"],
    "Without an accelerator, `still/device=cpu`": ["still/device=cpu"],
}

# Rows that the second table need not repeat: verl's own trainers are refused alike, these engines need accelerators.
ONLY_ABOVE = {row for row in ROWS if row.startswith("verl's")} | {
    "Megatron",
    "VeOmni",
    "TorchTitan",
    "ReMax",
    "TensorRT-LLM",
}

# Where a cell of the second table is trained for real: all of the first row, and some of others.
FIRST = "`still_sync`, GRPO, FSDP2, vLLM"
TRAINED = {
    (FIRST, "KL in the loss"): "test_train_on_cpu",
    (FIRST, "KL in the reward"): "test_ranks_on_cpu",
    (FIRST, "entropy"): "test_train_on_cpu",
    (FIRST, "temperature"): "test_train_on_cpu",
    (FIRST, "length"): "test_train_on_cpu",
    (FIRST, "reference reset"): "test_train_on_cpu",
    (FIRST, "selection"): "test_ranks_on_cpu",
    (FIRST, "reward"): "test_ranks_on_cpu",
    (FIRST, "code"): "test_ranks_on_cpu",
    (FIRST, "monitor"): "test_train_on_cpu",
    ("`still_colocate_async`", "KL in the loss"): "test_modes_on_cpu",
    ("`still_colocate_async`", "entropy"): "test_modes_on_cpu",
    ("`still_colocate_async`", "reference reset"): "test_modes_on_cpu",
    ("`still_separate_async`", "KL in the loss"): "test_modes_on_cpu",
    ("`still_separate_async`", "entropy"): "test_modes_on_cpu",
    ("`still_separate_async`", "reference reset"): "test_modes_on_cpu",
    ("`still_separate_async`", "selection"): "test_modes_on_cpu",
    ("GAE, with a critic", "selection"): "test_estimators_on_cpu",
    ("RLOO", "KL in the loss"): "test_estimators_on_cpu",
    ("REINFORCE++", "KL in the loss"): "test_estimators_on_cpu",
    ("LoRA, merged for the rollout", "KL in the loss"): "test_estimators_on_cpu",
    ("`still_colocate_async`", "selection"): "test_endings_on_cpu",
    ("`still_colocate_async`", "reward"): "test_endings_on_cpu",
    ("`still_colocate_async`", "monitor"): "test_endings_on_cpu",
}


@cache
def composed(groups: tuple[str, ...]) -> DictConfig:
    """Return the job with some groups chosen: each takes about a second."""
    return compose("ppo_trainer", [*JOB, *groups])


def decide(overrides: list[str]) -> str:
    """Return why a job is refused; nothing if it is not."""
    groups = [word for word in overrides if "/" in word.partition("=")[0] or word.startswith("model_engine=")]
    values = [word for word in overrides if word not in groups]
    config = OmegaConf.merge(composed(tuple(groups)), OmegaConf.from_dotlist(values))
    assert isinstance(config, DictConfig)
    try:
        check_support(config, still_config(config))
    except ConfigError as error:
        return str(error)
    return ""


def table(device: list[str], on_cpu: bool) -> Iterator[str]:
    """Yield the lines of one table, and below it why its cells are refused."""
    yield "| | " + " | ".join(FEATURES) + " |"
    yield "|---" * (len(FEATURES) + 1) + "|"
    reasons: dict[str, int] = {}
    for row, part in ROWS.items():
        if on_cpu and row in ONLY_ABOVE:
            continue
        if on_cpu:
            part = [word for word in part if word != NCCL]
        cells = []
        for column, feature in FEATURES.items():
            reason = decide([*device, *part, *feature])
            cell = "expected"
            reason = reason.rpartition(" is set, but ")[2]  # which setting it is says the column
            if reason:
                cell = f"refused [{reasons.setdefault(reason, len(reasons) + 1)}]"
            elif on_cpu and (row, column) in TRAINED:
                cell = f"works ({TRAINED[row, column].removeprefix('test_').removesuffix('_on_cpu')})"
            cells.append(cell)
        yield f"| {row} | " + " | ".join(cells) + " |"
    yield ""
    for reason, number in reasons.items():
        yield f"{number}. `{reason}`"


def section(heading: str) -> str:
    """Return one table with its heading."""
    device = DEVICES[heading]
    with initialize_config_module("verl.trainer.config", version_base=None):
        return "\n".join([f"## {heading}", *table(device, "still/device=cpu" in device)])


@pytest.mark.process
@pytest.mark.parametrize("heading", DEVICES)
def test_the_page_says_what_the_preflight_decides(heading: str) -> None:
    assert section(heading) in PAGE.read_text(), "renew it: python tests/test_support_on_cpu.py"


def test_where_a_cell_is_trained_is_a_test() -> None:
    assert {name for name in TRAINED.values() if not (ROOT / "tests" / "e2e" / f"{name}.py").is_file()} == set()


def renew() -> None:
    sections = "\n\n".join(section(heading) for heading in DEVICES)
    before = PAGE.read_text().partition(BEGIN)[0]
    PAGE.write_text(f"{before}{BEGIN}\n{sections}\n")


if __name__ == "__main__":
    renew()
