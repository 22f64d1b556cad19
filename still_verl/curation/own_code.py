"""Knows which code of the user's own decides about rows: after an edit, what it decided before counts no more."""

import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from still_verl.curation.reading.find import InputFile
from still_verl.curation.registries import ADAPTERS, FILTERS
from still_verl.curation.settings import CurateSettings

OURS = "still_verl."


def own_code(settings: CurateSettings) -> dict[str, list[str]]:
    """Return the checksums of the source files of each filter and adapter that is not ours, by its dotted name.

    Both files count where a name stands in another module than the function. What these import does not.
    """
    found = {}
    for registry, names in ((FILTERS, settings.filters), (ADAPTERS, (settings.adapter,))):
        for name in names:
            if name not in registry and not name.startswith(OURS):
                found[name] = _checksums(name, registry.find(name))
    return found


def _checksums(name: str, function: Callable[..., Any]) -> list[str]:
    modules: Sequence[Any] = (sys.modules.get(name.rpartition(".")[0]), inspect.getmodule(inspect.unwrap(function)))
    files = {str(module.__file__) for module in modules if getattr(module, "__file__", None)}
    return sorted(InputFile(name, Path(file), name).sha256() for file in files)
