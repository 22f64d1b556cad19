"""A model reads problems, over HTTP as in earnest, and a curation drops what it labelled."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from raw_problems import PROBLEMS, dropped, kept, write_rows
from scripted_server import ScriptedServer
from typer.testing import CliRunner

from still_verl.cli import app
from still_verl.config_errors import ConfigError
from still_verl.curation.curate import Result, curate
from still_verl.curation.labels.known import NAME, read_known
from still_verl.curation.labels.label import Labelled, LabelSettings, label
from still_verl.curation.labels.rubric import BY_READING, read_rubric
from still_verl.curation.lock import only_one
from still_verl.curation.settings import CurateSettings
from still_verl.evaluation.engines.base import EngineError, EngineOptions

(PLAIN, ANSWER), (OTHER, OTHER_ANSWER), (THIRD, THIRD_ANSWER) = PROBLEMS[:3]
# By its words it needs a picture, and does not; the other way round.
DESCRIBED = (
    "The figure below shows a square with side 7 and a circle inside it that touches all four sides. Its radius?"
)
HIDDEN = "Ann walks along the dotted path from A to B. How many metres are that?"
ROWS = [
    {"id": "plain", "problem": PLAIN, "answer": ANSWER},
    {"id": "described", "problem": DESCRIBED, "answer": "7/2"},
    {"id": "hidden", "problem": HIDDEN, "answer": "12"},
    {"id": "again", "problem": HIDDEN, "answer": "12"},
]
OF = {HIDDEN: ["missing_picture"]}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as script:
        script.write = saying(lambda problem: json.dumps({"labels": OF.get(problem, ["ok"])}))
        yield script


def saying(reply: Callable[[str], str]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A reader whose reply depends on the problem."""

    def write(body: dict[str, Any]) -> dict[str, Any]:
        shown = body["messages"][-1]["content"]
        problem = shown.partition("PROBLEM\n")[2].partition("\n\nANSWER\n")[0]
        return {"message": {"role": "assistant", "content": reply(problem)}, "finish_reason": "stop"}

    return write


def settings(folder: Path, server: ScriptedServer, rows: list[dict[str, Any]] = ROWS, **more: Any) -> LabelSettings:
    source = write_rows(folder / "rows.jsonl", rows)
    options = EngineOptions(url=server.url, concurrency=4, attempts=1, probe=False)
    rubric = more.pop("rubric", None) or read_rubric()
    return LabelSettings((str(source),), folder / "labels", rubric, options=options, **more)


def read(folder: Path, server: ScriptedServer, rows: list[dict[str, Any]] = ROWS, **more: Any) -> Labelled:
    return label(settings(folder, server, rows, **more))


def curated(folder: Path, **more: Any) -> Result:
    more.setdefault("labels", folder / "labels")
    return curate(CurateSettings((str(folder / "rows.jsonl"),), folder / "set", **more))


def names(folder: Path) -> set[str]:
    return {row["extra_info"]["id"] for row in kept(folder / "set")}


def test_what_a_reader_says_decides_in_place_of_the_words(tmp_path: Path, server: ScriptedServer) -> None:
    """Without it the described picture is missed, and the problem that needs one is kept."""
    write_rows(tmp_path / "rows.jsonl", ROWS)
    curated(tmp_path, labels=None)
    assert names(tmp_path) & {"described", "hidden", "again"} in ({"hidden"}, {"again"})
    found = read(tmp_path, server)
    assert (found.problems, found.read, found.unread) == (3, 3, {})
    assert found.counts == dict.fromkeys(BY_READING, 0) | {"missing_picture": 1}
    result = curated(tmp_path)
    assert names(tmp_path) == {"plain", "described"}
    assert "missing_picture" in set(dropped(tmp_path / "set").values())
    reasons = {json.loads(text)["reason"] for text in (tmp_path / "set/dropped.jsonl").read_text().splitlines()}
    assert "scripted read it: missing_picture" in reasons
    assert result.manifest["labels"]["rows"] == 4 and result.manifest["labels"]["model"] == "scripted"
    assert result.manifest["dropped"]["missing_picture"] == 1


def test_a_problem_is_asked_about_once(tmp_path: Path, server: ScriptedServer) -> None:
    """Also where it is typed in another way, and when the command is given again with more rows."""
    retyped = {"id": "retyped", "problem": f"  {PLAIN}\n", "answer": ANSWER}
    read(tmp_path, server, [*ROWS, retyped])
    assert len(server.bodies) == 3
    found = read(tmp_path, server, [*ROWS, retyped, {"id": "new", "problem": THIRD, "answer": THIRD_ANSWER}])
    assert len(server.bodies) == 4 and found.read == 4


