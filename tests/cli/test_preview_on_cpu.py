"""`still-verl data preview`: prompts by role or as JSON, and one line for what cannot be shown."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from still_verl.cli import app
from still_verl.preview.pieces import Piece, pieces_of
from still_verl.preview.preview import choose_renderer

ROW = {"prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+1=?"}]}
BEGIN = "<｜begin▁of▁sentence｜>"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(ROW) + "\n")
    return path


def preview(file: Path, *arguments: str) -> Any:
    return CliRunner().invoke(app, ["data", "preview", str(file), *arguments])


def test_json_without_a_tokenizer(file: Path) -> None:
    done = preview(file, "--json")
    assert done.exit_code == 0, done.output
    text = f"{BEGIN}Be brief.<｜User｜>1+1=?<｜Assistant｜><think>\n"
    assert json.loads(done.stdout) == [{"text": text, "input_ids": None, "prefilled_think": True, "warnings": []}]
    (row,) = json.loads(preview(file, "--json", "--template", "qwen2.5").stdout)
    assert not row["prefilled_think"] and row["text"].endswith("<|im_start|>assistant\n")


def test_printed_with_bytes_and_counts(file: Path) -> None:
    file.write_text(json.dumps(ROW) + "\n" + json.dumps({"prompt": "é<|im_end|>\x1b[2J"}) + "\n")
    done = preview(file, "--ids", "--template", "chatml")
    assert "row 1: 94 bytes, <think> is not prefilled" in done.stdout and "user: 49 43 49 61 63" in done.stdout
    assert "warning: doubled template: message 0 (user) has '<|im_end|>'" in done.stdout
    assert "doubled template: 1 warnings" in done.stdout and "\x1b" not in done.stdout
    assert "prompt is a text in 1 rows" in done.stderr and "verl takes only messages" in done.stderr
    first = preview(file, "--rows", "1")
    length = len(f"{BEGIN}Be brief.<｜User｜>1+1=?<｜Assistant｜><think>\n".encode())
    assert f"row 1: {length} bytes, <think> is prefilled" in first.stdout and "row 2" not in first.stdout
    assert "no warnings" in first.stdout and first.stderr == ""


def test_an_empty_thinking_is_no_prefilled_think(file: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.jinja"
    own.write_text("{{ messages[-1].content }}<think>\n\n</think>\n\n")
    assert "an empty <think></think> is prefilled" in preview(file, "--prompt", str(own)).stdout
    assert not json.loads(preview(file, "--prompt", str(own), "--json").stdout)[0]["prefilled_think"]


def roles(messages: list[dict[str, Any]], prompt: str | None = None, template: str | None = None) -> list[Piece]:
    renderer = choose_renderer(None, prompt, template)
    return pieces_of(messages, renderer.text(messages), renderer)


def test_each_part_of_the_text_has_its_role() -> None:
    messages = [*ROW["prompt"], {"role": "assistant", "content": "user"}, {"role": "user", "content": " sure? "}]
    assert roles(messages, template="chatml") == [
        Piece("<|im_start|>system\n", "template"),
        Piece("Be brief.", "system", 0),
        Piece("<|im_end|>\n<|im_start|>user\n", "template"),
        Piece("1+1=?", "user", 1),
        Piece("<|im_end|>\n<|im_start|>assistant\n", "template"),
        Piece("user", "assistant", 2),
        Piece("<|im_end|>\n<|im_start|>user\n ", "template"),
        Piece("sure?", "user", 3),
        Piece(" <|im_end|>\n<|im_start|>assistant\n", "template"),
    ]
    assert roles(ROW["prompt"], prompt="short")[-1] == Piece("<think>\n", "prefilled")
    whole = [{"role": "user", "content": "q\nAssistant: <think>"}]
    assert roles(whole, prompt="raw") == [Piece("q\nAssistant: ", "user", 0), Piece("<think>", "prefilled")]


def test_roles_where_a_template_treats_a_mark_as_another_text(tmp_path: Path) -> None:
    own = tmp_path / "own.jinja"
    own.write_text("{% for m in messages %}[{{ m.content | upper | lower }}]{{ m.content | length }}{% endfor %}")
    messages = [{"role": "user", "content": "abc"}]
    assert roles(messages, prompt=str(own)) == [
        Piece("[", "template"),
        Piece("abc", "user", 0),
        Piece("]3", "template"),
    ]


@pytest.mark.parametrize(
    ("content", "arguments", "says"),
    [
        ("{", [], "line 1 is no JSON"),
        ("", [], "has no rows"),
        ('{"question": "q", "answer": 1}', [], "there is no column `prompt` (columns: question, answer)"),
        (json.dumps(ROW) + '\n{"prompt": 5}', ["--json"], "row 2: prompt is 5"),
        ('{"prompt": ["q"]}', [], "prompt[0] is 'q'"),
        ('{"prompt": [{"content": "q"}]}', [], "prompt[0].role is None"),
        ('{"prompt": [{"role": "user"}]}', [], "prompt[0].content is None"),
        (json.dumps(ROW), ["--prompt", "shrot"], "did you mean short?"),
        (json.dumps(ROW), ["--template", "chatlm"], "did you mean chatml?"),
        (json.dumps(ROW), ["--prompt", "short", "--template", "chatml"], "give one of them"),
        (json.dumps(ROW), ["--tokenizer", "/no/such"], "--tokenizer /no/such cannot be loaded"),
        (json.dumps(ROW), ["--prompt-key", "messages"], "no column `messages` (columns: prompt)"),
    ],
)
def test_one_line_for_what_cannot_be_shown(tmp_path: Path, content: str, arguments: list[str], says: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(content)
    done = preview(file, *arguments)
    assert done.exit_code == 1 and says in done.stderr and "Traceback" not in done.output
    assert done.stderr.strip().splitlines()[-1].startswith("still-verl: ")


def test_a_template_that_is_no_jinja_and_a_file_that_is_not_there(file: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.jinja"
    own.write_text("{% for %}")
    assert "the template cannot be read" in preview(file, "--prompt", str(own)).stderr
    assert "cannot be read" in preview(tmp_path / "none.jsonl").stderr


def test_a_column_of_another_name(file: Path) -> None:
    file.write_text(json.dumps({"problem": "q"}))
    (row,) = json.loads(preview(file, "--prompt-key", "problem", "--prompt", "raw", "--json").stdout)
    assert row["text"] == "q"


def test_a_tokenizer_without_a_template(file: Path, tmp_path: Path) -> None:
    from chat_layouts import tokenizer_of

    tokenizer = tokenizer_of("base")
    tokenizer.chat_template = None
    tokenizer.save_pretrained(tmp_path / "model")
    arguments = ["--tokenizer", str(tmp_path / "model"), "--json"]
    done = preview(file, *arguments)
    assert done.exit_code == 1 and "has no chat template" in done.stderr
    (row,) = json.loads(preview(file, *arguments, "--prompt", "raw").stdout)
    assert tokenizer.decode(row["input_ids"]) == row["text"] == "1+1=?"
    shown = preview(file, *arguments[:2], "--prompt", "raw", "--ids").stdout
    assert "user: " + " ".join(map(str, row["input_ids"])) in shown


@pytest.mark.parametrize("packed", ["gz", "zst"])
def test_a_packed_file_and_a_folder_of_a_curation(file: Path, tmp_path: Path, packed: str) -> None:
    data = file.read_bytes()
    other = tmp_path / f"rows.jsonl.{packed}"
    other.write_bytes(gzip.compress(data) if packed == "gz" else pa.compress(data, codec="zstd", asbytes=True))
    assert preview(other, "--json").stdout == preview(file, "--json").stdout
    other.write_bytes(other.read_bytes()[:-9])
    done = preview(other)
    assert done.exit_code == 1 and done.stderr.count("\n") == 1 and "is damaged" in done.stderr
    (tmp_path / "set").mkdir()
    pq.write_table(pa.table({"prompt": [ROW["prompt"]]}), tmp_path / "set" / "train.parquet")
    (tmp_path / "set" / "manifest.json").write_text('{"counts": {}, "inputs": {}, "files": {}, "settings": {}}')
    assert preview(tmp_path / "set", "--json").stdout == preview(file, "--json").stdout
