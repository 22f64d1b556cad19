"""What a curation may be told; the command line fills it in."""

from dataclasses import dataclass, field
from pathlib import Path

from still_verl.config_errors import ConfigError, one_of
from still_verl.curation.registries import ADAPTERS, FILTERS, check_filters

CHUNK_ROWS = 2000  # rows that a process decides at a time; what a kill costs
REFORMULATIONS = ("choices",)


@dataclass(frozen=True)
class CurateSettings:
    """How raw problems become a training set.

    Attributes:
        inputs: files, folders of the library `datasets`, or names of data sets on the hub.
        against: evaluations whose problems must not be in the result: files, or names of benchmarks.
        output: the folder that is written.
        adapter: how rows are read; "auto" goes by their columns.
        filters: what is asked of each row, in turn; short names or dotted names.
        instruction: what is added to each problem in the prompt. Nothing by default: `still/prompt` says how to answer,
            and what is there twice may contradict itself.
        data_source: by which the reward is chosen; "" takes that of the row, else the name of its file.
        keep_suspects: whether a row that is perhaps an evaluation problem is kept.
        reformulate: "choices" turns multiple choice with a number as the right option into an open question.
        max_rejects: the share of rows that may be unreadable, from 0 to 1.
        decisions: what people decided about single rows; None reads `decisions.jsonl` of the output folder.
        labels: what a model that read the problems says of them, from `still-verl data label`; its labels decide in
            place of the filters that are called so. None asks the filters alone.
        workers: processes that decide about rows; the result is the same with any number.
    """

    inputs: tuple[str, ...]
    output: Path
    against: tuple[str, ...] = ()
    adapter: str = "auto"
    filters: tuple[str, ...] = field(default_factory=lambda: tuple(FILTERS))
    instruction: str = ""
    data_source: str = ""
    keep_suspects: bool = False
    reformulate: str = ""
    max_rejects: float = 0.1
    decisions: Path | None = None
    labels: Path | None = None
    workers: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ConfigError: names the option, its value and the fix.
        """
        if not self.inputs:
            raise ConfigError("INPUT: name at least one file, folder or data set")
        if not 0 <= self.max_rejects <= 1:
            raise ConfigError(f"--max-rejects {self.max_rejects}: use a share from 0 to 1")
        for option, text in (("--instruction", self.instruction), ("--data-source", self.data_source)):
            if not text.isascii() and text != text.encode("utf-8", "replace").decode("utf-8"):
                raise ConfigError(f"{option} {text!r:.80}: it is not UTF-8; type it anew")
        if self.workers < 1:
            raise ConfigError(f"--workers {self.workers}: use 1 or more")
        if self.reformulate:
            one_of("--reformulate", self.reformulate, REFORMULATIONS)
        check_filters("--filter", self.filters)
        ADAPTERS.find(self.adapter)