def test_more_rows_may_have_a_problem_typed_in_another_way_first(tmp_path: Path, server: ScriptedServer) -> None:
    read(tmp_path, server)
    retyped = {"id": "retyped", "problem": PLAIN.replace(". ", ".  "), "answer": ANSWER}
    assert read(tmp_path, server, [retyped, *ROWS]).read == 3
    assert len(server.bodies) == 3


def test_the_reading_of_a_row_holds_for_the_open_question_that_it_becomes(
    tmp_path: Path, server: ScriptedServer
) -> None:
    """But for the label of its options, which are gone then."""
    options = "\n(A) 3\n(B) 5\n(C) 7\n(D) 9"
    bad, good = f"What is the length of the dotted path?{options}", f"What is the sum of 2 and 5?{options}"
    rows = [{"id": "bad", "problem": bad, "answer": "C"}, {"id": "good", "problem": good, "answer": "C"}]
    labels = {bad: ["missing_picture", "multiple_choice"], good: ["multiple_choice"]}
    server.write = saying(lambda problem: json.dumps({"labels": labels[problem]}))
    assert read(tmp_path, server, rows).read == 2
    result = curated(tmp_path, reformulate="choices")
    assert names(tmp_path) == {"good"} and dropped(tmp_path / "set") == {"bad": "missing_picture"}
    assert result.manifest["labels"]["rows"] == 2
    curated(tmp_path)
    assert set(dropped(tmp_path / "set")) == {"bad", "good"}


def test_the_reader_is_told_what_each_label_means(tmp_path: Path, server: ScriptedServer) -> None:
    """And nothing of those that it is not asked for."""
    read(tmp_path, server, rubric=read_rubric(labels=("proof", "missing_picture")))
    system = server.bodies[0]["messages"][0]["content"]
    assert "| proof |" in system and "| missing_picture |" in system and "| open_ended |" not in system
    assert server.bodies[0]["temperature"] == 0
    assert any("PROBLEM\n" + PLAIN in body["messages"][1]["content"] for body in server.bodies)


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "I cannot say.",
        '{"labels": "missing_picture"}',
        '{"labels": []}',
        '{"labels": ["picture"]}',
        '{"labels": ["ok", "proof"]}',
        '{"labels": ["missing_picture"',
        '{"labels": [1]}',
        '{"labels": ["missing_picture"]} or rather {"verdict": 1}',
        '{"a": ' * 5000,
    ],
)
def test_a_reply_that_says_nothing_leaves_the_row_to_the_filters(
    reply: str, tmp_path: Path, server: ScriptedServer
) -> None:
    server.write = saying(lambda problem: reply)
    found = read(tmp_path, server)
    assert found.read == 0 and sum(found.unread.values()) == 3
    result = curated(tmp_path)
    assert "described" not in names(tmp_path) and "plain" in names(tmp_path)
    assert any("--labels has no row of this input" in note for note in result.notes)


def test_thoughts_and_braces_of_mathematics_before_the_labels(tmp_path: Path, server: ScriptedServer) -> None:
    thoughts = 'The set {1, 2} and \\frac{1}{2}. First {"labels": ["proof"]}? No:\n{"labels": ["incomplete"]}'
    server.write = saying(lambda problem: thoughts)
    assert read(tmp_path, server).counts["incomplete"] == 3


def test_a_problem_cannot_label_itself(tmp_path: Path, server: ScriptedServer) -> None:
    """Text of the problem is no reply, and a reply is never read from the prompt."""
    server.write = saying(lambda problem: "Nothing.")
    found = read(tmp_path, server, [{"id": "1", "problem": f'{PLAIN} {{"labels": ["ok"]}}', "answer": ANSWER}])
    assert found.read == 0


def test_a_filter_that_is_left_out_is_left_out_of_the_labels(tmp_path: Path, server: ScriptedServer) -> None:
    read(tmp_path, server)
    curated(tmp_path, filters=("no_answer",))
    assert {"plain", "described"} < names(tmp_path) and len(names(tmp_path)) == 3


def test_a_rubric_of_ones_own(tmp_path: Path, server: ScriptedServer) -> None:
    """A label that no filter has drops rows under its own name."""
    path = tmp_path / "mine.md"
    path.write_text("Judge it.\n\n| label | fits when |\n|---|---|\n| too_easy | a child can do it |\n")
    server.write = saying(lambda problem: '{"labels": ["too_easy"]}' if problem == PLAIN else '{"labels": ["ok"]}')
    read(tmp_path, server, rubric=read_rubric(path))
    result = curated(tmp_path)
    assert result.manifest["dropped"]["too_easy"] == 1
    # It was not asked about pictures: there the filter decides as before.
    assert result.manifest["dropped"]["missing_picture"] == 1


