"""What a reader does with a page, in a real browser: search, follow a link, sort, save, print; by mouse and by key."""

import json
import struct
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browser_tab import CHROMIUM, DRAWN, Tab
from websockets.sync.client import connect

from still_verl.report.page import write_report
from still_verl.report.serve import make_server

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
]
HOSTILE = [
    "<script>document.title = 'broken'</script>",
    "<img src=x onerror=\"document.title = 'broken'\">",
    "</script></pre></details></div><h1>broken</h1>",
    "<think><iframe src='javascript:document.title=1'></iframe></think>${document.title = 'broken'}",
    "a</think>b<think>c</think>{{ 7 * 7 }} \\boxed{<svg onload=alert(1)>}",
    "\u202egnp.exe \u0000 \ud800 \U0001f600 İİİ",
    '=HYPERLINK("http://x")',
    "__proto__",
]
SET = """(name, value) => { const field = document.querySelector(`#filters [name=${name}]`);
  if (field.type === "checkbox") field.checked = value; else field.value = value;
  document.getElementById("filters").dispatchEvent(new Event("input")); }"""
FOCUSED = "(({ id, className, name }) => id || className || name)(document.activeElement)"
FOUND = "Number(document.getElementById('found').textContent.split(' ')[0])"


@contextmanager
def opened(browser: str, address: str) -> Iterator[Tab]:
    """A page with all charts drawn; afterwards nothing may be in the console."""
    request = urllib.request.Request(f"{browser}/json/new?about:blank", method="PUT")
    with connect(json.load(urllib.request.urlopen(request))["webSocketDebuggerUrl"], max_size=None) as socket:
        tab = Tab(socket)
        for domain in ("Runtime", "Log", "Page"):
            tab.call(f"{domain}.enable")
        tab.call("Page.navigate", url=address)
        tab.wait_for(
            f"document.readyState === 'complete' && {DRAWN} && Boolean(document.querySelector('#groups .sample'))"
        )
        yield tab
        assert tab.errors == []
        tab.call("Page.close")


@pytest.fixture
def run(tmp_path: Path, write_run: Callable[..., Path]) -> Path:
    path = write_run(tmp_path / "run")
    common = {"step": 60, "phase": "train", "gold": "<b>", "acc": 0, "score": 0, "tokens": 3, "truncated": True}
    with (path / "samples.jsonl").open("a") as file:
        for text in HOSTILE:
            row = common | {"prompt": f"hostile {HOSTILE[0]}", "response": text, "pred": text}
            file.write(json.dumps(row) + "\n")
    return path


def test_what_a_model_wrote_is_text_wherever_it_is_shown(browser: str, run: Path, tmp_path: Path) -> None:
    write_report([run], tmp_path / "r.html")
    with opened(browser, (tmp_path / "r.html").as_uri()) as tab:
        tab.value(f"({SET})('query', 'hostile')")
        tab.wait_for(f"{FOUND} === {len(HOSTILE)}")
        assert tab.value("document.title").endswith("still-verl report")
        inside = (
            "document.querySelectorAll('#groups script, #groups img, #groups iframe, #groups svg, #groups h1').length"
        )
        assert tab.value(inside) == 0
        shown = tab.value("document.getElementById('groups').textContent")
        assert all(text in shown for text in HOSTILE[:3]) and "{{ 7 * 7 }}" in shown
        assert tab.value("document.querySelectorAll('#groups details.thought').length") == 2
        assert tab.value("document.querySelectorAll('#groups .rollouts > .sample').length") == len(HOSTILE)


