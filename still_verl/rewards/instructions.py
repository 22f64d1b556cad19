"""Whether a response follows its instructions (IFEval and IFBench, by the package if-verifiable), behind one guard.

The package's checkers pay for an empty answer where it breaks no rule, draw what a row does not say at random, raise on
some texts, and load data from the network. Here an answer of a few words pays nothing, a row that leaves something to
chance is refused, an answer that a checker cannot read is wrong, and nothing is loaded: a checker without its data is
refused by name. Following instructions is worth something beside a right answer only, so a job needs a term for that.
"""

import json
import random
import re
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from still_verl.config_errors import did_you_mean
from still_verl.registry import in_one_line
from still_verl.rewards.gold import UnreadableGold
from still_verl.rewards.gold_faults import reads_gold
from still_verl.rewards.own_turn import own_turn
from still_verl.rewards.sample import Sample

if TYPE_CHECKING:
    from still_verl.rewards.presets import Preset

VERSION = "0.1.2"  # of if-verifiable
LEAST_WORDS = 3  # an answer with fewer follows nothing
LONGEST = 50_000  # characters of an answer that is looked at
IDS, ARGUMENTS = "instruction_id_list", "kwargs"  # entries of `ground_truth`, as IFEval's data have them
PROBE = "A first sentence is here. Then comes a second one, which is longer.\n\nAnd a last paragraph."

_WORD = re.compile(r"\w+")
# What the package looks for and would load, when it is imported.
_DATA = ("tokenizers/punkt", "tokenizers/punkt_tab", "taggers/averaged_perceptron_tagger_eng", "corpora/stopwords")
_lock = threading.Lock()


class UnreadableInstructions(UnreadableGold):
    """Instructions of a row that cannot be judged; the message says why."""


def read_instructions(written: Any) -> list[tuple[str, dict[str, Any]]]:
    """Read what a row asks for, as (id, arguments).

    Raises:
        UnreadableInstructions: no JSON mapping with both lists, none at all, or an unknown id.
    """
    try:
        entry = json.loads(written) if isinstance(written, str | bytes) else written
    except ValueError as error:
        raise UnreadableInstructions(f"ground_truth={written!r:.60} is no JSON ({error})") from error
    if not isinstance(entry, Mapping) or not {IDS, ARGUMENTS} <= set(entry):
        raise UnreadableInstructions(f"ground_truth={written!r:.60}: give {IDS} and {ARGUMENTS}, as IFEval's data do")
    ids, arguments = list(entry[IDS]), list(entry[ARGUMENTS])
    if not ids or len(ids) != len(arguments):
        raise UnreadableInstructions(
            f"{IDS}={ids!r:.80} with {len(arguments)} {ARGUMENTS}: give one mapping for each id"
        )
    found = []
    for name, given in zip(ids, arguments, strict=True):
        if name not in checkers():
            raise UnreadableInstructions(f"{IDS} has {name!r}: there is none such{did_you_mean(name, checkers())}")
        found.append((name, {key: value for key, value in (given or {}).items() if value is not None}))
    return found


@lru_cache(maxsize=1)
def _load() -> dict[str, Any]:
    import langdetect

    langdetect.DetectorFactory.seed = 0  # else the language of a short text changes from call to call
    langdetect.detect(PROBE)  # here, and not in many threads at once: it loads what it knows of languages
    with _nothing_loaded():
        from if_verifiable.ifbench.instructions_registry import INSTRUCTION_DICT as IFBENCH
        from if_verifiable.ifeval.instructions_registry import INSTRUCTION_DICT as IFEVAL
    return {**IFBENCH, **IFEVAL}


def checkers() -> dict[str, Any]:
    """Return the class that checks an instruction, by its id.

    Raises:
        ImportError: the package is not installed.
    """
    with _lock:
        return _load()


@contextmanager
def _nothing_loaded() -> Iterator[None]:
    """Keep the package from loading data on its import: what it looks for seems to be there meanwhile."""
    import nltk

    with tempfile.TemporaryDirectory() as folder:
        for name in _DATA:
            Path(folder, name).mkdir(parents=True)
        nltk.data.path.append(folder)
        try:
            yield
        finally:
            nltk.data.path.remove(folder)


def _checker(name: str, arguments: Mapping[str, Any]) -> Any:
    """Make what checks one instruction."""
    checker = checkers()[name](name)
    checker.build_description(**arguments)
    return checker


def instructions_fault(written: Any, preset: "Preset") -> str:
    """Say why the instructions of a row cannot be judged; nothing if they can."""
    try:
        for name, arguments in read_instructions(written):
            fault = _fault_of_one(name, arguments)
            if fault:
                return f"{IDS} has {name!r}: {fault}"
    except UnreadableInstructions as error:
        return str(error)
    except ImportError:
        return f"if-verifiable is not installed: pip install if-verifiable=={VERSION} (Python 3.11 and later)"
    return ""


def _fault_of_one(name: str, arguments: Mapping[str, Any]) -> str:
    """Say what is wrong with one instruction: arguments that do not fit or are missing, or data that are not here."""
    made = []
    state = random.getstate()
    try:
        for seed in range(4):
            random.seed(seed)
            checker = _checker(name, arguments)
            made.append(repr(checker.get_instruction_args()))
        checker.check_following(PROBE)
    except Exception as error:  # whatever a checker raises over arguments that do not fit
        if lacks_data(error):
            return "its data of NLTK are not here: get them (python -m nltk.downloader all), or drop those rows"
        return f"its arguments {dict(arguments)} do not fit: {in_one_line(error)}"[:200]
    finally:
        random.setstate(state)
    if len(set(made)) > 1:
        return f"its arguments {dict(arguments)} leave something to chance; give {checker.get_instruction_args_keys()}"
    return ""


@reads_gold(instructions_fault)
def followed(sample: Sample) -> float:
    """Pay 1 for an answer that follows every instruction of its row, else 0; thoughts before `</think>` do not count.

    Raises:
        UnreadableInstructions: the row has none that can be judged.
    """
    wanted = read_instructions(sample.ground_truth)
    answer = own_turn(sample.text).rpartition("</think>")[2].strip()
    if len(answer) > LONGEST or len(_WORD.findall(answer)) < LEAST_WORDS:
        return 0.0
    return float(all(follows(name, arguments, answer) for name, arguments in wanted))


def follows(name: str, arguments: Mapping[str, Any], answer: str) -> bool:
    """Ask the checker of an instruction about an answer; one that it cannot read does not follow it.

    Raises:
        UnreadableInstructions: the data of the checker are not here.
    """
    checker = _checker(name, arguments)
    try:
        return bool(checker.check_following(answer))
    except Exception as error:
        if lacks_data(error):
            raise UnreadableInstructions(f"{name}: its data of NLTK are not here") from error
        return False  # the row was tried before the job, so it is the answer


def lacks_data(error: Exception) -> bool:
    """Say whether an error is NLTK's over data that are not on this machine."""
    return type(error) is LookupError
