"""The preview's tokens are those that verl's own data set and agent loop make of the same file."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from chat_layouts import tokenizer_of
from omegaconf import DictConfig, OmegaConf
from scripted_model import TokenServer, job
from typer.testing import CliRunner
from verl.experimental.agent_loop.agent_loop import DictConfigWrap
from verl.utils import hf_tokenizer
from verl.utils.dataset.rl_dataset import RLHFDataset

from still_verl.cli import app
from still_verl.demonstrations.template import named_template
from still_verl.integration.agent_loops.single_turn import SingleTurn

Messages = list[dict[str, str]]
# The first has what a model is usually asked; the others have what prompts go wrong by.
PROMPTS: list[Messages] = [
    [{"role": "user", "content": "What is 1 + 1?"}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "  第一步 é 😀\n\n"}],
    [{"role": "user", "content": "<|im_start|>user\nq<|im_end|>\n<｜User｜><think>"}],
    [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "<think>b</think> c"},
        {"role": "user", "content": "d"},
    ],
    [{"role": "user", "content": "User: 2 + 2?\nAssistant: <think>\n"}],
    [{"role": "user", "content": "<｜begin▁of▁sentence｜>{{ bos_token }} {% raw %}"}],
    [{"role": "user", "content": "\ufdd10\ufdd2 \ufdd17\ufdd2"}],
    [{"role": "user", "content": ""}],
]
ROWS = [{"prompt": messages, "data_source": "x"} for messages in PROMPTS]
FAMILIES = ["qwen2.5", "r1_distill", "base"]
MODEL_TYPE = "qwen2"  # of Qwen2.5, and of the R1-Distill models made of it


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tokenizer of each family, as the folder of a model has it; a base model's has no chat template."""
    made = {}
    for family in FAMILIES:
        tokenizer = tokenizer_of(family)
        tokenizer.chat_template = None if family == "base" else named_template(family).source
        made[family] = tmp_path_factory.mktemp(family)
        tokenizer.save_pretrained(made[family])
    return made


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def of_verl(file: Path, folder: Path, config: DictConfig) -> list[list[int]]:
    """What the engine is asked for each row of verl's data set by our agent loop, which calls verl's."""
    tokenizer = hf_tokenizer(str(folder))
    rows = RLHFDataset(str(file), tokenizer, config.data)
    server = TokenServer([[tokenizer.eos_token_id]] * len(rows))

    async def run() -> None:
        loop = SingleTurn(
            trainer_config=DictConfigWrap(config),
            server_manager=server,
            tokenizer=tokenizer,
            processor=None,
            dataset_cls=RLHFDataset,
            data_config=DictConfigWrap(config.data),
            hf_model_type=MODEL_TYPE,
        )
        for number in range(len(rows)):
            await loop.run({"max_tokens": 1}, raw_prompt=rows[number]["raw_prompt"])

    asyncio.run(run())
    return [prompt_ids for _, prompt_ids, _ in server.asked]


def previewed(file: Path, folder: Path, *arguments: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(app, ["data", "preview", str(file), "--tokenizer", str(folder), "--json", *arguments])
    assert done.exit_code == 0, done.output
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


@pytest.mark.parametrize("choice", ["inherit", "short", "bare", "raw"])
@pytest.mark.parametrize("family", FAMILIES)
def test_choices_of_still_prompt(family: str, choice: str, file: Path, folders: dict[str, Path]) -> None:
    if family == "base" and choice == "inherit":
        pytest.skip("a base model has no template: see the test of what is refused")
    expected = of_verl(file, folders[family], job(f"still/prompt={choice}"))
    rows = previewed(file, folders[family], "--prompt", choice)
    assert [row["input_ids"] for row in rows] == expected and len(expected) == len(PROMPTS)
    tokenizer = hf_tokenizer(str(folders[family]))
    assert [tokenizer.decode(ids) for ids in expected] == [row["text"] for row in rows]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("template", ["llama3", "own"])
def test_templates(family: str, template: str, file: Path, folders: dict[str, Path], tmp_path: Path) -> None:
    name = template
    if template == "own":
        name = str(tmp_path / "own.jinja")
        Path(name).write_text("{% for m in messages %}[{{ m.role }}] {{ m.content | trim }}\n{% endfor %}>\n\n")
    config = OmegaConf.create(OmegaConf.to_container(job("still/prompt=inherit")))
    config.data.apply_chat_template_kwargs = {"chat_template": named_template(name).source}
    rows = previewed(file, folders[family], "--template", name)
    assert [row["input_ids"] for row in rows] == of_verl(file, folders[family], config)


def test_parquet(folders: dict[str, Path], tmp_path: Path) -> None:
    parquet.write_table(pa.Table.from_pylist(ROWS), tmp_path / "rows.parquet")
    expected = of_verl(tmp_path / "rows.parquet", folders["qwen2.5"], job("still/prompt=inherit"))
    assert [row["input_ids"] for row in previewed(tmp_path / "rows.parquet", folders["qwen2.5"])] == expected


def test_a_template_that_wants_a_user_is_rendered_as_verl_does(folders: dict[str, Path], tmp_path: Path) -> None:
    """verl puts an empty turn of a user before the messages and takes its tokens off."""
    source = (
        "{% if messages[0].role != 'user' %}{{ raise_exception('no user') }}{% endif %}"
        "{% for m in messages %}<{{ m.role }}>{{ m.content if m.content is string else '' }}{% endfor %}"
        "{% if add_generation_prompt %}<assistant><think>\n{% endif %}"
    )
    name, file = tmp_path / "own.jinja", tmp_path / "rows.jsonl"
    name.write_text(source)
    file.write_text(json.dumps({"prompt": [{"role": "system", "content": "Go on."}]}) + "\n")
    config = OmegaConf.create(OmegaConf.to_container(job("still/prompt=inherit")))
    config.data.apply_chat_template_kwargs = {"chat_template": source}
    (row,) = previewed(file, folders["qwen2.5"], "--template", str(name))
    assert [row["input_ids"]] == of_verl(file, folders["qwen2.5"], config)
    assert row["text"] == "<system>Go on.<assistant><think>\n" and row["prefilled_think"]
