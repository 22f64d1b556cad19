"""The data set of verl's SFT trainer: what it gives a step, and what it refuses before one."""

import json
from pathlib import Path
from typing import Any

import pytest
import verl  # noqa: F401  (loads the plugin)
from hydra import compose, initialize_config_module
from omegaconf import DictConfig, OmegaConf
from transformers import AutoTokenizer
from verl.trainer.sft_trainer import create_sft_dataset
from verl.utils.dataset.dataset_utils import SFTTensorCollator

from still_verl.config_errors import ConfigError
from still_verl.demo.prepare import prepare
from still_verl.integration.sft.checks import begin_epoch_afresh, check_rows
from still_verl.integration.sft.dataset import Demonstrations
from still_verl.paths import sft_recipe_names

TURNS = [{"role": "user", "content": "1+1="}, {"role": "assistant", "content": "<think>1+1</think>\\boxed{2}"}]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return AutoTokenizer.from_pretrained(prepare("smollm2").model)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps({"messages": TURNS, "number": number}) + "\n" for number in range(9)))
    return file


def job(rows: Path, *overrides: str) -> DictConfig:
    with initialize_config_module("verl.trainer.config", version_base=None):
        return compose("sft_trainer_engine", ["+recipe=sft_tiny", f"data.train_files={rows}", *overrides])


def write(file: Path, *rows: dict[str, Any]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.mark.parametrize("name", sft_recipe_names())
def test_recipes_compose_with_verls_sft_config(name: str) -> None:
    with initialize_config_module("verl.trainer.config", version_base=None):
        config = compose("sft_trainer_engine", [f"+recipe={name}"])
    assert config.still.name == name and config.data.custom_cls.name == "Demonstrations"
    if name == "tool_sft":  # the study's script, scripts/launch.sh
        numbers = (config.optim.lr, config.data.train_batch_size, config.trainer.total_epochs, config.data.max_length)
        assert numbers == (1e-5, 96, 17, 20000)
        optim = config.optim
        assert (optim.lr_scheduler_type, optim.lr_warmup_steps_ratio, optim.weight_decay) == ("cosine", 0.1, 0.1)


def test_upstream_makes_it_and_batches_it(rows: Path, tokenizer: Any) -> None:
    config = job(rows)
    data = create_sft_dataset(config.data.train_files, config.data, tokenizer, None)
    assert type(data).__name__ == "Demonstrations" and len(data) == 9
    item = data[0]
    own = item["input_ids"][item["loss_mask"].bool()]
    assert tokenizer.decode(own) == TURNS[1]["content"] + "<|im_end|>"
    assert item["position_ids"].tolist() == list(range(len(item["input_ids"])))
    assert SFTTensorCollator("no_padding")([data[0], data[1]])["input_ids"].is_nested


def test_the_seed_orders_rows_of_training_only(tmp_path: Path, tokenizer: Any) -> None:
    ids = [{"input_ids": [number, 5], "loss_mask": [0, 1]} for number in range(20)]
    file, other = write(tmp_path / "a.jsonl", *ids), write(tmp_path / "b.jsonl", *ids)

    def order(seed: int, of: Path) -> list[int]:
        data = Demonstrations(str(of), tokenizer, job(file, f"trainer.seed={seed}").data)
        return [int(data[place]["input_ids"][0]) for place in range(len(data))]

    assert order(1, file) == order(1, file) != order(2, file)
    assert order(1, other) == order(2, other) == list(range(20))


@pytest.mark.parametrize(
    ("row", "overrides", "says"),
    [
        ({"messages": TURNS[:1]}, [], "row 2: no token of it is trained"),
        ({"input_ids": [5, 6], "loss_mask": [1, 0]}, [], "no token of it is trained"),
        ({"input_ids": [1, 1, 7], "loss_mask": [0, 0, 1]}, [], "two BOS"),
        ({"input_ids": [10**6, 1], "loss_mask": [0, 1]}, [], "the tokenizer ends at 49151"),
        ({"input_ids": [5] * 2000, "loss_mask": [1] * 2000}, [], "data.max_length=1024"),
        ({"messages": 5}, [], "row 2: messages is 5"),
        ({"messages": TURNS}, ["data.pad_mode=right"], "data.pad_mode=right: use no_padding"),
        ({"messages": TURNS}, ["data.truncation=left"], "data.truncation=left: use error"),
        ({"messages": TURNS}, ["+data.apply_chat_template_kwargs.chat_template='{% x'"], "cannot be read"),
    ],
)
def test_what_is_refused(row: Any, overrides: list[str], says: str, tmp_path: Path, tokenizer: Any) -> None:
    file = write(tmp_path / "rows.jsonl", {"messages": TURNS}, row)
    with pytest.raises(ConfigError) as refused:
        Demonstrations([str(file)], tokenizer, job(file, *overrides).data)
    assert says in str(refused.value) and "\n" not in str(refused.value)


def test_a_row_is_cut_where_that_is_asked_for(tmp_path: Path, tokenizer: Any) -> None:
    file = write(tmp_path / "rows.jsonl", {"input_ids": [5] * 2000, "loss_mask": [1] * 2000})
    data = Demonstrations(str(file), tokenizer, job(file, "data.truncation=right").data)
    assert len(data[0]["input_ids"]) == 1024


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["data.train_batch_size=10"], "data.train_batch_size=10: data.train_files has 9 rows"),
        (["trainer.n_gpus_per_node=2", "data.train_batch_size=5"], "a multiple of the 2 ranks"),
        (["trainer.n_gpus_per_node=2", "data.train_batch_size=10"], "use 8 or less"),
        (["data.val_files=${data.train_files}", "data.val_max_samples=3"], "data.val_files has 3 rows"),
    ],
)
def test_fewer_rows_than_a_batch(rows: Path, overrides: list[str], says: str) -> None:
    prepare("tiny")
    with pytest.raises(ConfigError, match=says):
        check_rows(job(rows, *overrides))
    assert check_rows(job(rows)) == 9


def test_only_a_checkpoint_from_the_end_of_an_epoch_loses_its_place_in_the_data(rows: Path, tmp_path: Path) -> None:
    config = job(rows, f"trainer.default_local_dir={tmp_path}")
    begin_epoch_afresh(config, 5)  # there is none
    for step in (9, 10):
        folder = tmp_path / f"global_step_{step}"
        folder.mkdir()
        (folder / "data_0.pt").write_text("state")
        (tmp_path / "latest_checkpointed_iteration.txt").write_text(str(step))
        begin_epoch_afresh(OmegaConf.merge(config, {"trainer": {"resume_mode": "disable"}}), 5)
        assert (folder / "data_0.pt").is_file()
        begin_epoch_afresh(config, 5)
        assert (folder / "data_0.pt").is_file() == (step == 9)
