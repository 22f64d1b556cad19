"""Writes a report of evaluations, in the format that the name of the file ends with."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.report.evaluation.evaluation import Evaluation
from still_verl.report.evaluation.markdown import markdown
from still_verl.report.evaluation.page import render
from still_verl.report.whole_file import check_output, write_whole
from still_verl.stats.paired import Comparison

SUFFIXES = (".html", ".md", ".json")
PACKAGES = ("jinja2", "plotly")  # of a page


def check_report(path: Path) -> None:
    """Refuse a report that could not be written, before anything is measured.

    Raises:
        ConfigError: the name ends in none of the formats, it is no file, or a package of the extra `report` is missing.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"--report {path}: let its name end in {', '.join(SUFFIXES)}")
    check_output("--report", path)
    for package in PACKAGES:
        if path.suffix.lower() == ".html" and find_spec(package) is None:
            raise ConfigError(f"--report {path}: {package} is missing: pip install 'still-verl[report]'")


def write(path: Path, evaluations: Sequence[Evaluation], comparisons: Mapping[str, Comparison]) -> None:
    """Write a page, Markdown or JSON.

    Raises:
        ConfigError: the name ends in something else.
        ValueError: a package of the extra `report` is missing, for a page.
        OSError: the file cannot be written.
    """
    check_report(path)
    suffix = path.suffix.lower()
    if suffix == ".html":
        text = render(evaluations, comparisons)
    elif suffix == ".md":
        text = markdown(evaluations, comparisons)
    else:
        text = json.dumps(as_json(evaluations, comparisons), ensure_ascii=False, indent=2) + "\n"
    write_whole(path, text)


def as_json(evaluations: Sequence[Evaluation], comparisons: Mapping[str, Comparison]) -> dict[str, Any]:
    """Return all figures as plain data: `models`, by name, and `comparison`, by benchmark; shares, not percent."""
    models = {}
    for evaluation in evaluations:
        counts = evaluation.counts()
        found = {}
        for benchmark, numbers in evaluation.numbers.items():
            found[benchmark] = dict(numbers) | {"counts": asdict(counts[benchmark])}
            if benchmark in evaluation.texts:
                found[benchmark]["keywords"] = evaluation.texts[benchmark].per_thousand_words()
        models[evaluation.name] = {"benchmarks": found, "notes": list(evaluation.notes)}
    return {"models": models, "comparison": comparisons_as_json(comparisons)}


def comparisons_as_json(comparisons: Mapping[str, Comparison]) -> dict[str, Any]:
    """Return comparisons as plain data, by benchmark, each with its verdict."""
    found = {}
    for benchmark, comparison in comparisons.items():
        found[benchmark] = asdict(comparison) | {"verdict": comparison.verdict}
    return found
