"""What every page has: the template engine, scripts and styles, and data that is compressed."""

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

WRITERS = ("still-verl", "plotly")
ASSETS = Path(__file__).parent / "assets"
SCRIPTS = ("plots.js", "tables.js", "picker.js", "samples.js")
SERVED = "served.js"


def environment() -> "Environment":
    """Return what fills the templates of this package and of those in it; it escapes all text.

    Raises:
        ValueError: a package of the extra `report` is missing.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise ValueError(f"{error.name} is missing: pip install 'still-verl[report]'") from error
    from markupsafe import Markup

    from still_verl.report.highlight import highlight, mark_class

    loader = PackageLoader("still_verl.report", ".")
    env = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    env.filters |= {"highlight": highlight, "mark_class": mark_class}
    env.globals["asset"] = lambda name: Markup((ASSETS / name).read_text(encoding="utf-8"))
    return env


def frame(
    figures: Sequence[dict[str, Any]], version: str = "", data: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return what `base.html.jinja` needs of every page, beside its parts.

    Args:
        figures: of the charts, in the order in which the page has them.
        version: of a page that is served.
        data: JSON values by the id under which scripts find them.

    Raises:
        ValueError: a package of the extra `report` is missing.
    """
    packed = {
        name: pack(json.dumps(value, allow_nan=False, separators=(",", ":"))) for name, value in (data or {}).items()
    }
    if figures:
        packed["plotly"] = _plotly()
    return {
        # Strict JSON, and `tojson` escapes what could end a script element.
        "figures_of_charts": list(figures),
        "packed": packed,
        "scripts": [*SCRIPTS, SERVED] if version else list(SCRIPTS),
        "written": f"{datetime.now():%Y-%m-%d %H:%M}",
        "writers": _versions(),
        "served": version,
    }


def pack(text: str) -> str:
    """Compress a text. Base64 has no character that HTML reads, so that nothing in it can end an element."""
    # Without the time, so that the same page has the same bytes.
    data = gzip.compress(text.encode("utf-8", "backslashreplace"), mtime=0)
    return base64.b64encode(data).decode()


@lru_cache(maxsize=1)  # a served page is made again and again
def _plotly() -> str:
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise ValueError(f"{error.name} is missing: pip install 'still-verl[report]'") from error
    return pack(get_plotlyjs())


def _versions() -> dict[str, str]:
    found = {}
    for name in WRITERS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # run from a checkout that is not installed
            continue
    return found
