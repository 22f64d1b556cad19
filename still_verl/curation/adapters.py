"""Reads the columns of the usual data sets: each adapter is a function from a row to `Fields`."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from still_verl.curation.option_columns import right_option, with_options
from still_verl.curation.rows import SCORED_BY_TESTS, Fields, MissingColumn, Reject
from still_verl.curation.turns import question_of, reply_of
from still_verl.curation.unwrap import unwrapped
from still_verl.evaluation.columns import as_gold, as_text, first, is_chat

PROBLEM = ("problem", "question", "Question", "Problem", "prompt", "query", "input", "instruction", "problem_text")
ANSWER = ("answer", "final_answer", "Answer", "ground_truth", "gold", "gt", "target", "expected_answer", "gts", "label")
SOLUTION = (
    "solution",
    "Solution",
    "generated_solution",
    "response",
    "output",
    "completion",
    "solution_str",
    "rationale",
    "ground_truth_solution",
    "deepseek_solution",
)
# What a question goes on from. `context` is none: it may be a topic, a system prompt or the text that has the answer.
CONTEXT = ("body", "Body", "passage")
ID = ("id", "unique_id", "problem_id", "ID", "uid", "uuid", "task_id", "identifier", "problem_identifier")
SOURCE = ("data_source", "source", "dataset")
TURNS = ("conversations", "messages")
KEPT = (
    "difficulty",
    "level",
    "subject",
    "type",
    "domain",
    "problem_type",
    "ability",
    "pass_rate",
    "llama8b_solve_rate",
    "reformulated",
)
OF_CURATION = "of data curate"  # marks a row that a curation wrote
OF_TESTS = "code"  # the ability in such a row, where its right answer is a program's tests
# What is too short says nothing ("N/A"); a text with the right answer, and one for a model, are no part of the problem.
_SENTENCE = re.compile(r"(?:\S+\s+){2}\S")
_NO_CONTEXT = re.compile(
    r"\banswer\s*(?:is\b|[:=])|\bsolution\s*[:=]|\byou are an? (?:\w+ ){0,3}(?:assistant|expert|tutor|ai|model)\b",
    re.IGNORECASE,
)
_ENDS_WITH_ANSWER = re.compile(r"\\boxed|\\fbox|<answer>|####")


def auto(row: Mapping[str, Any]) -> Fields:
    """Read a row by the columns that it has."""
    if "entry_point" in row and "test" in row:
        return human_eval(row)
    if isinstance(row.get("reward_model"), Mapping):
        return verl(row)
    if _given(row, TURNS[:1]) is not None or (_given(row, TURNS) is not None and _given(row, PROBLEM) is None):
        return conversations(row)
    if "problem_text" in row and "problem_identifier" in row:
        return champ(row)
    return columns(row)


def columns(row: Mapping[str, Any]) -> Fields:
    """Read MATH, GSM8K, NuminaMath, Big-Math and others: a column for the problem, one for the answer or solution."""
    asked = _problem(row)
    if asked is None:
        raise MissingColumn(f"no column is one of {', '.join(PROBLEM[:6])}; it has {_named(row)}{_fitting(row)}")
    solution = as_text(_given(row, SOLUTION)) or ""
    answer = right_option(row, _given(row, ANSWER))
    if answer is None:
        answer = _of_solution(solution)
    elif isinstance(answer, str) and "\n" in answer and not solution:
        solution = answer  # GSM8K has its solutions there
    return _fields(row, with_options(row, _asked(asked)), answer, solution)


def _problem(row: Mapping[str, Any]) -> Any:
    """What is asked; `input` only goes on from `instruction` (Alpaca), and a question from its context (SVAMP)."""
    asked = _given_or_empty(row, PROBLEM)
    begins = row.get("instruction")
    if asked is row.get("input") and isinstance(asked, str) and isinstance(begins, str) and begins.strip():
        asked = f"{begins}\n{asked}"
    context = _given(row, CONTEXT)
    if not isinstance(asked, str) or not asked.strip() or not isinstance(context, str):
        return asked
    context = context.strip()
    if context in asked or not _SENTENCE.match(context) or _NO_CONTEXT.search(context):
        return asked
    return f"{context}\n{asked}"


def _given(row: Mapping[str, Any], names: Sequence[str]) -> Any:
    """The first of some columns that says something: in many tables one is empty where another has the value."""
    for name in names:
        value = row.get(name)
        if not _is_blank(value):
            return value
    return None


def _given_or_empty(row: Mapping[str, Any], names: Sequence[str]) -> Any:
    """What is given; else what is empty, which is not the same as missing."""
    value = _given(row, names)
    return first(row, names) if value is None else value


def _is_blank(value: Any) -> bool:
    """Whether a value says nothing, as a list of such values does."""
    if isinstance(value, list):
        return all(not isinstance(one, list) and _is_blank(one) for one in value)
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, float) and math.isnan(value))


def verl(row: Mapping[str, Any]) -> Fields:
    """Read verl's layout: STILL-3-RL-90K, DAPO-17k and Skywork-OR1 have it, each with a template inside the prompt."""
    reward = row.get("reward_model")
    asked = _given_or_empty(row, ("prompt", *PROBLEM))
    if asked is None or not isinstance(reward, Mapping):
        raise MissingColumn(f"verl's layout has prompt and reward_model.ground_truth; it has {_named(row)}")
    more = row.get("extra_info")
    more = more if isinstance(more, Mapping) else {}
    more = {**_of_curation(more), **more}
    is_curated = bool(more.get(OF_CURATION))
    asked = _asked(asked)
    if is_curated and more["problem"] and asked.startswith(more["problem"]):
        asked = more["problem"]  # the prompt may have an instruction behind it; one that was edited counts itself
    merged = {**more, **{name: value for name, value in row.items() if not _is_blank(value)}}
    merged.pop("index", None)
    solution = as_text(_given(more, SOLUTION)) or ""
    if is_curated and row.get("ability") == OF_TESTS:
        fields = _fields(merged, "", reward.get("ground_truth"), solution)
        return replace(fields, problem=asked, kind=SCORED_BY_TESTS)
    return _fields(merged, asked, _listed_gold(reward.get("ground_truth")), solution)


