"""Problems of a benchmark that are in the training set."""

import json
from pathlib import Path

import pytest
from echo_engine import problems, settings

from still_verl.config_errors import ConfigError
from still_verl.curation.curate import curate
from still_verl.curation.settings import CurateSettings
from still_verl.evaluation.overlap import trained_on
from still_verl.evaluation.problems import Benchmark, Problem
from still_verl.evaluation.setup import make_run

LONG = "Find all integers $n$ with $n^2 < 50$, and add them up to one number."
MINE = Benchmark("mine", (Problem("1", LONG, "0"), Problem("2", "What is 3 + 4?", "7"), Problem("3", "Why?", "0")))


def write(path: Path, texts: list[object]) -> Path:
    path.write_text("".join(json.dumps({"prompt": text}) + "\n" for text in texts))
    return path


FOUND = {
    f"User: {LONG}\nThink step by step.": 1,
    LONG.upper().replace(" ", "\n  "): 1,
    LONG.replace("50", "51"): 0,
    LONG[:-20]: 0,
    "what is 3+4 ?": 1,
    "What is 13 + 45?": 0,
    "What is 3 + 4? And why?": 0,
}


@pytest.mark.parametrize("text, count", FOUND.items())
def test_a_problem_is_found_in_any_template_and_not_in_other_words(text: str, count: int, tmp_path: Path) -> None:
    chat = [{"role": "user", "content": text}]
    for asked in (text, chat):
        warnings = trained_on([MINE], [write(tmp_path / "train.jsonl", ["Something else.", asked])])
        assert len(warnings) == count
        if count:
            assert warnings[0].startswith("warning: the model was trained on 1 of the 3 problems of mine (33.3 %)")


def test_old_contests_have_problems_of_math_500_and_none_of_aime_24(shared_data: Path) -> None:
    from still_verl.evaluation.benchmarks import load_benchmark

    sets = [load_benchmark(name, shared_data) for name in ("aime24", "math500")]
    (warning,) = trained_on(sets, [shared_data / "aime_1983_2023.jsonl"])
    assert "on 4 of the 500 problems of math500 (0.8 %)" in warning
    assert "30 of the 30 problems of aime24" in trained_on(sets, [shared_data / "aime24.jsonl"])[0]


def test_a_run_says_it_before_it_asks(tmp_path: Path) -> None:
    from dataclasses import replace

    file = problems(tmp_path)
    _, _, notes = make_run(replace(settings(tmp_path), trained_on=[Path(file)]))
    assert "trained on 3 of the 3 problems of sums" in notes[-1]


@pytest.mark.parametrize("content, said", [("", "no row has one of problem"), ("{}\n", "no row has one of")])
def test_a_file_without_problems_is_refused(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text(content)
    with pytest.raises(ConfigError, match=said):
        trained_on([MINE], [tmp_path / "train.jsonl"])
    with pytest.raises(ConfigError, match="cannot be read"):
        trained_on([MINE], [tmp_path / "none.jsonl"])


def test_a_curated_set_says_what_was_kept_out(tmp_path: Path) -> None:
    write(tmp_path / "raw.jsonl", [LONG.replace("50", "51")])
    rows = json.loads((tmp_path / "raw.jsonl").read_text()) | {"answer": "0"}
    (tmp_path / "raw.jsonl").write_text(json.dumps(rows))
    write(tmp_path / "Mine.jsonl", [LONG])
    for name, against in (("with", (str(tmp_path / "Mine.jsonl"),)), ("without", ())):
        curate(CurateSettings((str(tmp_path / "raw.jsonl"),), tmp_path / name, against=against))
    assert trained_on([MINE], [tmp_path / "with"]) == []
    (warning,) = trained_on([MINE], [tmp_path / "without"])
    assert "was curated without --against mine" in warning
    (tmp_path / "with" / "manifest.json").write_text("{}")
    with pytest.raises(ConfigError, match="manifest.json cannot be read"):
        trained_on([MINE], [tmp_path / "with"])
