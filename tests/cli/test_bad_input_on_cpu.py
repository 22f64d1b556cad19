"""What each command says of input that it cannot use: one line that names it, and the right exit code."""

import os
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
report run --port 80 | 1 | --port 80: it is the port of --serve
report run --serve -o page.html | 1 | --output page.html: --serve writes no page
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
score --reward-fn length --input rows.jsonl --kwarg max_tokens=-1 | 1 | max_tokens=-1: use a whole number of at least 1
score --reward-fn length --input rows.jsonl --kwarg max_tokens=foo | 1 | max_tokens=foo: use a whole number
score --reward-fn overlong --input rows.jsonl --kwarg max_tokens=9 --kwarg buffer=0 | 1 | buffer=0: use a whole number
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
report fifo | 1 | fifo is a pipe or a device
report circle -o circle.html | 0 | config.yaml is not readable as YAML and was skipped
report run run | 1 | run is given twice
report run -o rows.jsonl/x.html | 1 | rows.jsonl: File exists
report run --format os.path | 1 | --format='os.path': its type is module
watch --once bytes.log | 1 | bytes.log has no log that is recognised
watch --once fifo | 1 | fifo is a pipe or a device
watch --once loops | 0 | loops
watch run run | 2 | unexpected extra argument
diagnose loops | 1 | loops has no log that is recognised
diagnose fifo | 1 | fifo is a pipe or a device
diagnose bytes.log#x | 1 | has no run called 'x'
diagnose run --json --markdown | 1 | --json and --markdown: choose one
verify {{{{ 1 | 2 | ground_truth='{{{{' cannot be read
score --reward-fn ends.py --input rows.jsonl | 1 | row 1: the reward raised SystemExit
score --reward-fn ends_at_once.py --input rows.jsonl | 1 | ends_at_once.py cannot be imported: SystemExit
score --reward-fn none.py --input rows.jsonl | 1 | row 1: the reward returned None as score
score --reward-fn run --input rows.jsonl | 1 | no reward function 'run'
score --reward-fn boxed_math --input list.jsonl | 1 | list.jsonl:1: not a JSON object
score --reward-fn boxed_math --input deep.jsonl | 1 | deep.jsonl:1: not JSON
score --reward-fn boxed_math --input bytes.log | 1 | bytes.log: neither parquet nor text in UTF-8
score --reward-fn boxed_math --input rows.jsonl --output rows.jsonl | 1 | --output rows.jsonl is the input
score --reward-fn boxed_math --input rows.jsonl --output nope/x | 1 | --output nope/x cannot be written
run-code bytes.log | 2 | bytes.log is no text in UTF-8
recipes --show still/kl=../../recipe/base | 1 | there is no still/kl=../../recipe/base
recipes --show ../../../etc/passwd | 1 | there is no recipe=../../../etc/passwd
PLAN --steps 99999999999999999999 | 1 | --steps=99999999999999999999: a plan looks at each step, so at most 1,000,000
PLAN trainer.total_training_steps=abc | 1 | trainer.total_training_steps=abc: a run has a whole number of steps
PLAN data.train_batch_size=99999999999999999999 | 1 | use at most 1,000,000
PLAN data.train_batch_size=900000 | 1 | responses of a step; a plan counts at most 1,000,000
PLAN hardware=8xA100-80G | 1 | give one, or several with --compare
PLAN --png x.png | 1 | --png x.png: hardware does not read it
PLAN --compare 8xH100-80G --price 2 | 1 | --price 2.0: --compare does not read it
PLAN --price nan | 1 | --price=nan: an hour costs 0 or more
plan --schedule +recipe=base still/kl=cosine --steps 9 --price 3 | 1 | --price 3.0: --schedule does not read it
plan --schedule +recipe=base still/kl=cosine --steps 9 --png x.nosuch | 1 | --png x.nosuch: let its name end in .png
plan --schedule +recipe=base still/kl=cosine --steps 9 --png nope/x.png | 1 | --png nope/x.png cannot be written
demo hydra.run.dir=x | 1 | hydra.run.dir=x: the folder of a demo is still.run_dir; write still.run_dir=x
demo --seed -1 | 2 | should be greater than or equal to 0
data | 2 | Usage
report run -o full | 1 | --output full is a pipe or a device: name a file
report run -o fifo | 1 | --output fifo is a pipe or a device: name a file
eval --from judged.jsonl --report fifo.html | 1 | fifo.html is a pipe or a device: name a file
run-code zeros | 2 | zeros is a device: give a file
run-code --stdin --input zeros | 2 | zeros is a device: give a file
run-code --stdin --timeout 1e300 | 2 | seconds=1e+300: use at most
score --reward-fn boxed_math --input zeros | 1 | --input zeros is a device: name a file
score --reward-fn boxed_math --input rows.jsonl --kwarg verifier=[1 | 1 | --kwarg verifier=[1: its value is no YAML
score --reward-fn keys.py --input rows.jsonl | 1 | row 1: the reward returned 3 as a key: use names
score --reward-fn mixed.py --input rows.jsonl | 1 | row 1: the reward returned [3, 'a'], without `score`
demo-chain --seed -1 | 2 | --seed
demo-chain -o rows.jsonl | 1 | rows.jsonl is a file: name a folder
demo-chain -o run | 1 | run has something else than a chain: name another folder
data nosuch | 2 | No such command 'nosuch'
data curate nope -o set | 1 | INPUT nope: there is no such file or folder
data curate rows.jsonl -o bytes.log | 1 | -o bytes.log: it is a file; name a folder
data curate rows.jsonl -o . | 1 | -o .: the input rows.jsonl lies there
data curate rows.jsonl -o set --against nope | 1 | nope: unknown; use one of aime24
data curate rows.jsonl -o set --filter nosuch | 1 | --filter='nosuch': use one of no_answer
data curate rows.jsonl -o set --without nosuch | 1 | --without='nosuch': use one of no_answer
data curate rows.jsonl -o set --adapter os.path | 1 | --adapter='os.path': its type is module
data curate rows.jsonl -o set --max-rejects nan | 1 | --max-rejects nan: use a share from 0 to 1
data curate rows.jsonl -o set --workers 0 | 1 | --workers 0: use 1 or more
data curate rows.jsonl -o set --decisions run | 1 | --decisions run: it cannot be read
data diff nope nope | 1 | nope: it has no manifest that can be read
data diff rows.jsonl run | 1 | rows.jsonl: it is no folder of
data difficulty nope -o set --from judged.jsonl | 1 | INPUT nope: there is no such file or folder
data difficulty judged.jsonl -o set | 1 | INPUT: name a MODEL or a --url that is asked, or --from
data difficulty judged.jsonl -o set --from nope | 1 | nope: there is no such file or folder
data difficulty judged.jsonl -o set --from judged.jsonl --band 0.8 0.2 | 1 | --band 0.8 0.2: give its lower end first
data difficulty judged.jsonl -o set --from judged.jsonl --prior 0 nan | 1 | --prior 0 nan: use two numbers above 0
data difficulty deep.jsonl -o set --from judged.jsonl | 1 | deep.jsonl: line 1: it is nested too deeply
data preview nope | 1 | nope cannot be read (No such file
data preview bytes.log | 1 | bytes.log is no text in UTF-8
data preview rows.jsonl | 1 | rows.jsonl row 1: there is no column `prompt`
data preview rows.jsonl --rows 0 | 2 | should be greater than or equal to 1
data preview chat.jsonl --template broken.jinja | 1 | the template cannot be read
data preview chat.jsonl --prompt nosuch | 1 | --prompt nosuch: use one of bare
data show-mask run | 1 | run cannot be read (Is a directory)
data show-mask list.jsonl | 1 | list.jsonl row 1: a row is 1: use an object
data show-mask rows.jsonl | 1 | rows.jsonl row 1: there is no `messages` and no `input_ids`
data distill nope -o set | 1 | PROBLEMS nope: there is no such file
data distill judged.jsonl m -o set --url notaurl -n 0 | 1 | --samples 0: use 1 or more
data distill judged.jsonl m -o set --url notaurl --token-budget -5 | 1 | --token-budget -5: use a number above 0
eval | 1 | --benchmark: name at least one of aime24
eval --from bytes.log | 1 | --from bytes.log: no samples in it
eval --from judged.jsonl --against nope | 1 | --against nope: there is no such file or folder
eval --from judged.jsonl --report x.pdf | 1 | --report x.pdf: let its name end in .html
eval --from judged.jsonl --report rows.jsonl/x.md | 1 | rows.jsonl
eval --from judged.jsonl --margin nan | 1 | --margin nan: use more than 0 and less than 100 points
eval --from judged.jsonl --extract nosuch | 1 | --extract='nosuch': use one of boxed
eval --select run -b judged.jsonl | 1 | --select run: no checkpoint has a validation of its step
eval m -b nosuch --url http://127.0.0.1:1/v1 | 1 | --benchmark nosuch: unknown; use one of aime24
eval m -b judged.jsonl --url http://127.0.0.1:1/v1 --top-p 3 | 1 | --top-p 3.0: use a number above 0, at most 1
eval m -b judged.jsonl --url http://127.0.0.1:1/v1 --engine-arg x | 1 | --engine-arg x: write NAME=VALUE
eval m -b judged.jsonl --url http://127.0.0.1:1/v1 --engine-arg =x | 1 | --engine-arg =x: write NAME=VALUE
nosuch | 2 | No such command 'nosuch'
doctr | 2 | doctor
doctor --nosuch | 2 | No such option: --nosuch
"""
CASES = [[part.strip() for part in line.split(" | ")] for line in TABLE.strip().splitlines()]
FILES = {
    "none.py": "def compute_score(**columns): return None\n",
    "ends.py": "def compute_score(**columns): raise SystemExit(0)\n",
    "ends_at_once.py": "raise SystemExit(0)\n",
    "keys.py": "def compute_score(**columns): return {'score': 1, 3: 4}\n",
    "mixed.py": "def compute_score(**columns): return {3: 4, 'a': 1}\n",
    "list.jsonl": "[1]\n",
    "deep.jsonl": "[" * 100_000 + "]" * 100_000 + "\n",
    "judged.jsonl": '{"problem": "What is 12 + 31?", "answer": "43", "correct": true}\n',
    "chat.jsonl": '{"prompt": [{"role": "user", "content": "hi"}]}\n',
    "broken.jinja": "{% for",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in (("run", b'{"step": 1, "still/accuracy": 0.5}\n'), ("bytes", b"\xff\xfe\x00"), ("empty", b"")):
        (tmp_path / name).mkdir()
        if content:
            (tmp_path / name / "metrics.jsonl").write_bytes(content)
    (tmp_path / "bytes.log").write_bytes(b"\x00\x01\xff")
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "circle" / ".hydra").mkdir(parents=True)
    (tmp_path / "circle" / ".hydra" / "config.yaml").write_text("a: &a [*a]\n")
    (tmp_path / "circle" / "metrics.jsonl").write_text('{"step": 1, "still/accuracy": 0.5}\n')
    (tmp_path / "loops").mkdir()
    (tmp_path / "loops" / "itself").symlink_to("itself")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "fifo.html").symlink_to("fifo")
    (tmp_path / "zeros").symlink_to("/dev/zero")
    (tmp_path / "full").symlink_to("/dev/full")
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
    assert "Traceback" not in done.output or "the reward raised" in done.output or "cannot be imported" in done.output


def test_a_folder_whose_other_files_are_broken_has_a_report(folder: Path) -> None:
    (folder / "run" / "versions.json").write_bytes(b"\xff\xfe\x00")
    (folder / "run" / "alarms.jsonl").write_bytes(b"\xff\xfe\x00")
    (folder / "run" / ".hydra").mkdir()
    (folder / "run" / ".hydra" / "config.yaml").write_bytes(b"\xff\xfe\x00")
    (folder / "run" / ".hydra" / "overrides.yaml").write_bytes(b"\xff\xfe\x00")
    done = CliRunner().invoke(app, ["report", "run"])
    assert done.exit_code == 0 and (folder / "report.html").is_file(), (done.output, done.exception)
