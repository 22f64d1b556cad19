"""What each command says of input that it cannot use: one line that names it, and the right exit code."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from still_verl.cli import app

pytestmark = pytest.mark.process  # `plan` imports verl

PLAN = "plan +recipe=zero_7b hardware=8xH100-80G"
# command | exit code | what the message has
TABLE = """
report nope | 1 | nope does not exist: give the folder of a run
report empty | 1 | empty has no log that is recognised
report bytes | 1 | bytes has no log that is recognised
report bytes.log | 1 | bytes.log has no log that is recognised
report run -o . | 1 | --output . is a folder: name a file in it, e.g. report.html
report run --port 99999 | 2 | --port': Input should be less than or equal to 65535
report run --serve --port -1 | 2 | --port': Input should be greater than or equal to 0
report run --port abc | 2 | should be a valid integer
report run --format nosuch | 1 | nosuch
diagnose nope | 1 | nope does not exist
diagnose empty | 1 | empty has no log that is recognised
diagnose bytes | 1 | bytes has no log that is recognised
diagnose run --fail-on nosuch | 1 | --fail-on='nosuch': use one of critical
verify | 2 | Missing argument 'gold'
verify 1 | 2 | Missing argument 'answer'
verify 1 2 3 | 2 | unexpected extra argument
score | 2 | Missing option '--reward-fn'
score --reward-fn boxed_math --input nope.jsonl | 1 | --input nope.jsonl cannot be read (No such file
score --reward-fn boxed_math --input run | 1 | --input run cannot be read (Is a directory)
score --reward-fn nope.py --input rows.jsonl | 1 | no reward function 'nope.py'
score --reward-fn boxed_math:nope --input rows.jsonl | 1 | has no function nope
score --reward-fn boxed_math --input rows.jsonl --kwarg x | 1 | --kwarg x: write NAME=VALUE
score --reward-fn boxed_math --input rows.jsonl --kwarg vrifier=lenient | 1 | did you mean verifier?
score --reward-fn boxed_math --input rows.jsonl --kwarg verifier=loose | 1 | loose
score --reward-fn length --input rows.jsonl | 1 | --kwarg max_tokens: the reward needs a value for it; give one
plan | 2 | Missing argument 'overrides'
plan +recipe=zero_7b | 1 | give the hardware, e.g. hardware=8xH100-80G
plan +recipe=zero_7b hardware=foo | 1 | hardware=foo: write COUNTxKIND-MEMORY
plan +recipe=zero_7b hardware=0xH100-80G | 1 | hardware=0xH100-80G: write COUNTxKIND-MEMORY
plan +recipe=zero_7b hardware=-8xH100-80G | 1 | hardware=-8xH100-80G: write COUNTxKIND-MEMORY
plan +recipe=zero_7 hardware=8xH100-80G | 1 | did you mean zero_7b?; there are: base
PLAN --mean-tokens 0 | 1 | --mean-tokens=0: an average response has more than 0 tokens
PLAN --mean-tokens -5 | 1 | --mean-tokens=-5
PLAN --mean-tokens nan | 2 | --mean-tokens
PLAN --mean-tokens 999999 | 1 | lower it, or raise that
PLAN --steps 0 | 1 | --steps=0: a run has at least 1 step
PLAN data.train_batch_size=abc | 1 | data.train_batch_size=abc: use a whole number of at least 1
PLAN data.train_batch_size=0 | 1 | data.train_batch_size=0: use a whole number
PLAN data.train_batch_size=null | 1 | data.train_batch_size=None: use a whole number
PLAN actor_rollout_ref.rollout.n=0 | 1 | actor_rollout_ref.rollout.n=0: use a whole number
PLAN actor_rollout_ref.rollout.n=1.5 | 1 | actor_rollout_ref.rollout.n=1.5: use a whole number
PLAN actor_rollout_ref.rollout.n=true | 1 | actor_rollout_ref.rollout.n=True: use a whole number
PLAN data.nosuch=3 | 1 | Could not override 'data.nosuch'
PLAN x | 1 | Error parsing override 'x'
PLAN actor_rollout_ref.model.path=/no/model | 1 | /no/model: no config.json there
plan --schedule +recipe=base still/kl=cosine | 1 | give --steps
plan --schedule +recipe=base still/kl=cosine --steps -1 | 1 | --steps=-1: a run has at least 1 step
plan --schedule +recipe=base still/kl=cosine --steps 9 still.kl.start=abc | 1 | still.kl.start='abc': use a number
run-code | 2 | give a FILE or --stdin
run-code nope.py | 2 | nope.py cannot be read (No such file
run-code run | 2 | run cannot be read (Is a directory)
run-code --stdin --timeout -1 | 2 | seconds=-1.0: use a number above 0
run-code --stdin --timeout nan | 2 | seconds=nan: use a number above 0
run-code --stdin --timeout inf | 2 | seconds=inf: use a number above 0
run-code --stdin --input nope | 2 | nope cannot be read
demo --recipe nosuch | 1 | --recipe nosuch: use one of demo
demo --failure nosuch | 1 | --failure='nosuch': use one of constant_reward
demo --failure length --recipe demo_skills | 1 | leave out --recipe demo_skills
demo --seed abc | 2 | should be a valid integer
demo-model nosuch | 1 | no demo model called 'nosuch'; there are: tiny
recipes --show nosuch | 1 | there is no recipe=nosuch
recipes --show still/nosuch=x | 1 | there is no group nosuch
eval --from rows.jsonl --temperature 0.3 | 1 | --temperature: --from scores samples that are there, and does not read it
eval --from rows.jsonl -b aime24 | 1 | --benchmark: --from scores samples that are there
eval --from /nowhere | 1 | --from /nowhere: there is no such file
eval --from rows.jsonl --seed 0 | 1 | --seed: --from scores samples
eval --from rows.jsonl --k 0 | 1 | --k 0: use 1 or more
nosuch | 2 | No such command 'nosuch'
doctr | 2 | doctor
doctor --nosuch | 2 | No such option: --nosuch
"""
CASES = [[part.strip() for part in line.split(" | ")] for line in TABLE.strip().splitlines()]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in (("run", b'{"step": 1, "still/accuracy": 0.5}\n'), ("bytes", b"\xff\xfe\x00"), ("empty", b"")):
        (tmp_path / name).mkdir()
        if content:
            (tmp_path / name / "metrics.jsonl").write_bytes(content)
    (tmp_path / "bytes.log").write_bytes(b"\x00\x01\xff")
    (tmp_path / "rows.jsonl").write_text('{"solution_str": "1", "ground_truth": "1"}\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("command", "code", "message"), CASES, ids=[case[0] for case in CASES])
def test_one_line_names_it(folder: Path, command: str, code: str, message: str) -> None:
    arguments = command.replace("PLAN", PLAN).split()
    done = CliRunner().invoke(app, arguments, input="print(1)", env={"COLUMNS": "300"})
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    assert done.exit_code == int(code), done.output
    assert message in done.output, done.output
    # A reward that raises shows where, as it does in a job.
    assert "Traceback" not in done.output or "the reward raised" in done.output


def test_a_folder_whose_other_files_are_broken_has_a_report(folder: Path) -> None:
    (folder / "run" / "versions.json").write_bytes(b"\xff\xfe\x00")
    (folder / "run" / "alarms.jsonl").write_bytes(b"\xff\xfe\x00")
    (folder / "run" / ".hydra").mkdir()
    (folder / "run" / ".hydra" / "config.yaml").write_bytes(b"\xff\xfe\x00")
    (folder / "run" / ".hydra" / "overrides.yaml").write_bytes(b"\xff\xfe\x00")
    done = CliRunner().invoke(app, ["report", "run"])
    assert done.exit_code == 0 and (folder / "report.html").is_file(), (done.output, done.exception)
