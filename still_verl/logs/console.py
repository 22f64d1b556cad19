"""verl's console log, `step:7 - actor/entropy:0.1 - ...`, as it was printed, or with Ray's prefix and colours."""

import re

from still_verl.logs.format import LineFormat, Row

COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
STEP = re.compile(r"(?<![\w/])step:(\d+) - (.*)", re.DOTALL)
# numpy writes np.float64(0.1); Ray may add how often a line came.
NUMBER = re.compile(r"(?:np\.\w+\()?([-+]?(?:[\d.]+(?:e[-+]?\d+)?|nan|inf))\)?(?:\s|$)", re.IGNORECASE)
SEARCHED = 2_000_000  # lines in which the first step is looked for: a log may begin with many warnings


class Console(LineFormat):
    """What verl prints of each step."""

    title = "verl's console log"
    patterns = ("*.log", "*.txt", "*.out", "*.err", "*.log.[0-9]*", "*log", "stdout*")
    searched = SEARCHED

    def row(self, line: str) -> Row | None:
        if "step:" not in line:
            return None
        # A progress bar writes over its line: what was written later stands behind a carriage return.
        for part in line.split("\r"):
            found = STEP.search(COLOURS.sub("", part))
            if found:
                row = {"step": int(found[1])} | _metrics(found[2], torn=not line.endswith("\n"))
                if len(row) > 1:
                    return row
        return None

    def missed(self, line: str) -> bool:
        return False  # most lines of a console log are something else


def _metrics(text: str, torn: bool) -> dict[str, float]:
    """Return the metrics of a line; of a line without its end the last number may be cut, and is left out."""
    metrics: dict[str, float] = {}
    name, begun = "", ""
    for part in text.split(" - "):
        name, _, value = f"{begun}{part}".strip().rpartition(":")
        number = NUMBER.match(value)
        begun = ""
        if name and number:
            metrics[name] = float(number[1])
        elif ":" not in part:  # a name may have " - " in it, as a source of data does
            begun = f"{part} - "
    if torn:
        metrics.pop(name, None)
    return metrics


CONSOLE = Console()
