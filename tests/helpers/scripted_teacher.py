"""A teacher behind a scripted server: what it says follows from the problem and from how far its response is."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scripted_server import choice

Say = Callable[[str, int], str | None]  # (problem, number of the part) -> what the teacher says

BLOCK = "```python\n{}\n```\n"
MADE_UP = "```output\n7\n```\nso it is \\boxed{7}"


def doubles(problem: str, part: int) -> str:
    """Compute twice the last number of a problem; first with a made-up output, which is wrong."""
    number = int(problem.split()[-1])
    if part == 0:
        return "Let me compute.\n" + BLOCK.format(f"print({number} * 2)") + MADE_UP
    return f"It is \\boxed{{{2 * number}}}"


def reply(
    body: Mapping[str, Any], text: str | None, finish: str = "stop", model: str = "scripted", **more: Any
) -> dict[str, Any]:
    """Return a whole reply of a server, with what it took: 10 tokens asked, 5 written."""
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    return {"choices": [choice(text, dict(body), finish, **more)], "usage": usage, "model": model}


def asked(body: Mapping[str, Any]) -> tuple[str, int]:
    """Return the problem of a request, and how many outputs the teacher has read."""
    said = [message["content"] for message in body["messages"] if message["role"] == "user"]
    return said[0], len(said) - 1


def teaching(say: Say, **more: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a `ScriptedServer.write` that says what a function does."""

    def write(body: dict[str, Any]) -> dict[str, Any]:
        return reply(body, say(*asked(body)), **more)

    return write


def problems(folder: Path, texts: Iterable[str], answers: Iterable[str]) -> str:
    """Write a file of problems."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (text, answer) in enumerate(zip(texts, answers, strict=True)):
        rows.append({"id": str(number), "problem": text, "answer": answer})
    path = folder / "problems.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def doubling(folder: Path, count: int) -> str:
    """Write problems that `doubles` answers."""
    numbers = range(1, count + 1)
    return problems(folder, [f"double {n}" for n in numbers], [str(2 * n) for n in numbers])


def rows(path: Path) -> Sequence[dict[str, Any]]:
    """Read a file of JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]
