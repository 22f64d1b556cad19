"""The ten pages of docs/howto: their commands run as they stand, and print what the pages say."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import verl  # noqa: F401  (puts our recipes on the search path)
from howto import blocks, follow, missing_lines, script, trains
from hydra import compose, initialize_config_module

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = sorted((DOCS / "howto").glob("*.md"))
_JOB = re.compile(r"python -m verl\.trainer\.main_ppo((?:[^\n\\]|\\\n)*)")


def jobs(page: Path) -> list[list[str]]:
    """The overrides of each job of a page; those that start several jobs, or that must fail, are left out."""
    found = []
    for block in blocks(page):
        if block.language != "bash":
            continue
        for text in _JOB.findall(block.text):
            if "$" not in text and " -m " not in text and "||" not in text:
                found.append(shlex.split(text.replace("\\\n", " ")))
    return found


def test_the_list_has_each_page() -> None:
    listed = re.findall(r"\(howto/(\w+\.md)\)", (DOCS / "howto.md").read_text())
    assert sorted(listed) == [page.name for page in PAGES] and len(PAGES) == 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_begins_with_its_task_and_can_be_run(page: Path) -> None:
    text = page.read_text()
    assert text.startswith("# ") and "\n**Task:** " in text
    assert script(page).count("still-verl") > 0
    checked = subprocess.run(["bash", "-n"], input=script(page), text=True, capture_output=True)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_its_jobs_compose(page: Path) -> None:
    """A setting that is gone, or was mistyped, does not wait for the slow test."""
    with initialize_config_module("verl.trainer.config", version_base=None):
        for overrides in jobs(page):
            compose("ppo_trainer", overrides)


def test_what_a_page_says_is_compared(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        '```bash\nprintf 7\n```\n```text title="prints"\n7\n```\n```bash\necho 8\n```\n```text title="prints"\n7\n```\n'
    )
    with pytest.raises(AssertionError, match=r"not printed: \['7'\]"):
        follow(page, tmp_path, timeout=60)
    assert missing_lines(page, (tmp_path / "followed.log").read_text()) == ["7"]


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.xdist_group("verl")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_followed_to_the_letter(page: Path, tmp_path: Path) -> None:
    assert trains(page)
    environment = os.environ.pop("PYTHONPATH", None)  # a page exports its own
    try:
        follow(page, tmp_path, timeout=1800)
    finally:
        if environment is not None:
            os.environ["PYTHONPATH"] = environment
