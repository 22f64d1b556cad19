"""The drop-in files, loaded by path as verl loads them, and called as verl calls them."""

import asyncio
import inspect
import subprocess
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "reward_fns"
FILES = sorted(path for path in FOLDER.glob("*.py") if path.stem not in ("trl", "code"))  # another signature, tests
LENGTHS = {
    "length": {"max_tokens": 100},
    "overlong": {"max_tokens": 100, "buffer": 50},
    "mixed": {"routes": [{"source": "math", "reward": "boxed"}]},
}


def load(path: Path) -> Callable[..., dict[str, Any]]:
    spec = spec_from_file_location("custom_module", path)
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.compute_score


def call(path: Path, response: str, gold: str = "12", **keywords: Any) -> dict[str, Any]:
    return load(path)(
        data_source="math",
        solution_str=response,
        ground_truth=gold,
        extra_info={"num_turns": 2, "response_tokens": 75, "tool_ok": 2},
        **LENGTHS.get(path.stem, {}),
        **keywords,
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_right_is_worth_more_than_wrong_with_the_same_keys(path: Path) -> None:
    right, wrong = (call(path, rf"a</think><answer>\boxed{{{answer}}}</answer>") for answer in ("12", "13"))
    assert right["score"] > wrong["score"]
    assert (right["acc"], wrong["acc"]) == (1.0, 0.0)
    assert list(right) == list(wrong)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_answers_are_compared_strictly_unless_a_keyword_says_otherwise(path: Path) -> None:
    assert call(path, r"\boxed{12}")["verifier"] == "strict"
    assert call(path, r"\boxed{12}", verifier="lenient")["verifier"] == "lenient"
    with pytest.raises(ValueError, match="still.reward.verifier='lenent': .* did you mean lenient"):
        call(path, r"\boxed{12}", verifier="lenent")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_right_answer_that_cannot_be_read_pays_no_more_than_a_wrong_one(path: Path) -> None:
    wrong, unreadable = call(path, r"\boxed{13}"), call(path, r"\boxed{None}", gold=None)  # type: ignore[arg-type]
    assert unreadable["score"] == wrong["score"] and unreadable["unreadable_gold"] == 1.0
    assert list(wrong) == list(unreadable)


@pytest.mark.parametrize(
    ("name", "score"),
    [
        ("boxed_math", 1),
        ("zero", 1),
        ("distill", 1),
        ("length", 1.75),
        ("actions", 1),
        ("overlong", 0.5),
        ("tools", 1.1),
    ],
)
def test_what_a_right_answer_is_worth(name: str, score: float) -> None:
    (path,) = [file for file in FILES if file.stem == name]
    assert call(path, r"a</think><answer>\boxed{12}</answer>")["score"] == pytest.approx(score)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_docstring_shows_the_command_line(path: Path) -> None:
    module = inspect.getmodule(load(path))
    text = path.read_text() if module is None else module.__doc__ or path.read_text()
    assert f"python -m verl.trainer.main_ppo reward.custom_reward_function.path=reward_fns/{path.name}" in text
    for name in LENGTHS.get(path.stem, {}):
        assert f"+reward.custom_reward_function.reward_kwargs.{name}=" in text


def test_from_the_thread_executor_of_an_event_loop() -> None:
    """As verl's asynchronous reward worker calls: many at once, none in the main thread, some of them poison."""
    answers = [r"\boxed{\frac{24}{2}}", r"\boxed{\int_0^{12} 1 dx}", r"\boxed{((9!)!)!}", "none"] * 10

    async def score_all() -> list[float]:
        loop = asyncio.get_running_loop()
        (path,) = [file for file in FILES if file.stem == "boxed_math"]
        calls = [loop.run_in_executor(None, lambda text=text: call(path, text, verifier="lenient")) for text in answers]
        return [row["score"] for row in await asyncio.gather(*calls)]

    assert asyncio.run(score_all()) == [1.0, 1.0, 0.0, 0.0] * 10


def test_neither_verl_nor_ray_nor_torch_is_imported() -> None:
    code = (
        "import sys, importlib.util as u\n"
        "for path in sys.argv[1:]:\n"
        "    spec = u.spec_from_file_location('m', path); m = u.module_from_spec(spec); spec.loader.exec_module(m)\n"
        "print(sorted({'verl', 'ray', 'torch', 'transformers', 'sympy'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *map(str, FILES)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_length_that_nobody_can_know_is_an_error_that_names_the_setting() -> None:
    (path,) = [file for file in FILES if file.stem == "length"]
    with pytest.raises(ValueError, match="reward_kwargs.tokenizer"):
        load(path)("math", "text", "12", None, max_tokens=100)


@pytest.mark.parametrize("counted", [-5, 2.5, float("nan"), "many"])
def test_a_number_of_tokens_that_is_none_is_refused(counted: Any) -> None:
    (path,) = [file for file in FILES if file.stem == "length"]
    with pytest.raises(ValueError, match=r"extra_info\.response_tokens=.*: a whole number from 0 is needed"):
        load(path)("math", "text", "12", {"response_tokens": counted}, max_tokens=100)
    (path,) = [file for file in FILES if file.stem == "tools"]
    with pytest.raises(ValueError, match=r"extra_info\.tool_ok=.*: a whole number from 0 is needed"):
        load(path)("math", r"\boxed{12}", "12", {"tool_ok": counted})


def test_a_response_that_is_no_text_is_named() -> None:
    (path,) = [file for file in FILES if file.stem == "boxed_math"]
    with pytest.raises(ValueError, match="solution_str=None is of type NoneType: give the text"):
        load(path)("math", None, "12")


def test_a_column_without_a_value_is_as_one_that_is_not_there() -> None:
    """A parquet file has None in it where a row of another kind has something."""
    (boxed,) = [file for file in FILES if file.stem == "boxed_math"]
    assert load(boxed)("math", r"\boxed{12}", "12", {"model_text": None})["score"] == 1.0
    (length,) = [file for file in FILES if file.stem == "length"]
    with pytest.raises(ValueError, match="reward_kwargs.tokenizer"):
        load(length)("math", "text", "12", {"response_tokens": None}, max_tokens=100)


def test_tools_need_an_agent_loop_that_counts_its_calls() -> None:
    (path,) = [file for file in FILES if file.stem == "tools"]
    with pytest.raises(ValueError, match="still/rollout=code"):
        load(path)("math", r"\boxed{12}", "12", None)


def test_verls_own_loader_and_its_reward_kwargs() -> None:
    from omegaconf import OmegaConf
    from verl.trainer.ppo.reward import get_custom_reward_fn

    for path in FILES:
        custom = {"path": str(path), "name": "compute_score", "reward_kwargs": LENGTHS.get(path.stem, {})}
        function = get_custom_reward_fn(OmegaConf.create({"reward": {"custom_reward_function": custom}}))
        row = function(
            data_source="math",
            solution_str=r"a</think><answer>\boxed{\frac{24}{2}}</answer>",
            ground_truth="12",
            extra_info={"response_tokens": 10, "tool_ok": 1},
        )
        assert row["acc"] == 1.0


@pytest.mark.parametrize("keyword", ["extractors", "order"])
def test_extractors_may_be_named_in_a_job_also_by_the_old_keyword(keyword: str) -> None:
    compute_score = load(next(path for path in FILES if path.stem == "boxed_math"))
    row = compute_score("math", "<answer>12</answer>", "12", **{keyword: ["boxed", "answer_tag"]})
    assert (row["score"], row["extracted_by"]) == (1.0, "answer_tag")


def test_a_mixed_reward_has_the_keys_of_all_its_domains() -> None:
    score = load(FOLDER / "mixed.py")
    routes = [{"source": "math*", "reward": "distill"}, {"source": "r1", "reward": "zero", "weight": 0.5}]
    kwargs: dict[str, Any] = {"extra_info": {}, "routes": routes}
    math = score(data_source="math500", solution_str=r"\boxed{12}", ground_truth="12", **kwargs)
    other = score(data_source="r1", solution_str="a</think><answer>12</answer>", ground_truth="12", **kwargs)
    assert list(math) == list(other)
    assert (math["score"], math["domain"], math["term_signed"], math["term_format"]) == (1.0, "math", 1.0, None)
    assert (other["score"], other["domain"], other["term_signed"], other["term_format"]) == (0.5, "r1", None, 1.0)
    with pytest.raises(ValueError, match="data_source='code': none of still.reward.routes matches it"):
        score(data_source="code", solution_str="", ground_truth="12", **kwargs)
    own = {"model_text": r"\boxed{13}", "tool_ok": 1}
    cheat = score(
        data_source="math", solution_str=r"\boxed{13} \boxed{12}", ground_truth="12", **kwargs | {"extra_info": own}
    )
    assert cheat["score"] == -1.0, "what a program printed is not paid"
