"""The name of a job's folder: the overrides that a sweep varies."""

import hashlib
import re
from collections.abc import Iterable, Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser

LONGEST = 200  # characters; a file system allows 255 bytes


def fixed_keys(command_line: Sequence[str]) -> set[str]:
    """Return the keys to which a command line gives one value. A sweep varies all others, wherever it names them.

    Example:
        >>> sorted(fixed_keys(["+recipe=base", "still/kl=none,cosine", "data.seed=1"]))
        ['+recipe', 'data.seed']
    """
    varied = {}  # the last override of a key counts
    for override in OverridesParser.create().parse_overrides(list(command_line)):
        varied[override.get_key_element()] = override.is_sweep_override()
    return {key for key, several in varied.items() if not several}


def job_name(overrides: Iterable[str], fixed: set[str]) -> str:
    """Name the folder of a job by its overrides of keys that are not `fixed`; `job` where nothing is varied.

    Example:
        >>> job_name(["+recipe=base", "still/kl=none"], fixed={"+recipe"})
        'kl=none'
    """
    varied = []
    for override in overrides:
        key, _, _ = override.partition("=")
        if key not in fixed:
            varied.append(_short(override))
    name = ",".join(varied) or "job"
    if len(name) > LONGEST:
        digest = hashlib.sha256(name.encode()).hexdigest()[:12]
        name = f"{name[: LONGEST - 13]}-{digest}"
    return name


def _short(override: str) -> str:
    """Shorten an override to what a name of a folder may hold: `still/kl=none` to `kl=none`."""
    text = re.sub(r"^[+~]*(still[/.])?", "", override)
    return re.sub(r"[^\w.=+-]+", "_", text)
