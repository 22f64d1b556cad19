"""Pages in a real browser: no error in the console, all charts drawn, a model's scripts shown as text, painted fast."""

import json
import math
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser_tab import CHROMIUM, DRAWN, Tab, open_file
from websockets.sync.client import connect

from still_verl.report.page import write_report
from still_verl.report.serve import make_server

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
]

TOUCH = """(() => {
  if (document.documentElement.style.colorScheme !== "dark") document.getElementById("theme").click();
  document.querySelector(".key").click();
  document.querySelectorAll("details")[1].open = true;
  scrollTo({ top: 900, behavior: "instant" });
  window.untouched = true;
})()"""


def open_page(browser: str, runs: list[Path], page: Path, width: int = 1200, scheme: str = "light") -> dict[str, Any]:
    """What a visitor finds on the page of some runs."""
    write_report(runs, page)
    return open_file(browser, page, width, scheme)


def test_a_run_is_shown_and_its_script_is_text(browser: str, tmp_path: Path, write_run: Callable[..., Path]) -> None:
    seen = open_page(browser, [write_run(tmp_path / "run")], tmp_path / "r.html")
    assert seen["charts"] > 10 and seen["text"] and seen["hidden"] == "false"


def test_three_runs_on_a_narrow_screen(browser: str, tmp_path: Path, write_run: Callable[..., Path]) -> None:
    runs = [write_run(tmp_path / name, seed=seed) for seed, name in enumerate("abc")]
    assert open_page(browser, runs, tmp_path / "r.html", width=390, scheme="dark")["charts"] > 10


def test_a_run_without_accuracy_and_with_nan(browser: str, tmp_path: Path) -> None:
    rows = [{"step": s, "actor/entropy": math.nan if s % 3 else s, "actor/kl_loss": math.nan} for s in range(90)]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    seen = open_page(browser, [tmp_path], tmp_path / "r.html")
    assert seen["charts"] == 3  # the entropy, when the alarm over what is no number rang, any other metric


def test_a_run_without_a_step(browser: str, tmp_path: Path) -> None:
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "config.yaml").write_text("trainer: {total_training_steps: 8}\n")
    assert open_page(browser, [tmp_path], tmp_path / "r.html")["charts"] == 0


def test_numbers_that_no_axis_holds_do_not_stop_the_other_charts(browser: str, tmp_path: Path) -> None:
    """Also a name without a place to break stays within a phone's screen."""
    rows = [{"step": s, "actor/grad_norm": 10.0 ** (7 * s), "actor/entropy": 1e-320, "lr": s} for s in range(1, 40)]
    runs = [tmp_path / ("x" * 200), tmp_path / "other"]
    for run in runs:
        run.mkdir()
        (run / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    write_report(runs, tmp_path / "r.html")
    ready = DRAWN.replace(
        "plot.querySelector", "plot.textContent.startsWith('This chart cannot') || plot.querySelector"
    )
    assert open_file(browser, tmp_path / "r.html", 390, drawn=ready)["charts"] > 2


def test_a_served_page_follows_its_run(browser: str, tmp_path: Path, write_run: Callable[..., Path]) -> None:
    """What the reader opened, hid and scrolled to stays as it is; nothing is made again while nothing changes."""
    run = write_run(tmp_path / "run")
    server = make_server([run], 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    request = urllib.request.Request(f"{browser}/json/new?about:blank", method="PUT")
    try:
        with connect(json.load(urllib.request.urlopen(request))["webSocketDebuggerUrl"], max_size=None) as socket:
            tab = Tab(socket)
            for domain in ("Runtime", "Log", "Page"):
                tab.call(f"{domain}.enable")
            tab.call("Page.navigate", url=f"http://127.0.0.1:{server.server_port}/")
            tab.wait_for(f"document.readyState === 'complete' && {DRAWN}")
            tab.value(TOUCH)
            time.sleep(5)
            assert tab.value("window.untouched") is True, "it was loaded again though nothing changed"
            top = tab.value("scrollY")
            assert top > 300
            with (run / "metrics.jsonl").open("a") as file:
                file.write(json.dumps({"step": 61, "still/accuracy": 0.9}) + "\n")
            tab.wait_for(f"!window.untouched && document.readyState === 'complete' && {DRAWN}")
            assert tab.value("figures[0].data.some((line) => line.x.includes(61))")
            tab.wait_for(f"Math.abs(scrollY - {top}) < 2")
            assert tab.value("[...document.querySelectorAll('details')].at(1).open")
            assert tab.value("document.querySelector('.key').getAttribute('aria-pressed')") == "false"
            assert tab.value("document.documentElement.style.colorScheme") == "dark" and tab.errors == []
            tab.value("localStorage.clear()")
            tab.call("Page.close")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_long_run(browser: str, tmp_path: Path, write_run: Callable[..., Path]) -> None:
    """5,000 steps and 100,000 samples."""
    path = write_run(tmp_path / "run", steps=5000)
    line = (path / "samples.jsonl").read_text().splitlines()[0].replace('"step": 1', '"step": %d')
    with (path / "samples.1.jsonl").open("w") as file:
        file.writelines(line % (index // 20) + "\n" for index in range(100_000))
    open_page(browser, [path], tmp_path / "r.html")
