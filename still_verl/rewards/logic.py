"""Procedural puzzles of reasoning-gym, by an allow-list: 1 for a whole solution, else 0.

Many sets of reasoning-gym pay a part for junk, one pays everything for any text, and some evaluate what a model wrote.
`SETS` are those that `benchmarks/audit_reasoning_gym.py` found safe. A row of data has all that a set needs to judge an
answer as `ground_truth`: `rows` makes such rows.
"""

import json
import threading
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from still_verl.config_errors import ConfigError, did_you_mean
from still_verl.rewards.gold import UnreadableGold
from still_verl.rewards.gold_faults import reads_gold
from still_verl.rewards.sample import Sample

if TYPE_CHECKING:
    from still_verl.rewards.presets import Preset

VERSION = "0.1.25"  # of reasoning-gym, that the list was made with
SETS = tuple(
    """
ab acre advanced_geometry aiw arc_1d base_conversion bf binary_alternation caesar_cipher calendar_arithmetic
chain_sum circuit_logic color_cube_rotation count_bits count_primes course_schedule cryptarithm decimal_chain_sum
dice emoji_mystery family_relationships figlet_font futoshiki gcd group_anagrams isomorphic_strings jugs knight_swap
largest_island lcm leg_counting letter_counting list_functions mahjong_puzzle manipulate_matrix maze mini_sudoku
modulo_grid needle_haystack number_filtering number_format number_sequence palindrome_generation
palindrome_partitioning path_star pool_matrix products ransom_note rotate_matrix rotten_oranges self_reference
sentence_reordering shortest_path simple_equations simple_geometry string_manipulation string_splitting
string_synthesis sudoku survo syllogism tower_of_hanoi tsumego word_ladder word_sequence_reversal word_sorting
zebra_puzzles
""".split()
)
LONGEST = 10_000  # characters of an answer that is looked at
ASK = "Give the final answer between <answer> and </answer>."

_lock = threading.Lock()


class UnreadablePuzzle(UnreadableGold):
    """A right answer that is no puzzle of an allowed set; the message says why."""


def read_puzzle(written: Any, allowed: Collection[str] = SETS) -> dict[str, Any]:
    """Read the right answer of a row.

    Raises:
        UnreadablePuzzle: it is not what `ground_truth` makes, or of a set that is not allowed.
    """
    try:
        puzzle = json.loads(written) if isinstance(written, str | bytes) else written
    except ValueError as error:
        raise UnreadablePuzzle(f"ground_truth={written!r:.60} is no JSON ({error})") from error
    if not isinstance(puzzle, Mapping) or not {"dataset", "answer", "metadata"} <= set(puzzle):
        raise UnreadablePuzzle(f"ground_truth={written!r:.60}: give dataset, answer and metadata, as logic.rows does")
    name = puzzle["dataset"]
    if name not in allowed:
        raise UnreadablePuzzle(
            f"dataset={name!r}: not one of the sets that were found safe, see docs/domains.md"
            f"{did_you_mean(name, allowed)}"
        )
    return dict(puzzle)


def puzzle_fault(written: Any, preset: "Preset") -> str:
    """Say why a puzzle cannot be judged, or why its own answer would not be paid; nothing if all is well."""
    try:
        puzzle = read_puzzle(written)
        if not is_solved(puzzle, str(puzzle["answer"])):
            return f"dataset={puzzle['dataset']!r}: its own answer {puzzle['answer']!r:.60} is not right"
    except UnreadablePuzzle as error:
        return str(error)
    except ConfigError as error:
        return str(error)
    return ""


@reads_gold(puzzle_fault)
def solved(sample: Sample) -> float:
    """Pay 1 for an answer that the set scores 1, else 0: no parts, which junk can earn.

    Raises:
        UnreadablePuzzle: the row is no puzzle of an allowed set.
        ConfigError: reasoning-gym is not installed.
    """
    puzzle = read_puzzle(sample.ground_truth)
    try:
        return float(is_solved(puzzle, sample.found.answer))
    except ConfigError:
        raise
    except Exception:  # the puzzle was tried before the job, so it is the answer that a set cannot read
        return 0.0


def is_solved(puzzle: Mapping[str, Any], answer: str) -> bool:
    """Ask the set of a puzzle about an answer.

    Raises:
        Exception: whatever the set raises; those of `SETS` are not known to.
    """
    if not answer or len(answer) > LONGEST:
        return False
    return bool(_judge(puzzle["dataset"]).score_answer(answer, dict(puzzle)) >= 1.0)


def data_set(name: str, size: int, seed: int, **settings: Any) -> Any:
    """Make a data set of reasoning-gym; it yields entries with `question`, `answer` and `metadata`.

    Raises:
        ConfigError: reasoning-gym is not installed.
    """
    try:
        import reasoning_gym
    except ImportError as error:
        raise ConfigError(f"reasoning-gym is not installed: pip install reasoning-gym=={VERSION}") from error
    return reasoning_gym.create_dataset(name, size=size, seed=seed, **settings)


@cache
def _known(name: str) -> Any:
    return data_set(name, size=1, seed=0)


def _judge(name: str) -> Any:
    """Return what judges the answers of a set; made once, whoever asks first."""
    with _lock:
        return _known(name)


def ground_truth(entry: Mapping[str, Any]) -> str:
    """Write an entry of reasoning-gym as the `ground_truth` of a row: one line of JSON."""
    kept = {key: entry[key] for key in ("question", "answer", "metadata")}
    return json.dumps({"dataset": entry["metadata"]["source_dataset"], **kept})


def rows(name: str, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield rows of verl's data format of a set, with `data_source` `reasoning_gym/<name>`.

    Raises:
        UnreadablePuzzle: the set is not allowed.
        ConfigError: reasoning-gym is not installed.
    """
    for index, entry in enumerate(data_set(name, size=count, seed=seed)):
        written = ground_truth(entry)
        read_puzzle(written)
        yield {
            "data_source": f"reasoning_gym/{name}",
            "prompt": [{"role": "user", "content": f"{entry['question']}\n{ASK}"}],
            "reward_model": {"style": "rule", "ground_truth": written},
            "extra_info": {"index": index},
        }
