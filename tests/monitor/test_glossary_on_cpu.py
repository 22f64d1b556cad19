"""No metric that a job logs lacks a line; `python tests/monitor/test_glossary_on_cpu.py` renews docs/glossary.md."""

from pathlib import Path

import pytest

from still_verl.monitor.glossary import PREFIXES, STILL, VERL, meaning
from still_verl.monitor.registries import DETECTORS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "glossary.md"
LOGGED = ROOT / "tests" / "golden" / "logged_metrics.txt"  # by real jobs: the demo, its failures, domains with programs
HEAD = """# Glossary of metrics and alarms

Every metric in one line, made from the table in the code. `<name>` stands for a name of yours or of the data.
What is behind them: [monitor](monitor.md); what the detectors read: [alarms](alarms.md).

"""


def page() -> str:
    parts = [HEAD + "## Ours", table(["metric", "is"], STILL)]
    parts += ["With one of these in place of `still/`, it is the same figure of some samples only:"]
    parts += [table(["begins with", "is"], PREFIXES), "## verl's", table(["metric", "is"], VERL)]
    detectors = {name: DETECTORS.find(name) for name in DETECTORS}
    alarms = {name: f"{detector.severity}: {detector.advice}" for name, detector in detectors.items()}
    return "\n\n".join([*parts, "## Alarms", table(["alarm", "is at most, and what to do"], alarms)]) + "\n"


def table(head: list[str], rows: dict[str, str]) -> str:
    lines = [f"| {head[0]} | {head[1]} |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{name}` | {text} |" for name, text in rows.items())])


@pytest.mark.parametrize("metric", LOGGED.read_text().split())
def test_a_metric_that_jobs_log_has_a_line(metric: str) -> None:
    assert meaning(metric)


def test_names_of_somebody_else_have_none() -> None:
    assert [meaning(name) for name in ("mine/clip", "still/nosuch", "still/validation/nosuch", "still/length")] == [
        ""
    ] * 4


def test_samples_that_a_metric_is_of_are_said() -> None:
    assert meaning("still/validation/accuracy") == "of the validation: share of right answers"
    assert meaning("still/domain/sums/reward/correct").startswith(
        "of one domain of a run with routes: mean of a reward"
    )
    assert meaning("still/validation/source/demo/addition/pass@4").startswith(
        "of the validation problems of one source"
    )


def test_the_page_says_what_the_table_says() -> None:
    assert PAGE.read_text() == page(), "renew it: python tests/monitor/test_glossary_on_cpu.py"


if __name__ == "__main__":
    PAGE.write_text(page())
