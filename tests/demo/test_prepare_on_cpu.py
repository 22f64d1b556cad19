"""Where the demo models live, and that asking costs nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from still_verl.demo.files import home
from still_verl.demo.prepare import prepare


def test_home_follows_the_cache_folder_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert home() == tmp_path / "still_verl" / "demo"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert home() == Path.home() / ".cache" / "still_verl" / "demo"


@pytest.mark.parametrize("name", ["tiny", "random", "random-untied"])
def test_prepare_builds_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    built = prepare(name)
    assert built.model == home() / name / "model" and (built.model / "model.safetensors").is_file()
    assert built.train.is_file() and built.val.is_file() and built.train.parent == home() / name / "data"
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*") if path.suffix != ".lock"}
    assert prepare(name) == built
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'huge'; there are: tiny, skills, tools, smollm2, random, random-untied"):
        prepare("huge")


def test_light_modules_import_nothing_heavy() -> None:
    light = "from still_verl.demo import cache, files, prepare, smollm2, tasks, tiny_model, tokenizer, traces"
    assert _heavy_modules(light) == "[]\n"


def test_a_model_that_is_there_costs_no_heavy_import(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    prepare("tiny")
    assert _heavy_modules("from still_verl.demo.prepare import prepare; prepare('tiny')") == "[]\n"


def _heavy_modules(code: str) -> str:
    """What a new process that runs `code` has imported of the packages that take long."""
    heavy = "{'torch', 'transformers', 'tokenizers', 'pyarrow', 'reasoning_gym', 'verl', 'rich', 'numpy'}"
    code = f"import sys; {code}; print(sorted({heavy} & set(sys.modules)))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
