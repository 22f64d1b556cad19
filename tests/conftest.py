"""Fixtures for every test."""

import copy
import gc
import io
import logging
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import omegaconf
import pytest
from omegaconf import OmegaConf
from xdist.scheduler import LoadGroupScheduling

REPO = Path(__file__).resolve().parents[1]
# How long an example takes says how busy the machine is; times are asserted as processor time where they matter.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")
_EXAMPLE = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


class ByFile(LoadGroupScheduling):
    """A group stays on one worker, and so does a file: what it prepares for its tests is prepared once."""

    def _split_scope(self, nodeid: str) -> str:
        group: str = super()._split_scope(nodeid)
        return nodeid.partition("::")[0] if group == nodeid else group


@pytest.hookimpl(optionalhook=True)  # pytest without xdist, `-p no:xdist`, has no such hook
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    """Distribute tests by file where groups are kept."""
    return ByFile(config, log) if config.getoption("dist") == "loadgroup" else None


def pytest_collection_finish() -> None:
    """Let the collector look at what tests make, not at the million objects of verl and of 10,000 collected tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(autouse=True)
def _warnings_are_logged() -> None:
    """Undo what a package of vLLM's does when it is imported: the root logger and its handlers pass on errors alone."""
    logging.root.setLevel(logging.WARNING)
    for handler in logging.root.handlers:
        handler.setLevel(logging.NOTSET)


@pytest.fixture(scope="session", autouse=True)
def _config_files_are_read_once() -> Iterator[None]:
    """Keep what config files say: Hydra reads fifty for a job, and to copy one takes less than half of making it."""
    read, known = OmegaConf.load, dict[str | bytes, Any]()

    def load(file_: Any) -> Any:
        if not hasattr(file_, "read"):
            return read(file_)
        text = file_.read()
        if text not in known:
            again = io.BytesIO(text) if isinstance(text, bytes) else io.StringIO(text)
            again.name = getattr(file_, "name", "<file>")  # type: ignore[union-attr]  # errors name it
            known[text] = read(again)
        return copy.deepcopy(known[text])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OmegaConf, "load", staticmethod(load))
        yield


@pytest.fixture(scope="session", autouse=True)
def _interpolations_are_parsed_once() -> Iterator[None]:
    """Keep what interpolations say: a job has 250, and to parse them takes half of the time that resolves them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(omegaconf.base, "parse", cache(omegaconf.base.parse))
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The evaluation sets beside the checkout; they are never part of the repository."""
    path = REPO.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip(f"evaluation sets are not at {path}")
    return path


@pytest.fixture(scope="session")
def write_examples() -> Callable[[Path], None]:
    """Write every file that docs/extend.md shows below a folder: a package outside the project."""

    def write(folder: Path) -> None:
        for name, text in _EXAMPLE.findall((REPO / "docs" / "extend.md").read_text()):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (folder / "my_package" / "__init__.py").touch()

    return write
