"""A report on 127.0.0.1 that reloads itself when a run has grown."""

import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast
from urllib.parse import parse_qsl, urlsplit

from still_verl.logs.find import Finder
from still_verl.monitor import keyword_file
from still_verl.report.embedded import alarm_steps
from still_verl.report.formulas.find import formulas_in
from still_verl.report.formulas.render import render as render_formulas
from still_verl.report.page import render
from still_verl.report.read import read_runs
from still_verl.report.samples.index import SampleIndex

HOST = "127.0.0.1"
# What a page is made from beside the logs of metrics, see `read` and `samples`.
ABOUT = ("alarms.jsonl", "versions.json", keyword_file.NAME, ".hydra/config.yaml", ".hydra/overrides.yaml")
SAMPLES = ("samples*.jsonl", "*/[0-9]*.jsonl", "[0-9]*.jsonl")


class Pages:
    """The page of some runs, made again only after their files have changed."""

    def __init__(self, paths: Sequence[Path], formats: Sequence[str] = ()) -> None:
        self.paths, self.formats = paths, tuple(formats)
        self._finders = [Finder(path, formats) for path in paths]
        self._lock = threading.Lock()  # two tabs that ask at once are served by one making
        self._index_lock = threading.Lock()
        self._indexed, self._index = "", cast("SampleIndex | None", None)
        self._made, self._page = "", b""  # the version that was made last, and its page

    def version(self) -> str:
        """Return 16 characters that change with the files that the page is made from: their names, sizes and times."""
        files: set[Path] = set()
        for finder in self._finders:
            files.update(_sources(finder))
        stats = []
        for file in sorted(files):
            if file.is_file():
                stat = file.stat()
                stats.append((str(file), stat.st_size, stat.st_mtime_ns))
        return hashlib.sha256(repr(stats).encode()).hexdigest()[:16]

    def samples(self, query: str) -> bytes:
        """Return samples that a query of the page asks for, as JSON, see `SampleIndex.find`, and their `formulas`.

        Raises:
            ValueError: a run does not exist any more, or the query is wrong.
        """
        wanted = dict(parse_qsl(query))
        with self._index_lock:  # not that of the page: reading many samples takes seconds
            version = self.version()
            if version != self._indexed:
                runs = read_runs(self.paths, self.formats, begun=True)
                self._index = SampleIndex((run, alarm_steps(run)) for run in runs)
                self._indexed = version
            assert self._index is not None
            found = self._index.find(wanted)
        texts = []
        for sample in found["samples"]:
            texts += [sample["prompt"], sample["response"]]
        found["formulas"] = render_formulas(formulas_in(texts))
        return json.dumps(found).encode()

    def page(self) -> bytes:
        """Return the page of the newest version, in UTF-8.

        Raises:
            ValueError: a run does not exist any more, or a package of the extra `report` is missing.
        """
        with self._lock:
            version = self.version()  # before reading: what is added meanwhile makes the next page
            if version != self._made:
                self._page = render(read_runs(self.paths, self.formats, begun=True), version).encode(
                    "utf-8", "backslashreplace"
                )
                self._made = version
            return self._page


def _sources(finder: Finder) -> Iterator[Path]:
    """Yield what runs are read from; some of it may not exist."""
    folders = {finder.path}
    for log in finder.find().logs:
        yield from log.files
        folders.add(log.path)
    for folder in folders:
        if not folder.is_dir():
            continue
        for name in ABOUT:
            yield folder / name
        for pattern in SAMPLES:
            yield from folder.glob(pattern)


def make_server(paths: Sequence[Path], port: int, formats: Sequence[str] = ()) -> ThreadingHTTPServer:
    """Make a server of a page at 127.0.0.1; port 0 takes any free one. Its user calls `serve_forever`.

    The first page is made here, so that what is wrong is said at once.

    Raises:
        ValueError: a run does not exist, or a package of the extra `report` is missing.
        OSError: the port is taken.
    """
    pages = Pages(paths, formats)
    pages.page()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # Another name for this address is a foreign page that wants to read samples (DNS rebinding).
            if self.headers.get("Host", "").rsplit(":", 1)[0] not in (HOST, "localhost"):
                self.send_error(403, "open this page as localhost")
            elif self.path == "/":
                self._answer(pages.page(), "text/html; charset=utf-8")
            elif self.path == "/version":
                self._answer(pages.version().encode(), "text/plain")
            elif self.path.startswith("/samples?"):
                self._samples()
            else:
                self.send_error(404)

        def _samples(self) -> None:
            try:
                found = pages.samples(urlsplit(self.path).query)
            except ValueError as error:
                self.send_error(400, str(error).encode("ascii", "replace").decode().splitlines()[0])
                return
            self._answer(found, "application/json")

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Cache-Control": "no-store"}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(body)
            except ConnectionError:  # the tab was closed
                pass

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing: the page asks for the version every two seconds."""

    return ThreadingHTTPServer((HOST, port), Handler)
