"""The cache: built once, verified on reuse, rebuilt when damaged, never half-done."""

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from still_verl.demo.cache import MANIFEST, ensure


def _fill(folder: Path) -> None:
    (folder / "a.json").write_text("1")
    (folder / "b.json").write_text("2")


def _refuse(folder: Path) -> None:
    raise AssertionError("must not build again")


def _never_ends(folder: Path) -> None:
    (folder / "a.json").write_text("half")
    time.sleep(600)


def _slowly(folder: Path) -> None:
    time.sleep(0.3)
    (folder / "builder.json").write_text(str(os.getpid()))


def test_a_complete_directory_is_reused(tmp_path: Path) -> None:
    target = ensure(tmp_path / "x", "r", _fill)
    assert sorted(path.name for path in target.iterdir()) == ["a.json", "b.json", MANIFEST]
    assert ensure(target, "r", _refuse) == target


def test_the_manifest_names_every_file(tmp_path: Path) -> None:
    manifest = json.loads((ensure(tmp_path / "x", "r", _fill) / MANIFEST).read_text())
    assert manifest["recipe"] == "r" and set(manifest["files"]) == {"a.json", "b.json"}


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda target: (target / "a.json").write_text("9"), "checksum of a.json is wrong"),
        (lambda target: (target / "b.json").unlink(), "checksum of b.json is wrong"),
        (lambda target: (target / MANIFEST).unlink(), f"has no {MANIFEST}"),
        (lambda target: (target / MANIFEST).write_text("{"), "unreadable"),
        (lambda target: (target / MANIFEST).write_text("[]"), "unreadable"),
    ],
    ids=["changed", "missing", "no manifest", "torn manifest", "other manifest"],
)
def test_a_damaged_directory_is_rebuilt_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: object, reason: str
) -> None:
    target = ensure(tmp_path / "x", "r", _fill)
    assert callable(harm)
    harm(target)
    ensure(target, "r", _fill)
    assert (target / "a.json").read_text() == "1" and (target / "b.json").read_text() == "2"
    assert "is rebuilt" in caplog.text and reason in caplog.text
    assert ensure(target, "r", _refuse) == target


def test_another_recipe_rebuilds(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ensure(tmp_path / "x", "seed=0", _fill)
    ensure(tmp_path / "x", "seed=1", _fill)
    assert "built from 'seed=0', wanted 'seed=1'" in caplog.text


def test_a_directory_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "thesis.tex").write_text("years of work")
    with pytest.raises(FileExistsError, match="thesis.tex"):
        ensure(tmp_path / "x", "r", _fill)
    assert (tmp_path / "x" / "thesis.tex").read_text() == "years of work"


def test_a_builder_that_fails_leaves_nothing_in_place(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        ensure(tmp_path / "x", "r", _refuse)
    assert not (tmp_path / "x").exists()


def test_a_killed_builder_leaves_nothing_half_done(tmp_path: Path) -> None:
    target = tmp_path / "x"
    builder = multiprocessing.get_context("fork").Process(target=ensure, args=(target, "r", _never_ends))
    builder.start()
    partial = tmp_path / ".x.partial" / "a.json"
    while not partial.exists():
        time.sleep(0.01)
    assert builder.pid is not None
    os.kill(builder.pid, signal.SIGKILL)
    builder.join()
    assert not target.exists()
    assert (ensure(target, "r", _fill) / "a.json").read_text() == "1"
    assert not (tmp_path / ".x.partial").exists()


def test_of_two_builders_one_builds(tmp_path: Path) -> None:
    target = tmp_path / "x"
    context = multiprocessing.get_context("fork")
    builders = [context.Process(target=ensure, args=(target, "r", _slowly)) for _ in range(2)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert [builder.exitcode for builder in builders] == [0, 0]
    assert int((target / "builder.json").read_text()) in {builder.pid for builder in builders}