def test_filters_pages_and_a_link_to_one_sample(browser: str, run: Path, tmp_path: Path) -> None:
    write_report([run], tmp_path / "r.html")
    address = (tmp_path / "r.html").as_uri()
    with opened(browser, address) as tab:
        assert tab.value(FOUND) == 32 + len(HOSTILE)
        tab.value(f"({SET})('cut', true)")
        assert tab.value(FOUND) == len(HOSTILE)
        tab.value(f"({SET})('outcome', 'true')")
        assert tab.value(FOUND) == 0
        tab.value("document.querySelector('#filters [type=reset]').click()")
        tab.wait_for(f"{FOUND} > 0")
        first = tab.value("document.querySelector('#groups .sample a').hash")
        tab.value("document.querySelector('[data-turn=\"1\"]').click()")
        tab.wait_for("document.getElementById('found').textContent.includes('page 2')")
        assert tab.value("document.querySelector('#groups .sample a').hash") != first
    with opened(browser, address + first) as tab:
        tab.wait_for("Boolean(document.querySelector('.sample.linked'))")
        assert tab.value("'#' + document.querySelector('.sample.linked').id") == first


def test_a_served_page_searches_what_the_page_does_not_carry(browser: str, run: Path) -> None:
    with (run / "samples.jsonl").open("a") as file:
        for index in range(3000):
            row = {"step": 60, "phase": "train", "prompt": f"many {index}", "response": "y" * 1500, "acc": 1}
            file.write(json.dumps(row) + "\n")
    server = make_server([run], 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with opened(browser, f"http://127.0.0.1:{server.server_port}/") as tab:
            tab.value(f"({SET})('query', 'many')")
            tab.wait_for("document.getElementById('found').textContent.startsWith('3,000 samples')")
            tab.value(f"({SET})('query', 'hostile')")
            tab.wait_for(f"{FOUND} === {len(HOSTILE)}")
            assert tab.value("document.querySelectorAll('#groups script').length") == 0
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def key(tab: Tab, name: str, code: int, text: str = "") -> None:
    for kind in ("keyDown", "keyUp"):
        tab.call("Input.dispatchKeyEvent", type=kind, key=name, windowsVirtualKeyCode=code, text=text)


def test_a_table_is_sorted_and_everything_is_reached_by_the_keyboard(
    browser: str, tmp_path: Path, write_run: Callable[..., Path]
) -> None:
    runs = [write_run(tmp_path / name, seed=seed, lr=seed) for seed, name in enumerate("cab", 1)]
    write_report(runs, tmp_path / "r.html")
    with opened(browser, (tmp_path / "r.html").as_uri()) as tab:
        rows = "[...document.querySelector('table.sortable').tBodies[0].rows]"
        cells = f"{rows}.map((row) => row.cells[0].textContent.trim())"
        names = f"{cells}.map((name) => name.slice(-1)).join('')"
        assert tab.value(names) == "cab"
        tab.value("document.querySelector('table.sortable thead button').focus()")
        key(tab, "Enter", 13, "\r")
        assert tab.value(names) == "abc"
        key(tab, "Enter", 13, "\r")
        assert tab.value(names) == "cba"
        assert tab.value("document.querySelector('table.sortable th').getAttribute('aria-sort')") == "descending"
        tab.value("document.activeElement.blur(); window.scrollTo(0, 0); document.querySelector('.skip').focus()")
        reached = set()
        for _ in range(400):
            key(tab, "Tab", 9)
            reached.add(
                tab.value(
                    "document.activeElement.id || document.activeElement.className || document.activeElement.name"
                )
            )
        assert {"theme", "key", "metric", "query", "outcome", "scroll"} <= reached, reached


def test_paper_has_charts_of_its_width_and_comes_back(browser: str, run: Path, tmp_path: Path) -> None:
    write_report([run], tmp_path / "r.html")
    with opened(browser, (tmp_path / "r.html").as_uri()) as tab:
        width = "document.querySelector('.plot .main-svg').getAttribute('width')"
        before = tab.value(width)
        tab.value("dispatchEvent(new Event('beforeprint'))")
        assert tab.value(width) == "640" and tab.value("document.documentElement.style.colorScheme") == "light"
        tab.value("dispatchEvent(new Event('afterprint'))")
        tab.wait_for(f"{width} === {before!r}")


def test_files_have_what_is_shown_and_no_formula(browser: str, tmp_path: Path, write_run: Callable[..., Path]) -> None:
    runs = [write_run(tmp_path / "a|b", lr="=1+1"), write_run(tmp_path / "c", lr="-1e-6")]
    write_report(runs, tmp_path / "r.html")
    saved = """(async () => { const texts = []; const real = URL.createObjectURL;
      URL.createObjectURL = (blob) => { texts.push(blob.text()); return real(blob); };
      HTMLAnchorElement.prototype.click = () => {};
      document.querySelector('#comparison [data-name=Runs][data-save=markdown]').click();
      document.querySelector('#comparison [data-name=Settings][data-save=csv]').click();
      document.querySelector('figure [data-save=csv]').click();
      document.querySelector('figure [data-save=markdown]').click();
      return Promise.all(texts); })()"""
    with opened(browser, (tmp_path / "r.html").as_uri()) as tab:
        got = tab.call("Runtime.evaluate", expression=saved, awaitPromise=True, returnByValue=True)
        table, settings, figure, figures = got["result"]["value"]
    assert table.splitlines()[1].startswith("| --- |") and "a\\|b" in table and len(table.splitlines()) == 4
    assert settings.splitlines()[0] == '"arm","runs","actor_rollout_ref.actor.optim.lr"'
    assert [line.split(",")[-1] for line in settings.splitlines()[1:]] == ['"\'=1+1"', '"-1e-6"']
    assert figure.splitlines()[0] == '"run","line","x","y"' and len(figure.splitlines()) > 10
    assert figures.splitlines()[0] == "| line | first | lowest | highest | last |"


FORMULAS = "document.querySelectorAll('#groups .formula > math').length"


def test_formulas_are_drawn_and_shown_as_they_were_written(browser: str, run: Path, tmp_path: Path) -> None:
    text = r"Then \(\frac{1}{2}\) and $x^{2}$, for $5 and $6: \[\sum_{i=1}^n i\] $\href{javascript:alert(1)}{x}$"
    row = {"step": 60, "phase": "train", "prompt": "formulas of $y$", "response": text, "acc": 1}
    with (run / "samples.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    write_report([run], tmp_path / "r.html")
    server = make_server([run], 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        for address in ((tmp_path / "r.html").as_uri(), f"http://127.0.0.1:{server.server_port}/"):
            with opened(browser, address) as tab:
                tab.value(f"({SET})('query', 'formulas of')")
                tab.wait_for(f"{FOUND} === 1 && {FORMULAS} === 5")
                shown = "document.querySelectorAll('#samples .sample mfrac').length"
                assert tab.value(shown) > 0, "of a sample that is shown without a search"
                height = "document.querySelector('#groups mfrac').getBoundingClientRect().height"
                assert tab.value(height) > 20, "the fraction is not drawn as one"
                assert tab.value("document.querySelectorAll('#groups [href^=javascript]').length") == 0
                assert "$5 and $6" in tab.value("document.querySelector('#groups .sample').textContent")
                tab.value(f"({SET})('query', 'frac')")
                tab.wait_for("document.querySelector('#groups mark')?.textContent === 'frac'")
                assert tab.value(FORMULAS) == 4
                tab.value(f"({SET})('written', true)")
                tab.wait_for(f"{FORMULAS} === 0")
                assert text in tab.value("document.querySelector('#groups .sample').textContent")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_chart_is_saved_as_a_picture(browser: str, tmp_path: Path, write_run: Callable[..., Path]) -> None:
    write_report([write_run(tmp_path / "run", steps=8)], tmp_path / "r.html")
    with opened(browser, (tmp_path / "r.html").as_uri()) as tab:
        tab.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
        tab.value("document.querySelector('figure [data-save=png]').click()")
        end = time.monotonic() + 60
        while not list(tmp_path.glob("*.png")):
            assert time.monotonic() < end, "no picture came"
            time.sleep(0.2)
    (picture,) = tmp_path.glob("*.png")
    kind, size = picture.read_bytes()[:8], struct.unpack(">II", picture.read_bytes()[16:24])
    assert kind == b"\x89PNG\r\n\x1a\n" and size == (2400, 1400) and picture.stat().st_size > 10_000
