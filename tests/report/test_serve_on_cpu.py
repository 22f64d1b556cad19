"""The server of a page: made again only when a file has changed, and only for this machine."""

import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from still_verl.report.serve import Pages, make_server


def test_a_page_is_made_again_when_a_run_has_grown(tmp_path: Path, write_run: Callable[..., Path]) -> None:
    run = write_run(tmp_path / "run")
    pages = Pages([run])
    version, page = pages.version(), pages.page()
    assert pages.page() is page and pages.version() == version and version.encode() in page
    for name in ("metrics.jsonl", "samples.jsonl", "alarms.jsonl", "keywords.json"):
        with (run / name).open("a") as file:
            file.write("{}\n")
        assert pages.version() != version and pages.page() is not page
        version, page = pages.version(), pages.page()


def test_only_this_machine_is_answered(tmp_path: Path, write_run: Callable[..., Path]) -> None:
    server = make_server([write_run(tmp_path / "run")], 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/version"
    try:
        assert server.server_address[0] == "127.0.0.1"
        assert len(urllib.request.urlopen(address).read()) == 16
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(urllib.request.Request(address, headers={"Host": "evil.example:80"}))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_run_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        make_server([tmp_path / "none"], 0)
