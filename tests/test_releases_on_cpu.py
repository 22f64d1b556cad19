"""Which releases of verl are supported is said in several places, and once each way: here they are compared."""

import re
import runpy
from pathlib import Path
from types import SimpleNamespace

from packaging.requirements import Requirement
from verl.trainer.ppo.metric_utils import process_validation_metrics

from still_verl.integration.releases import means_of_all, of_every_sample
from still_verl.support import SUPPORTED_VERL

ROOT = Path(__file__).parents[1]
releases = SimpleNamespace(**runpy.run_path(str(ROOT / "tests" / "releases.py")))


def test_the_readme_shows_what_was_run() -> None:
    assert releases.table_on_page() == releases.table_of(releases.read_results())


def test_every_release_but_the_pinned_one_is_tried() -> None:
    results = releases.read_results()
    assert list(results) == releases.OTHERS
    for release, parts in results.items():
        assert list(parts) == list(releases.PARTS)
        assert parts["sync"] == "", f"CI trains {release}"


def test_the_requirement_admits_the_supported_releases_alone() -> None:
    [line] = re.findall(r'^    "(verl[^"]*)",', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    verl = Requirement(line)
    assert [found for found in ("0.8.0", *SUPPORTED_VERL, "0.9.2", "0.10.0") if found in verl.specifier] == list(
        SUPPORTED_VERL
    )
    pins = (ROOT / "requirements" / "cpu.txt").read_text().splitlines()
    assert f"verl=={releases.PINNED}" in pins


def test_the_first_screen_of_the_readme_names_each() -> None:
    first = "\n".join((ROOT / "README.md").read_text().splitlines()[:20])
    assert [release for release in SUPPORTED_VERL if release not in first] == []


def test_a_number_that_some_samples_lack_is_no_metric_of_an_older_release() -> None:
    infos = {"acc": [1.0, 0.0], "tool_calls": [2, None]}
    assert of_every_sample(infos) == {"acc": [1.0, 0.0]}
    assert means_of_all(infos) is infos  # this release leaves the samples out
    found = process_validation_metrics(["d", "d"], ["a", "b"], dict(means_of_all(infos)))
    assert found["d"]["tool_calls"]["mean@1"] == 2
