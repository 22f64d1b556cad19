"""axe-core finds nothing serious on a page, in light and dark, on a desk and on a phone."""

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from browser_tab import CHROMIUM, DRAWN, Tab
from websockets.sync.client import connect

from still_verl.report.page import write_report

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "tests" / "npm" / "node_modules" / "axe-core" / "axe.min.js"
SITE = ROOT / "site"
LOOKS = [(1200, "light"), (390, "light"), (390, "dark"), (1200, "dark")]
NONE: dict[str, list[str]] = {f"{width} {scheme}": [] for width, scheme in LOOKS}

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
    pytest.mark.skipif(not AXE.is_file(), reason="no axe-core here: npm ci --prefix tests/npm"),
]
# Each fault of the two worst kinds, as "rule: the element". A chart is one image with a name, whatever is in it.
FAULTS = """axe.run({ exclude: [[".plot > *"]] }, { resultTypes: ["violations"] }).then(({ violations }) => violations
  .filter(({ impact }) => ["serious", "critical"].includes(impact))
  .flatMap(({ id, nodes }) => nodes.map(({ html, any: [cause] }) =>
    `${id}: ${html.slice(0, 200)} ${cause?.message ?? ""}`)))"""
READY = f"document.readyState === 'complete' && {DRAWN}"
LISTED = "(!document.getElementById('filters') || Boolean(document.querySelector('#groups .sample')))"


def faults(tab: Tab) -> list[str]:
    tab.value(AXE.read_text())
    found = tab.call("Runtime.evaluate", expression=FAULTS, awaitPromise=True, returnByValue=True)["result"]
    return list(found["value"])


def faults_of(browser: str, address: str) -> dict[str, list[str]]:
    """What axe finds on a page, by width and colours. The console stays empty, and nothing is wider than the window."""
    request = urllib.request.Request(f"{browser}/json/new?about:blank", method="PUT")
    found = {}
    with connect(json.load(urllib.request.urlopen(request))["webSocketDebuggerUrl"], max_size=None) as socket:
        tab = Tab(socket)
        for domain in ("Runtime", "Log", "Page"):
            tab.call(f"{domain}.enable")
        tab.call("Page.navigate", url=address)
        tab.wait_for(f"location.href === {address!r} && {READY} && {LISTED}")
        tab.value("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        for width, scheme in LOOKS:
            mobile = width < 500
            tab.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=mobile)
            tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            time.sleep(0.5)  # until colours have changed, which some pages do slowly
            tab.wait_for("document.documentElement.scrollWidth <= innerWidth")  # charts are as wide as before at first
            found[f"{width} {scheme}"] = faults(tab)
        assert tab.errors == [], tab.errors
        tab.call("Page.close")
    return found


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of the documentation, as `make docs` built it."""
    handler = partial(SimpleHTTPRequestHandler, directory=SITE)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_fault_is_found(browser: str, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text(
        "<!doctype html><html lang=en><link rel=icon href=data:,><title>A page</title><main><h1>Title</h1>"
        "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='><p style='background:#fff;color:#ddd'>Hardly seen"
    )
    for found in faults_of(browser, page.as_uri()).values():
        assert {line.split(":")[0] for line in found} == {"image-alt", "color-contrast"}, found


def test_a_run_and_its_samples(browser: str, tmp_path: Path, write_run: Callable[..., Path]) -> None:
    run = write_run(tmp_path / "run")
    row = {"step": 60, "phase": "train", "prompt": "What is $x^2$?", "acc": 0, "truncated": True}
    with (run / "samples.jsonl").open("a") as file:
        file.write(json.dumps(row | {"response": r"<think>a</think>\[\frac{1}{2}\] " + "word " * 3000}) + "\n")
    write_report([run], tmp_path / "r.html")
    assert faults_of(browser, (tmp_path / "r.html").as_uri()) == NONE


def test_a_comparison(browser: str, tmp_path: Path, write_run: Callable[..., Path]) -> None:
    runs = [write_run(tmp_path / f"run{seed}", 8, seed, lr=1e-6 * (seed // 2 + 1)) for seed in range(3)]
    write_report(runs, tmp_path / "r.html")
    assert faults_of(browser, (tmp_path / "r.html").as_uri()) == NONE


@pytest.mark.skipif(not SITE.is_dir(), reason="no site/ here: make docs")
@pytest.mark.parametrize("page", ["", "howto/compare/", "glossary/"])
def test_the_documentation(browser: str, site: str, page: str) -> None:
    assert faults_of(browser, f"{site}/{page}") == NONE
