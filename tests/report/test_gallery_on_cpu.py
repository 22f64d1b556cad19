"""The gallery of the docs: each page that it links is made, is small, and says what the gallery says."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
from gallery import GALLERY, LARGEST, SUFFIX, keep, write  # noqa: E402


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    written = write(tmp_path_factory.mktemp("gallery"))
    assert all(page.stat().st_size < LARGEST for page in written)
    return {page.name: page.read_text() for page in written}


def test_the_page_links_each_report(pages: dict[str, str]) -> None:
    text = (ROOT / "docs" / "gallery.md").read_text()
    assert sorted(re.findall(r"\(gallery/([\w-]+\.html)\)", text)) == sorted(pages)


def test_what_is_kept_in_the_repository_is_small() -> None:
    assert sum(path.stat().st_size for path in GALLERY.glob(f"*{SUFFIX}")) < 300_000


def test_the_ablation_has_every_kind_of_sentence(pages: dict[str, str]) -> None:
    sentences = re.findall(r"<li><strong>(.*?)</strong>", pages["ablation.html"])
    assert len(sentences) == 3 and "is better than" in sentences[0] and "are equal within" in sentences[2]


def test_a_run_is_kept_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_run) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("gallery.GALLERY", tmp_path)
    path = keep(write_run(tmp_path / "run", steps=30), "kept")
    assert path.stat().st_size < 40_000
    assert "kept.html" in {page.name for page in write(tmp_path / "pages")}


def test_the_hacked_run_names_what_happened_first(pages: dict[str, str]) -> None:
    assert "Alarm: reward hacking score in steps 16 to 21" in pages["hacked.html"]