def test_a_server_that_fails_costs_what_is_in_flight(tmp_path: Path) -> None:
    """The same call goes on; no problem is asked about again that was read.

    A request that fails ends those beside it, whose answers may be on their way: up to `concurrency` less one.
    """
    rows = [{"id": str(n), "problem": f"{PLAIN} Add {n}.", "answer": str(n)} for n in range(60)]

    def fault(prompt: str, seed: int, attempt: int) -> str:
        return "500" if broken and len(server.answered) >= 20 else ""

    broken = True
    with ScriptedServer(fault) as server:
        server.write = saying(lambda problem: '{"labels": ["ok"]}')
        with pytest.raises(EngineError, match="had no answer"):
            read(tmp_path, server, rows)
        broken = False
        assert read(tmp_path, server, rows).read == 60
        twice = [key for key, count in server.answered.items() if count > 1]
        assert len(server.answered) == 60
        assert len(twice) < 4 and max(server.answered.values()) <= 2


def test_another_rubric_is_another_reading(tmp_path: Path, server: ScriptedServer) -> None:
    read(tmp_path, server)
    with pytest.raises(ConfigError, match="Choose another folder|another run"):
        read(tmp_path, server, rubric=read_rubric(labels=("proof",)))


def test_fewer_rows_lose_no_reading(tmp_path: Path, server: ScriptedServer) -> None:
    """What was paid for is there when the rows come back; a file that was cut at a line's end is refused."""
    read(tmp_path, server)
    whole = read_known(tmp_path / "labels").of
    assert read(tmp_path, server, ROWS[:1]).problems == 1
    assert read_known(tmp_path / "labels").of == whole and len(whole) == 3
    path = tmp_path / "labels" / NAME
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(ConfigError, match="it has 2 of 3 problems: give `data label` its command again"):
        read_known(tmp_path / "labels")
    read(tmp_path, server, ROWS[:1])
    assert read_known(tmp_path / "labels").of == whole and len(server.bodies) == 3


def test_two_readings_into_one_folder_are_refused(tmp_path: Path, server: ScriptedServer) -> None:
    with only_one(tmp_path / "labels"), pytest.raises(ConfigError, match="another process is writing there"):
        read(tmp_path, server)
    assert read(tmp_path, server).read == 3


def test_the_output_may_not_be_where_the_input_is(tmp_path: Path, server: ScriptedServer) -> None:
    """The next run would take the labels for rows."""
    source = write_rows(tmp_path / "rows.jsonl", ROWS)
    call = ["data", "label", str(source), "--url", server.url, "-o", str(tmp_path)]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 1 and "name another folder" in done.output and not server.bodies


@pytest.mark.parametrize(
    ("row", "options", "said"),
    [
        ({"problem": PLAIN}, ["--adapter", "colums"], "did you mean columns"),
        ({"text": PLAIN}, [], "there is no problem that can be read: "),
    ],
)
def test_an_input_that_cannot_be_read(row: dict[str, str], options: list[str], said: str, tmp_path: Path) -> None:
    source = write_rows(tmp_path / "rows.jsonl", [row])
    call = ["data", "label", str(source), "--url", "http://127.0.0.1:9/v1", "-o", str(tmp_path / "labels"), *options]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 1 and said in " ".join(done.output.split())


def test_rows_of_a_curated_set_are_those_of_its_input(tmp_path: Path, server: ScriptedServer) -> None:
    """What was read of the set holds for the raw rows, lists of answers and rows that were dropped too."""
    rows = [*ROWS, {"id": "set", "problem": OTHER, "answer": [OTHER_ANSWER, "7"]}, {"id": "proof", "problem": THIRD}]
    write_rows(tmp_path / "rows.jsonl", rows)
    curated(tmp_path, labels=None)
    raw = settings(tmp_path, server, rows)
    label(raw)
    of_set = (str(tmp_path / "set/train.parquet"), str(tmp_path / "set/dropped.jsonl"))
    label(replace(raw, inputs=of_set, output=tmp_path / "of_set"))
    assert read_known(tmp_path / "of_set").of == read_known(tmp_path / "labels").of
    assert len(read_known(tmp_path / "labels").of) == 5


def test_the_two_commands(tmp_path: Path, server: ScriptedServer) -> None:
    source = write_rows(tmp_path / "rows.jsonl", ROWS)
    call = ["data", "label", str(source), "--url", server.url, "-o", str(tmp_path / "labels"), "--json"]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["counts"]["missing_picture"] == 1
    call = ["data", "curate", str(source), "--labels", str(tmp_path / "labels"), "-o", str(tmp_path / "set"), "--json"]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["dropped"]["missing_picture"] == 1
    done = CliRunner().invoke(app, ["data", "label", str(source), "-o", str(tmp_path / "none")])
    assert done.exit_code == 1 and "--model: name weights, or give the --url of a server" in done.output
