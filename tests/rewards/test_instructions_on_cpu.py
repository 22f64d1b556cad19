"""The checkers of IFEval and IFBench behind their guard."""

import json
import logging
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("if_verifiable", reason="Python 3.11 and later: make setup")

from still_verl.rewards.compose import score
from still_verl.rewards.gold_faults import fault_of
from still_verl.rewards.instructions import (
    PROBE,
    UnreadableInstructions,
    checkers,
    followed,
    follows,
    lacks_data,
    read_instructions,
)
from still_verl.rewards.presets import INSTRUCTED
from still_verl.rewards.sample import Sample

SHORT = {"num_words": 9, "relation": "less than"}
HOSTILE = ["9" * 5000, "[" * 3000, "{" * 3000, "\x00", "\ud7ff", "a b c\n" * 3000, "🙂" * 500, "((([[[{{{ a b c", PROBE]
NOTHING = ["", " ", "\n", "a", "A", "x.", ".", '"', "1", "a b", "<think>a b c d e</think>", "* \n* ", "**a**"]


def gold(*wanted: tuple[str, dict[str, Any]], answer: str = "12") -> str:
    ids, arguments = [name for name, _ in wanted], [given for _, given in wanted]
    return json.dumps({"answer": answer, "instruction_id_list": ids, "kwargs": arguments})


def arguments_of(name: str) -> dict[str, Any]:
    """Let a checker draw all of its arguments."""
    checker = checkers()[name](name)
    random.seed(1)
    try:
        checker.build_description()
    except ValueError:
        return {"prompt_to_repeat": "Say it"}
    return dict(checker.get_instruction_args() or {})


def pays(wanted: str, response: str) -> float:
    return followed(Sample(response, wanted, INSTRUCTED))


def test_all_of_them_are_there() -> None:
    assert len(checkers()) == 83


@pytest.mark.parametrize("name", checkers())
def test_nothing_said_pays_nothing_and_no_text_raises(name: str) -> None:
    logging.disable(logging.ERROR)  # langdetect logs each text without words
    given = arguments_of(name)
    wanted = gold((name, given))
    for response in NOTHING:
        assert pays(wanted, response) == 0.0, response
    for response in HOSTILE:
        try:
            pays(wanted, response)
        except UnreadableInstructions as error:
            assert str(error) == f"{name}: its data of NLTK are not here"
    logging.disable(logging.NOTSET)


def test_a_right_answer_is_paid_only_if_it_follows_all() -> None:
    wanted = gold(("punctuation:no_comma", {}), ("length_constraints:number_words", SHORT))
    assert fault_of(INSTRUCTED)(wanted) == ""  # type: ignore[misc]
    for response, paid in (
        (r"<think>1, 2, 3 and more than nine words in here</think> so it is \boxed{12}", 1.0),
        (r"so, it is \boxed{12}", 0.0),
        (r"so it is now and for a long time to be \boxed{12}", 0.0),
        (r"so it is \boxed{13}", 0.0),
        (r"\boxed{12}", 0.0),
    ):
        assert score(response, wanted, INSTRUCTED)["score"] == paid, response


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (gold(("punctuation:no_coma", {})), "there is none such; did you mean punctuation:no_comma?"),
        (gold(("length_constraints:number_words", {})), "leave something to chance; give ['num_words', 'relation']"),
        (gold(("length_constraints:number_words", {"words": 3})), "do not fit: TypeError"),
        (gold(), "instruction_id_list=[] with 0 kwargs: give one mapping for each id"),
        ("{}", "give instruction_id_list and kwargs"),
        ("12", "give instruction_id_list and kwargs"),
        ("no json", "is no JSON"),
        (gold(("punctuation:no_comma", {}), answer="$$"), "cannot be read: there is no answer in it"),
    ],
)
def test_a_row_that_cannot_be_judged(wanted: str, said: str) -> None:
    assert said in fault_of(INSTRUCTED)(wanted)  # type: ignore[misc]


def test_an_unknown_id_in_training_is_an_error_and_not_0() -> None:
    with pytest.raises(UnreadableInstructions, match="there is none such"):
        pays(gold(("punctuation:no_coma", {})), "three words here")


def test_data_that_are_not_here_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import nltk

    monkeypatch.setattr(nltk.data, "path", [])
    name, given = "change_case:capital_word_frequency", {"capital_frequency": 3, "capital_relation": "at least"}
    assert "its data of NLTK are not here" in fault_of(INSTRUCTED)(gold((name, given)))  # type: ignore[misc]
    with pytest.raises(UnreadableInstructions, match="data of NLTK"):
        follows(name, given, PROBE)
    assert not lacks_data(IndexError()) and not lacks_data(KeyError())


def test_the_import_loads_nothing_from_the_network() -> None:
    program = (
        "import nltk\n"
        "def download(*a, **k): raise SystemExit('it loads')\n"
        "nltk.download = download\n"
        "from still_verl.rewards.instructions import checkers\n"
        "assert len(checkers()) == 83\n"
        "assert not any('tmp' in p and 'nltk' not in p for p in nltk.data.path)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_a_language_is_found_the_same_in_every_thread_and_call() -> None:
    wanted = gold(("language:response_language", {"language": "de"}))
    assert read_instructions(wanted)
    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(lambda _: pays(wanted, "Das ist gut so, and this is fine"), range(64)))
    assert len(found) == 1
