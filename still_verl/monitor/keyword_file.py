"""`keywords.json` of a run folder: the words that the run counts, by category, for whoever reads the run later."""

import json
import os
from pathlib import Path
from typing import Any

from still_verl.monitor.categories import check_category
from still_verl.monitor.keywords import Words, keyword_lists

NAME = "keywords.json"
MAX_BYTES = 100_000  # of the file: some 8,000 words, which take seconds to compile


def write_keywords(run_dir: Path, words: Words) -> None:
    """Write the list of a run; a resumed run writes it again."""
    run_dir.mkdir(parents=True, exist_ok=True)
    # Renamed into place, so that who follows the run never reads half of it.
    partial = run_dir / f"{NAME}.part"
    text = json.dumps(words, ensure_ascii=False, indent=2)
    partial.write_text(text, encoding="utf-8", errors="backslashreplace")  # a lone surrogate as its escape
    os.replace(partial, run_dir / NAME)


def read_keywords(run_dir: Path) -> Words:
    """Read the list of a run; still_verl's own for a run that left none, such as one of plain verl.

    Raises:
        ValueError: the file is no list of keywords; says why in one sentence.
    """
    path = run_dir / NAME
    if not path.is_file():
        return keyword_lists()
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES:,} bytes")
        return _checked(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        reason = str(error).rstrip(".")
        raise ValueError(f"{NAME} was skipped, and still_verl's own keywords are shown: {reason}.") from error


def _checked(found: Any) -> Words:
    """Refuse what a job could not have been configured with."""
    if not isinstance(found, dict):
        raise ValueError(f"it holds a {type(found).__name__}, and not an object of categories")
    for category, words in found.items():
        check_category(NAME, category, words)
    return found
