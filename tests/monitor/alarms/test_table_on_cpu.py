"""docs/alarms.md says what the detectors do; `python tests/monitor/alarms/test_table_on_cpu.py` renews its tables."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path

from still_verl.monitor.alarms.changes import Direction
from still_verl.monitor.alarms.level import TESTS, Grade, LevelDetector
from still_verl.monitor.alarms.signals import FAMILIES, SIGNALS, scale_of
from still_verl.monitor.registries import DETECTORS

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "alarms.md"
START, END = "<!-- made from the code -->\n", "<!-- end -->\n"


def first_sentence(thing: object) -> str:
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split()).rstrip(".")


def condition(function: Callable[..., bool]) -> str:
    return first_sentence(function).removeprefix("Return whether ")


def grade(each: Grade, detector: LevelDetector) -> str:
    above = ">=" if detector.direction is Direction.RISE else "<="
    parts = [f"**{each.severity}**"]
    if each.amount:
        parts.append(f"by {scale_of(detector.signal).name(each.amount)}")
    if each.level is not None:
        parts.append(f"to {above} {each.level:g}")
    if tuple(each.tests) != TESTS:
        parts.append(f"({', '.join(each.tests)})")
    if each.only_if is not None:
        parts.append(f"if `{each.only_if.__name__}`")
    return " ".join(parts)


def when(name: str) -> str:
    detector = DETECTORS.find(name)
    if not isinstance(detector, LevelDetector):
        return first_sentence(type(detector))
    grades = [grade(each, detector) for each in detector.grades]
    grades += [f"{grade(each, detector)} in 20 steps, changed or not" for each in detector.standing]
    direction = "rises" if detector.direction is Direction.RISE else "falls"
    return f"{direction}: {'; '.join(grades)}"


def tables() -> str:
    lines = ["| alarm | worst | reads | begins when | what to do first |", "|---|---|---|---|---|"]
    conditions = {}
    for name in DETECTORS:
        detector = DETECTORS.find(name)
        reads = ", ".join(f"`{need}`" for need in detector.needs) or "every metric"
        lines.append(f"| `{name}` | {detector.severity} | {reads} | {when(name)} | {detector.advice} |")
        if isinstance(detector, LevelDetector):
            for each in (*detector.grades, *detector.standing):
                if each.only_if is not None:
                    conditions[each.only_if.__name__] = condition(each.only_if)
    lines += ["", "| condition | holds when |", "|---|---|"]
    lines += [f"| `{name}` | {text} |" for name, text in sorted(conditions.items())]
    return "\n".join(lines) + "\n"


def test_the_page_says_what_the_detectors_do() -> None:
    text = PAGE.read_text()
    assert text[text.index(START) + len(START) : text.index(END)] == tables(), f"renew it: python {__file__}"


def test_every_signal_that_is_read_is_explained() -> None:
    text = PAGE.read_text()
    explained = set(re.findall(r"^\| `(\w+)` \| (?:still|critic|first|mean)", text, re.MULTILINE))
    read = {need for name in DETECTORS for need in DETECTORS.find(name).needs}
    assert read <= set(SIGNALS) | set(FAMILIES)
    missing = {need for need in read if f"| `{need}` |" not in text}
    assert not missing, f"add rows for {missing} to the table of signals; it has {explained}"


def test_an_advice_names_groups_and_metrics_that_there_are() -> None:
    metrics = (ROOT / "docs" / "monitor.md").read_text()
    for name in DETECTORS:
        for group, choice in re.findall(r"still/(\w+)(?:=(\w+))?", DETECTORS.find(name).advice):
            folder = ROOT / "recipes" / "still" / group
            found = (folder / f"{choice}.yaml").is_file() if choice else folder.is_dir() or f"`{group}/" in metrics
            assert found, f"{name}: still/{group}"


if __name__ == "__main__":
    page = PAGE.read_text()
    PAGE.write_text(page[: page.index(START) + len(START)] + tables() + page[page.index(END) :])
