"""`still-verl data show-mask`: rows in colour or as JSON, and one line for what cannot be shown."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from still_verl.cli import app
from still_verl.demo.prepare import prepare

ROW = {
    "messages": [
        {"role": "user", "content": "1+1=?"},
        {
            "role": "assistant",
            "content": "<think>\nhm\n</think>\n```python\nprint(2)\n```\n```output\n2\n```\n\\boxed{2}",
        },
    ]
}
BEGIN, END = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"


def show(file: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["data", "show-mask", str(file), *arguments])
    return done.exit_code, done.output


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(ROW) + "\n")
    return file


def as_json(file: Path, *arguments: str) -> Any:
    code, shown = show(file, "--json", *arguments)
    assert code == 0, shown
    return json.loads(shown)


def test_without_a_tokenizer(rows: Path) -> None:
    assert as_json(rows) == [
        {
            "trained": ["<think>\nhm\n</think>\n```python\nprint(2)\n```\n", f"\\boxed{{2}}{END}"],
            "masked": [f"{BEGIN}<｜User｜>1+1=?<｜Assistant｜>", "```output\n2\n```\n"],
        }
    ]
    (row,) = as_json(rows, "--train-on-outputs")
    assert len(row["trained"]) == 1 and "```output\n2" in row["trained"][0]


def test_with_a_tokenizer_and_with_a_template(rows: Path, tmp_path: Path) -> None:
    model = str(prepare("smollm2").model)
    (row,) = as_json(rows, "--tokenizer", model)
    assert row["trained"][-1] == "\\boxed{2}<|im_end|>" and row["masked"][0].startswith("<|im_start|>system\n")
    (row,) = as_json(rows, "--template", "llama3")
    assert row["trained"][-1] == "\\boxed{2}<|eot_id|>"
    file = tmp_path / "own.jinja"
    file.write_text("{% for m in messages %}[{{ m.content }}</s>{% endfor %}")
    (row,) = as_json(rows, "--template", str(file))
    assert row["masked"][0] == "[1+1=?</s>[" and row["trained"][-1] == "\\boxed{2}</s>"


def test_counts_and_parquet(rows: Path, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    code, shown = show(rows)
    assert code == 0 and "1 rows: 79 of 158 tokens trained" in shown
    file = tmp_path / "rows.parquet"
    parquet.write_table(pa.Table.from_pylist([ROW, ROW]), file)
    assert as_json(file) == as_json(rows) * 2


def test_rows_of_ids(tmp_path: Path) -> None:
    file = tmp_path / "ids.jsonl"
    file.write_text(json.dumps({"input_ids": list(b"ab\xc3\xa9"), "loss_mask": [0, 1, 1, 1]}))
    assert as_json(file) == [{"trained": ["bé"], "masked": ["a"]}]
    file.write_text(json.dumps({"input_ids": [999], "loss_mask": [1]}))
    code, shown = show(file)
    assert code == 1 and "--tokenizer" in shown


@pytest.mark.parametrize(
    ("content", "arguments", "says"),
    [
        ("{", [], "line 1 is no JSON"),
        ('{"a": 1}', [], "row 1: there is no `messages`"),
        (json.dumps(ROW) + '\n{"messages": 5}', ["--json"], "row 2: messages is 5"),
        (json.dumps(ROW), ["--template", "chatlm"], "did you mean chatml?"),
        (json.dumps(ROW), ["--tokenizer", "/no/such"], "--tokenizer /no/such cannot be loaded"),
        ('{"messages": [{"role": "developer", "content": "x"}]}', [], "leaves out messages[0] (role developer)"),
    ],
)
def test_one_line_for_what_cannot_be_shown(tmp_path: Path, content: str, arguments: list[str], says: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(content)
    code, shown = show(file, *arguments)
    assert code == 1 and says in shown and "Traceback" not in shown
    assert shown.strip().splitlines()[-1].startswith("still-verl: ")
    assert show(tmp_path / "none.jsonl")[0] == 1