def _of_curation(more: Mapping[str, Any]) -> Mapping[str, Any]:
    """The columns that `data curate` kept of a row, as it writes them, with a mark; nothing for other rows."""
    if not isinstance(more.get("problem"), str) or not isinstance(more.get("template_of"), str):
        return {}
    try:
        columns = json.loads(more["columns"])
    except (KeyError, TypeError, ValueError):
        columns = {}
    return {**(columns if isinstance(columns, dict) else {}), OF_CURATION: True}


def conversations(row: Mapping[str, Any]) -> Fields:
    """Read a conversation (OpenThoughts): the user asks, the last turn of the assistant solves."""
    turns = _given(row, TURNS)
    if not isinstance(turns, Sequence) or isinstance(turns, str):
        raise MissingColumn(f"conversations is no list of turns; it has {_named(row)}")
    solved = reply_of(turns)
    answer = _given(row, ANSWER)
    return _fields(row, question_of(turns), _of_solution(solved) if answer is None else answer, solved)


def human_eval(row: Mapping[str, Any]) -> Fields:
    """Read a task of HumanEval: a program's beginning, with tests as its ground truth."""
    if not row.get("prompt") or not row.get("test"):
        raise MissingColumn(f"HumanEval has prompt, test and entry_point; it has {_named(row)}")
    tests = {name: row[name] for name in ("prompt", "test", "entry_point") if name in row}
    solution = as_text(_given(row, ("canonical_solution",))) or ""
    fields = _fields(row, "", json.dumps(tests), solution)
    return replace(fields, problem=str(row["prompt"]), kind=SCORED_BY_TESTS, extra={})


def champ(row: Mapping[str, Any]) -> Fields:
    """Read a problem of CHAMP."""
    asked = _given_or_empty(row, ("problem_text", "text", "problem"))
    if asked is None:
        raise MissingColumn(f"CHAMP has problem_text; it has {_named(row)}")
    answer = _given(row, ("problem_answer", *ANSWER))
    return _fields(row, _asked(asked), answer, as_text(_given(row, SOLUTION)) or "")


def _fields(row: Mapping[str, Any], problem: str, answer: Any, solution: str) -> Fields:
    number = _given(row, ID)
    extra = {}
    for name in KEPT:
        value = _given(row, (name,))
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            extra[name] = value
    return Fields(
        unwrapped(problem),
        as_gold(answer) if not isinstance(answer, Mapping) else answer,
        solution,
        as_gold(number) or "",  # tables write whole numbers as 5.0, and a missing one as NaN
        as_text(_one(_given(row, SOURCE))) or "",
        "math",
        extra,
    )


def _one(value: Any) -> Any:
    """A value that is alone in a list, without the list."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _asked(value: Any) -> str:
    """What is asked: text, or the turns of the user in a chat."""
    if is_chat(value):
        return question_of(value)
    if not isinstance(value, str):
        raise Reject(f"the problem is no text: its type is {type(value).__name__}")
    return value


def _of_solution(solution: str) -> str | None:
    return solution if _ENDS_WITH_ANSWER.search(solution) else None


def _listed_gold(value: Any) -> Any:
    """A list of right answers that is written as text (Skywork-OR1)."""
    if isinstance(value, str) and value.startswith("["):
        try:
            listed = json.loads(value)
        except (ValueError, RecursionError):
            return value
        if isinstance(listed, list) and listed and all(isinstance(one, str) for one in listed):
            return listed if len(listed) > 1 else listed[0]
    return value


def _named(row: Mapping[str, Any]) -> str:
    return ", ".join(str(name) for name in list(row)[:12]) or "none"


def _fitting(row: Mapping[str, Any]) -> str:
    """The adapter that reads such a row, if there is one."""
    if _given(row, TURNS) is not None:
        return "; --adapter conversations fits"
    if "reward_model" in row:
        return "; --adapter verl fits"
    return "; rename the column, or name a function of your own with --adapter"
