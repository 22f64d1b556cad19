"""How long responses are where nobody says it: by the kind of model, cut at the limit of the job."""

import math
import re
from pathlib import Path
from statistics import NormalDist

from still_verl.plan.calibration import LENGTH_SPREAD, NATURAL_LENGTH

# Names of models that write a chain of thought before they answer; a base model of the same family does not.
REASONING = re.compile(r"r1-distill|qwen3|qwq|thinking|reason|nemotron|deepscaler", re.IGNORECASE)
BASE = re.compile(r"[-_]base\b", re.IGNORECASE)
# Files of a model's folder that hold its chat template.
TEMPLATES = ("chat_template.jinja", "tokenizer_config.json")


def kind_of(path: str) -> str:
    """Tell `reasoning` from `short`: by the chat template of a model's folder, else by its name.

    Args:
        path: a folder of this machine, or a name on the model hub.
    """
    folder = Path(path)
    if folder.is_dir():
        reasons = any("</think>" in template for template in _templates(folder))
    else:
        reasons = REASONING.search(path) is not None
    if reasons and not BASE.search(folder.name):
        return "reasoning"
    return "short"


def mean_length(path: str, longest: int) -> float:
    """Return the tokens of an average response of a model, none of which may have more than `longest`."""
    return cut_mean(NATURAL_LENGTH[kind_of(path)], longest)


def cut_mean(mean: float, longest: float, spread: float = LENGTH_SPREAD) -> float:
    """Return the mean of log-normal lengths of that `mean` after each is cut at `longest`.

    Args:
        mean: tokens, before the cut.
        longest: tokens.
        spread: standard deviation of the logarithm.
    """
    normal = NormalDist()
    z = (math.log(longest / mean) + spread**2 / 2) / spread
    return mean * normal.cdf(z - spread) + longest * (1 - normal.cdf(z))


def _templates(folder: Path) -> list[str]:
    files = [folder / name for name in TEMPLATES]
    return [file.read_text(errors="replace") for file in files if file.is_file()]
