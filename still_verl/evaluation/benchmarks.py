"""The benchmarks that have a name, and where their problems are found. None is part of this package.

A name is looked for in `--data DIR`, then in the folder that `STILL_DATA` names, then on the model hub. What is taken
from the hub is kept with its checksum, so that a later run of the same name has the same problems.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from still_verl.config_errors import ConfigError, did_you_mean
from still_verl.evaluation.hub import HubFile, fetch
from still_verl.evaluation.problems import Benchmark, read_benchmark

SUFFIXES = (".jsonl", ".json", ".parquet")
STILL_SETS = "https://github.com/RUCAIBox/Slow_Thinking_with_LLMs"


OPTION = "--benchmark"  # that names one


@dataclass(frozen=True)
class Known:
    """A benchmark by its name.

    Attributes:
        problems: how many it has; another number is noted.
        files: names, without suffix, under which it is looked for.
        source: where to get it.
        hub: the file on the model hub; None if it is not there in a layout that we read.
    """

    problems: int
    files: tuple[str, ...]
    source: str
    hub: HubFile | None = None


KNOWN = {
    "aime24": Known(
        30,
        ("aime24", "aime_2024", "aime2024"),
        "https://huggingface.co/datasets/HuggingFaceH4/aime_2024",
        HubFile("HuggingFaceH4/aime_2024", "data/train-00000-of-00001.parquet"),
    ),
    "aime25": Known(
        30,
        ("aime25", "aime_2025", "aime2025"),
        "https://huggingface.co/datasets/math-ai/aime25",
        HubFile("math-ai/aime25", "test.jsonl"),
    ),
    "math500": Known(
        500,
        ("math500", "math_500", "MATH-500", "math_oai"),
        "https://huggingface.co/datasets/HuggingFaceH4/MATH-500",
        HubFile("HuggingFaceH4/MATH-500", "test.jsonl"),
    ),
    "omni500": Known(500, ("omni500", "omni_500", "OMNI-500"), STILL_SETS),
    "liveaops519": Known(519, ("liveaops519", "liveaops", "LiveAOPS-519"), STILL_SETS),
    "hmmt25": Known(30, ("hmmt25", "hmmt_feb_2025", "hmmt"), "https://huggingface.co/datasets/MathArena/hmmt_feb_2025"),
    "olymmath_easy": Known(
        100, ("olymmath_easy", "olymmath_en_easy", "OlymMATH-EN-EASY"), "https://github.com/RUCAIBox/OlymMATH"
    ),
    "olymmath_hard": Known(
        100, ("olymmath_hard", "olymmath_en_hard", "OlymMATH-EN-HARD"), "https://github.com/RUCAIBox/OlymMATH"
    ),
    "gsm8k": Known(
        1319,
        ("gsm8k", "gsm8k_test"),
        "https://huggingface.co/datasets/openai/gsm8k",
        HubFile("openai/gsm8k", "main/test-00000-of-00001.parquet"),
    ),
}


def load_benchmark(name: str, data: Path | None = None) -> Benchmark:
    """Find and read a benchmark by its name, or any file of problems.

    Args:
        name: one of `KNOWN`, another spelling of it, or the path of a file.
        data: the folder to look in first.

    Raises:
        ConfigError: it is unknown (the message lists the known and the nearest), it is nowhere (the message says where
            to get it), or no problem in it can be scored.
    """
    if Path(name).suffix in SUFFIXES or os.sep in name:
        return _load_file(name)
    called, path = find_benchmark(name, data)
    return _with_expected_size(read_benchmark(called, path), path)


def find_benchmark(name: str, data: Path | None = None, option: str = OPTION) -> tuple[str, Path]:
    """Return what a benchmark is called, and its file.

    Args:
        name: one of `KNOWN`, another spelling of it, or the name of a file in one of the folders.
        data: the folder to look in first.
        option: what named it, for messages.

    Raises:
        ConfigError: it is unknown, or nowhere.
    """
    short = _short_name(name)
    folders = _folders(data)
    path = _file_in(folders, KNOWN[short].files if short else (name,))
    if path is None and not short:
        raise ConfigError(
            f"{option} {name}: unknown; use one of {', '.join(KNOWN)}, or the path of a file"
            f"{did_you_mean(name, [*KNOWN, *_spellings()])}"
        )
    return short or name, path or _from_hub(short, folders, option)


def _load_file(name: str) -> Benchmark:
    path = Path(name)
    if not path.is_file():
        raise ConfigError(f"{OPTION} {name}: there is no such file")
    return read_benchmark(path.stem, path)


def _spellings() -> dict[str, str]:
    """The short name for every spelling that a file may have, as `_letters` gives it."""
    spellings = {}
    for short, known in KNOWN.items():
        for file in (short, *known.files):
            spellings[_letters(file)] = short
    return spellings


def _letters(name: str) -> str:
    """A name in the letters and digits that count: MATH-500 and math_500 are one."""
    return "".join(character for character in name.lower() if character.isalnum())


def _short_name(name: str) -> str:
    return _spellings().get(_letters(name), "")


def _folders(data: Path | None) -> list[Path]:
    named = [] if data is None else [("--data ", data)]
    if os.environ.get("STILL_DATA"):
        named.append(("STILL_DATA=", Path(os.environ["STILL_DATA"])))
    for by, folder in named:
        if not folder.is_dir():
            raise ConfigError(f"{by}{folder}: there is no such folder; name the one with the benchmarks' files")
    return [folder for _, folder in named]


def _file_in(folders: list[Path], names: tuple[str, ...]) -> Path | None:
    for folder in folders:
        for name in names:
            for suffix in SUFFIXES:
                path = folder / f"{name}{suffix}"
                if path.is_file():
                    return path
    return None


def _from_hub(short: str, folders: list[Path], option: str) -> Path:
    known = KNOWN[short]
    fix = "give --data DIR, or set STILL_DATA" if option == OPTION else "set STILL_DATA"
    looked = ", ".join(map(str, folders)) or f"no folder ({fix})"
    why = "it is not on the model hub in a layout that is read here"
    if known.hub is not None:
        try:
            return fetch(known.hub)
        except ConfigError as error:
            why = str(error)
    raise ConfigError(
        f"{option} {short}: no file {known.files[0]}.jsonl in {looked}; {why}. "
        f"Get it from {known.source} and save it as DIR/{known.files[0]}.jsonl"
    )


def _with_expected_size(found: Benchmark, path: Path) -> Benchmark:
    known = KNOWN.get(found.name)
    if known is None or len(found.problems) == known.problems:
        return found
    note = f"{path.name} has {len(found.problems)} problems that can be scored; the benchmark has {known.problems}"
    return Benchmark(found.name, found.problems, (*found.notes, note), found.examples)
