"""What a teacher writes becomes a row, or is rejected with a reason."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripted_server import ScriptedServer
from scripted_teacher import BLOCK, asked, doubling, problems, reply, rows, teaching

from still_verl.demonstrations.distill.judge import MEANINGS

GOOD = "So.\n" + BLOCK.format("print(6 * 7)")
END = r"It is \boxed{42}"


def one(tmp_path: Path) -> str:
    return problems(tmp_path, ["What is six times seven?"], ["42"])


def test_a_row_has_outputs_that_the_sandbox_printed_and_none_of_the_teacher(
    run: Callable[..., Any], server: ScriptedServer, tmp_path: Path
) -> None:
    _, found = run(doubling(tmp_path, 3))
    kept = rows(tmp_path / "run" / "demonstrations.jsonl")
    assert [row["messages"] for row in kept] == [
        [
            {"role": "user", "content": f"double {number}"},
            {
                "role": "assistant",
                "content": f"Let me compute.\n{BLOCK.format(f'print({number} * 2)')}"
                f"```output\n{2 * number}\n```\nIt is \\boxed{{{2 * number}}}",
            },
        ]
        for number in (1, 2, 3)
    ]
    assert found.counts.kept == found.counts.own_outputs == found.counts.calls_ok == 3
    second = [body for body in server.bodies if asked(body)[1] == 1][0]
    assert [message["role"] for message in second["messages"]] == ["system", "user", "assistant", "user"]
    assert "7\n```" not in second["messages"][2]["content"]
    assert (tmp_path / "run" / "rejected.jsonl").read_text() == ""


# What the teacher says, part by part, and what becomes of it: a reason, or nothing where it is kept.
SAID: dict[str, tuple[list[str | None], str]] = {
    "no code": ([END], "no_code"),
    "half a fence": ([f"```pyth\nprint(42)\n{END}"], "no_code"),
    "another language": (["```bash\necho 42\n```\n" + END], "no_code"),
    "half a program": (["```python\nprint(42)\n" + END], "unfinished_code"),
    "an error": ([BLOCK.format("1 / 0"), END], "ends_in_error"),
    "an error that is put right": ([BLOCK.format("1 / 0"), GOOD, END], ""),
    "an endless program": ([BLOCK.format("while True: pass"), END], "ends_in_error"),
    "wrong": ([GOOD, r"It is \boxed{41}"], "wrong"),
    "no answer": ([GOOD, "It is so."], "no_answer"),
    "an output out of nowhere": (["```Output\n42\n```\n" + END], "own_output"),
    "an output in a longer fence": (["````output\n42\n````\n" + END], "own_output"),
    "an output behind another language": ([GOOD, "```cpp\nf();\n```\n```output\n42\n```\n" + END], "own_output"),
    "an output that a program prints": ([BLOCK.format('print("""\n```output\n""", 6 * 7)'), END], ""),
    "ten programs at once": ([10 * GOOD, 10 * GOOD, END], ""),
    "a program that ends the turn": (["So.\n```python\nprint(6 * 7)\n```", END], ""),
    "an answer behind its end": ([GOOD, "<|im_end|>" + END], "no_answer"),
    "a cut reply": ([GOOD, END], "length"),
    "nothing": ([""], "no_reply"),
    "no content": ([None], "no_reply"),
}


def test_what_a_teacher_says_is_kept_or_has_a_reason(
    run: Callable[..., Any], server: ScriptedServer, tmp_path: Path
) -> None:
    def write(body: dict[str, Any]) -> dict[str, Any]:
        name, part = asked(body)
        return reply(body, SAID[name][0][part], "length" if "cut" in name else "stop")

    server.write = write
    _, found = run(problems(tmp_path, SAID, ["42"] * len(SAID)), code={"seconds_per_call": 1})
    rejected = {row["messages"][0]["content"]: row["reason"] for row in rows(tmp_path / "run" / "rejected.jsonl")}
    kept = {row["messages"][0]["content"] for row in rows(tmp_path / "run" / "demonstrations.jsonl")}
    assert rejected == {name: reason for name, (_, reason) in SAID.items() if reason}
    assert kept == {name for name, (_, reason) in SAID.items() if not reason}
    assert found.counts.rejected == Counter(rejected.values()) and set(rejected.values()) <= set(MEANINGS)


def test_a_response_has_as_many_tokens_as_it_may_over_all_parts(
    run: Callable[..., Any], server: ScriptedServer, tmp_path: Path
) -> None:
    server.write = teaching(lambda problem, part: GOOD)
    _, found = run(one(tmp_path), sampling={"max_tokens": 12})
    assert [body["max_tokens"] for body in server.bodies] == [12, 7, 2] and dict(found.counts.rejected) == {"length": 1}


def test_programs_are_run_up_to_the_cap_of_the_interpreter(
    run: Callable[..., Any], server: ScriptedServer, tmp_path: Path
) -> None:
    server.write = teaching(lambda problem, part: GOOD if part < 5 else END)
    _, found = run(one(tmp_path), code={"max_calls": 2})
    content = rows(tmp_path / "run" / "rejected.jsonl")[0]["messages"][-1]["content"]
    assert found.counts.calls == 2 and content.count("No more code is run in this response") == 1
    assert len(server.bodies) == 4


def test_thoughts_that_come_apart_are_thoughts_and_programs_in_them_are_run(
    run: Callable[..., Any], server: ScriptedServer, tmp_path: Path
) -> None:
    def write(body: dict[str, Any]) -> dict[str, Any]:
        if asked(body)[1] == 0:
            return reply(body, END, reasoning_content="I compute.\n" + BLOCK.format("print(6 * 7)") + "So 42.")
        return reply(body, END, reasoning_content="Yes, 42.")

    server.write = write
    run(one(tmp_path))
    content = rows(tmp_path / "run" / "demonstrations.jsonl")[0]["messages"][-1]["content"]
    block = BLOCK.format("print(6 * 7)")
    assert content == f"<think>I compute.\n{block}```output\n42\n```\nYes, 42.</think>{END}"


def test_another_model_is_no_teacher(run: Callable[..., Any], server: ScriptedServer, tmp_path: Path) -> None:
    def write(body: dict[str, Any]) -> dict[str, Any]:
        number = int(asked(body)[0].split()[-1])
        said = BLOCK.format(f"print({number} * 2)") if asked(body)[1] == 0 else f"\\boxed{{{2 * number}}}"
        return reply(body, said, model="cheaper" if number == 2 and asked(body)[1] else "scripted-2026-11")

    server.write = write
    _, found = run(doubling(tmp_path, 5))
    assert dict(found.counts.rejected) == {"other_model": 1} and found.counts.kept == 4
    assert rows(tmp_path / "run" / "rejected.jsonl")[0]["problem"] == "1"


def test_a_problem_keeps_so_many_and_none_twice(
    run: Callable[..., Any], server: ScriptedServer, tmp_path: Path
) -> None:
    firsts = iter(["A", "B", "A", "C", "D"])
    server.write = lambda body: reply(body, END if asked(body)[1] else f"{next(firsts)}.\n{GOOD}")
    _, found = run(one(tmp_path), samples=5, keep=3, concurrency=1)
    kept = rows(tmp_path / "run" / "demonstrations.jsonl")
    assert [row["messages"][-1]["content"][0] for row in kept] == ["A", "B", "C"]
    assert dict(found.counts.rejected) == {"duplicate": 1, "surplus": 1}


def test_a_copy_of_the_prompt_is_no_demonstration(
    run: Callable[..., Any], server: ScriptedServer, tmp_path: Path
) -> None:
    program = "total = 0\nfor number in range(7):\n    total = total + 6\nanswer = total\nprint(answer)"
    text = f"Sums of sixes, as in {program} which you may run. How much are seven sixes?"
    server.write = teaching(lambda problem, part: [BLOCK.format(program), END][part])
    _, found = run(problems(tmp_path, [text], ["42"]))
    assert dict(found.counts.rejected) == {"copied": 1}
