"""What a grading by difficulty may be told; the command line fills it in."""

from dataclasses import dataclass, field
from pathlib import Path

from still_verl.config_errors import ConfigError, one_of
from still_verl.curation.difficulty.sequential import DECISIONS, INSIDE, UNDECIDED, Rule
from still_verl.evaluation.score import Scorer

KEPT = (INSIDE, UNDECIDED)  # only what is surely too easy or too hard is dropped


@dataclass(frozen=True)
class DifficultySettings:
    """How the problems of a training set are graded.

    Attributes:
        source: the set, a file or a folder of `still-verl data curate`.
        output: the folder that is written.
        samples: files and folders with samples that exist.
        rule: when a decision counts.
        keep: the decisions whose rows are kept; all others are dropped.
        model: the name of the model, for the columns; "" takes what the samples say.
        scorer: how samples without a verdict are judged.
    """

    source: Path
    output: Path
    samples: tuple[Path, ...]
    rule: Rule = field(default_factory=Rule)
    keep: tuple[str, ...] = KEPT
    model: str = ""
    scorer: Scorer = field(default_factory=Scorer)

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ConfigError: names the option, its value and the fix.
        """
        for name in self.keep:
            one_of("--keep", name, DECISIONS)
        if not self.keep:
            raise ConfigError(f"--keep: name at least one of {', '.join(DECISIONS)}")
