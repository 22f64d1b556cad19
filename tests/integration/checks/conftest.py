"""Jobs that pass every check, and files and models that cannot work."""

import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from composed import composed
from omegaconf import DictConfig

from still_verl.demo.prepare import prepare

# Of our interpreter as a tool of verl's.
TOOL_CONFIGS: dict[str, dict[str, Any]] = {
    "bare": {},
    "misspelt": {"tokenizer": "x", "max_cals": 3},
    "format": {"tokenizer": "x", "format": "tagged"},
    "zero": {"tokenizer": "x", "max_calls": 0},
    "right": {"tokenizer": "x", "max_calls": 3},
}


@pytest.fixture(scope="session")
def good() -> list[str]:
    """Overrides of a job that passes every check."""
    demo = prepare("random")
    return [
        "+recipe=base",
        "still/device=cpu",
        "still/reward=boxed",
        f"actor_rollout_ref.model.path={demo.model}",
        f"data.train_files={demo.train}",
        f"data.val_files={demo.val}",
        "data.train_batch_size=8",
        "actor_rollout_ref.actor.ppo_mini_batch_size=8",
        "actor_rollout_ref.rollout.n=4",
        "algorithm.adv_estimator=grpo",
        "trainer.total_training_steps=10",
    ]


@pytest.fixture(scope="session")
def fast_job(good: list[str]) -> Callable[[str], DictConfig]:
    """Compose the job of `good` with further overrides, written as on a command line."""

    def job(overrides: str) -> DictConfig:
        return composed(good, shlex.split(overrides), new_keys=True)

    return job


@pytest.fixture(scope="session")
def bad_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of data files, models and others that cannot work; the names say why."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "rows.csv").write_text("prompt\n1+1\n")
    (folder / "torn.parquet").write_bytes(b"PAR1 no")
    (folder / "torn.jsonl").write_text('{"prompt": ')
    (folder / "reward.py").write_text("import no_such_package\n")
    (folder / "global_step_4").mkdir()
    pq.write_table(pa.table({"prompt": [], "data_source": [], "reward_model": []}), folder / "empty.parquet")
    for name, change in (
        ("text_prompt", {"prompt": "1+1=?"}),
        ("no_answer", {"reward_model": {"style": "rule"}}),
        ("no_roles", {"prompt": [{"text": "1+1"}]}),
        ("agent", {"agent_name": "nobody"}),
        ("other_loop", {"agent_name": "single_turn_agent"}),
        ("long", {"prompt": message("1" * 600)}),
        ("thinks", {"prompt": message("<think>")}),
        ("images", {"images": [{"image": "x.png"}]}),
    ):
        pq.write_table(pa.Table.from_pylist([row(**change)] * 16), folder / f"{name}.parquet")
    for name, config in TOOL_CONFIGS.items():
        tool = {"class_name": "still_verl.integration.verl_tool.CodeInterpreter", "config": {"type": "native"} | config}
        (folder / f"tools_{name}.json").write_text(json.dumps({"tools": [tool]}))
    write_models(folder)
    return folder


def message(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def row(**change: Any) -> dict[str, Any]:
    return {"data_source": "math", "prompt": message("1+1=?"), "reward_model": {"ground_truth": "2"}} | change


def write_models(folder: Path) -> None:
    """Copy the demo's model, and spoil something in each copy."""
    for name in ("bert", "unknown", "torn", "bare", "no_tokenizer"):
        shutil.copytree(prepare("random").model, folder / name)
    for name, change in (
        ("bert", {"architectures": ["BertModel"], "model_type": "bert"}),
        ("unknown", {"model_type": "no_such_family"}),
    ):
        path = folder / name / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
    weights = next((folder / "torn").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-100])
    next((folder / "bare").glob("*.safetensors")).unlink()
    for path in (folder / "no_tokenizer").glob("token*"):
        path.unlink()
