"""The chain from demonstrations to RL, without its trainings: problems, teacher, commands, journal and table."""

import io
import json
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from still_verl.demo.results import DemoError
from still_verl.demo.tools.chain import finished, run_stages
from still_verl.demo.tools.powers import ASKED, answer, question, write_powers
from still_verl.demo.tools.results import accuracies, differ, differences, of_evaluation, of_validation
from still_verl.demo.tools.stages import Stage, checkpoint, rl, stages
from still_verl.demo.tools.teacher import MODEL, Teacher, say
from still_verl.demonstrations.distill.run import distill
from still_verl.demonstrations.distill.settings import DistillSettings
from still_verl.demonstrations.distill.setup import make
from still_verl.evaluation.engines.base import EngineOptions
from still_verl.evaluation.rows import Row, write_rows


def quiet() -> Console:
    return Console(file=io.StringIO())


def test_no_problem_is_in_two_files_and_all_numbers_have_two_digits(tmp_path: Path) -> None:
    files = write_powers(tmp_path, train=200, val=60, taught=80, more=50)
    problems = []
    for file in files:
        for row in pq.read_table(file).to_pylist():
            asked = ASKED.fullmatch(row["prompt"][0]["content"])
            assert asked is not None
            problem = int(asked[1]), int(asked[2])
            assert len(asked[1]) == len(asked[2]) == len(row["reward_model"]["ground_truth"]) == 2
            assert row["reward_model"]["ground_truth"] == str(answer(*problem))
            problems.append(problem)
    assert len(set(problems)) == len(problems) == 390


def test_what_the_teacher_does_wrong_is_no_demonstration(tmp_path: Path) -> None:
    (file, *_) = write_powers(tmp_path / "data", train=60, val=1, taught=1, more=1)
    with Teacher() as teacher:
        options = EngineOptions(MODEL, teacher.url, 8, 20, 4)
        settings = DistillSettings(str(file), tmp_path / "run", options=options, samples=1, sampling={"max_tokens": 80})
        wanted = make(settings)
        try:
            counts = distill(wanted).counts
        finally:
            wanted.engine.close()
    assert counts.samples == 60 == counts.kept + counts.rejected.total() and counts.missing == 0
    assert 30 < counts.kept < 60 and set(counts.rejected) <= {"wrong", "no_code", "own_output", "ends_in_error"}
    for line in (tmp_path / "run" / "demonstrations.jsonl").read_text().splitlines():
        asked, said = json.loads(line)["messages"]
        problem = ASKED.fullmatch(asked["content"])
        assert problem is not None
        right = answer(int(problem[1]), int(problem[2]))
        program = f"```python\nprint({problem[1]}**{problem[2]}%100)\n```\n"
        assert said["content"] == f"{program}```output\n{right}\n```\n\\boxed{{{right}}}"


def test_the_teacher_knows_nothing_else() -> None:
    with pytest.raises(ValueError, match="powers only"):
        say([{"role": "user", "content": "2+2=?"}], 0)


def test_rl_begins_with_the_checkpoint_that_is_there_when_it_begins(tmp_path: Path) -> None:
    planned = {stage.name: stage for stage in stages(tmp_path, tmp_path / "base", tmp_path, "http://localhost/v1", 1)}
    assert list(planned)[:5] == ["teacher", "warm", "self", "sft", "rl"] and len(planned) == 11
    saved = tmp_path / "sft" / "checkpoints"
    (saved / "global_step_63" / "huggingface").mkdir(parents=True)
    (saved / "global_step_63" / "huggingface" / "model.safetensors").touch()
    (saved / "latest_checkpointed_iteration.txt").write_text("63")
    model = f"actor_rollout_ref.model.path={saved}/global_step_63/huggingface"
    assert model in planned["rl"].command() == rl(tmp_path / "sft", tmp_path / "rl", 1)
    assert checkpoint(tmp_path / "base") == tmp_path / "base"

    of_rl = tmp_path / "rl" / "checkpoints"  # verl saves its shards, and of the model all but the weights
    (of_rl / "global_step_12" / "actor" / "huggingface").mkdir(parents=True)
    (of_rl / "latest_checkpointed_iteration.txt").write_text("12")
    assert checkpoint(tmp_path / "rl") == of_rl / "global_step_12"
    assert str(saved / "global_step_63" / "huggingface") in planned["eval/sft_tools"].command()
    assert "--code" in planned["eval/sft_tools"].command() and "--code" not in planned["eval/sft_plain"].command()


def test_a_rerun_goes_on_behind_what_finished(tmp_path: Path) -> None:
    def write(name: str, code: str = "") -> Stage:
        told = f"open({str(tmp_path / name)!r}, 'a').write('x'); {code}"
        return Stage(name, f"writes [{tmp_path}/{name}]", lambda: (sys.executable, "-c", told))

    out = tmp_path / "out"
    with pytest.raises(DemoError, match="(?s)no luck.*it ended with code 1"):
        run_stages([write("a"), write("b", "raise SystemExit('no luck')"), write("c")], out, 1, quiet())
    assert list(finished(out)) == ["a"] and not (tmp_path / "c").exists()
    took = run_stages([write("a"), write("b"), write("c")], out, 1, quiet())
    assert [stage.name for stage in took] == ["a", "b", "c"] and all(stage.seconds > 0 for stage in took)
    assert [(tmp_path / name).read_text() for name in "abc"] == ["x", "xx", "x"]
    with pytest.raises(DemoError, match="--seed 2: .* has a chain of seed 1"):
        run_stages([], out, 2, quiet())


def sample(problem: int, index: int, right: bool, response: str, **tools: int) -> Row:
    prompt = f"<|user|>{question(12, problem)}<|assistant|>"
    return Row("val", str(problem), index, prompt=prompt, response=response, correct=right, tools=tools or None)


def test_an_evaluation_and_a_validation_are_counted_and_compared(tmp_path: Path) -> None:
    written = [sample(50, 0, True, "\\boxed{1}", calls=2, ok=1), sample(50, 1, False, "```output\n7\n```\n")]
    written += [sample(51, 0, True, "\\boxed{1}", calls=1, ok=1), sample(51, 1, True, "\\boxed{1}")]
    (tmp_path / "eval").mkdir()
    write_rows(tmp_path / "eval" / "rows.jsonl", [*written, Row("val", "52", 0, fault="lost")])
    found = of_evaluation(tmp_path / "eval")
    assert (found.samples, found.accuracy, found.programs, found.calls) == (4, 0.75, 0.5, 0.75)
    assert found.succeeded == pytest.approx(2 / 3) and found.made_up == 0.25
    (tmp_path / "validation").mkdir()
    dumped = []
    for row in written:
        dumped.append({"input": row.prompt, "acc": float(bool(row.correct)), "model_text": row.response})
    (tmp_path / "validation" / "0.jsonl").write_text("".join(json.dumps(row) + "\n" for row in dumped))
    validated = of_validation(tmp_path, 0)
    assert validated.rates == found.rates and differ(found, validated).difference == 0
    assert validated.made_up == found.made_up and validated.programs is None
    assert accuracies({"eval": found, "validation": validated}).row_count == 2
    everything = ("base_plain", "sft_plain", "sft_tools", "rl_plain", "rl_tools", "validation_0")
    assert differences(dict.fromkeys(everything, found)).row_count == 5
