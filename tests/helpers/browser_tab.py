"""A headless browser in tests, over the DevTools protocol."""

import itertools
import json
import shutil
import time
import urllib.request
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FIRST_PAINT_MS = 2000
SIZE = 15e6  # bytes
DRAWN = "[...document.querySelectorAll('.plot')].every((plot) => plot.querySelector('.main-svg'))"
SEEN = """(() => {
  const style = document.documentElement.style, before = style.colorScheme;
  document.getElementById("theme").click();
  const key = document.querySelector(".keys .key");
  key?.click();
  localStorage.clear();
  return {
    charts: document.querySelectorAll(".plot").length, title: document.title, images: document.images.length,
    wide: document.documentElement.scrollWidth - innerWidth, schemes: [before, style.colorScheme],
    hidden: key?.getAttribute("aria-pressed"), text: document.body.innerText.includes("<script>document.title"),
    paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
  };
})()"""


class Tab:
    """A page of a browser, over the DevTools protocol."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.errors: list[Any] = []

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=60))
            if message.get("method") in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
                self.errors.append(message["params"])
            if message.get("id") == number:
                return dict(message["result"])

    def value(self, expression: str) -> Any:
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def wait_for(self, expression: str) -> None:
        end = time.monotonic() + 60
        while not self.value(expression):
            assert time.monotonic() < end, f"still false after a minute: {expression}; {self.errors}"
            time.sleep(0.1)


def visit(tab: Tab, page: Path, width: int, scheme: str, drawn: str) -> dict[str, Any]:
    """Open a page in a window of some width, and wait until all charts are drawn."""
    for domain in ("Runtime", "Log", "Page"):
        tab.call(f"{domain}.enable")
    tab.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
    tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    tab.call("Page.navigate", url=page.as_uri())
    tab.wait_for(f"document.readyState === 'complete' && {drawn}")
    tab.wait_for("performance.getEntriesByName('first-contentful-paint').length")
    seen: dict[str, Any] = tab.value(SEEN)
    assert tab.value(drawn) and tab.errors == []
    tab.call("Page.close")
    return seen


def open_file(browser: str, page: Path, width: int = 1200, scheme: str = "light", drawn: str = DRAWN) -> dict[str, Any]:
    """What a visitor finds on a page, after what must hold for every page; `drawn` says when all its charts are."""
    assert page.stat().st_size < SIZE
    request = urllib.request.Request(f"{browser}/json/new?about:blank", method="PUT")
    with connect(json.load(urllib.request.urlopen(request))["webSocketDebuggerUrl"], max_size=None) as socket:
        seen = visit(Tab(socket), page, width, scheme, drawn)
    assert seen["title"].endswith("still-verl report") and seen["images"] == 0 and seen["wide"] <= 0
    assert seen["schemes"] == [scheme, "light" if scheme == "dark" else "dark"]
    assert seen["paint"] < FIRST_PAINT_MS, f"first paint after {seen['paint']} ms"
    return seen
