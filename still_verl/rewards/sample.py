"""What a reward term sees of one response."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from still_verl.rewards.equivalence.verify import Verdict, verify
from still_verl.rewards.extract import Extraction, extract
from still_verl.rewards.format import zero_format_fault
from still_verl.rewards.gold import UnreadableGold, read_gold
from still_verl.rewards.presets import Preset
from still_verl.rewards.registries import TERMS


@dataclass(frozen=True)
class Sample:
    r"""One response to judge. A term is a function `(sample: Sample) -> float`.

    Attributes:
        text: the model's own tokens as text, without the output of programs. Terms should read this.
        references: the right answers as text; a response is right if it equals one of them. Given in any form that
            `gold.read_gold` reads; empty when it cannot be read.
        preset: the terms of the job's reward, with their weights and settings.
        transcript: the whole response as text, with the output of tools; the same as `text` if no tool was used. The
            answer is looked for here too if `preset.answer_in_outputs` allows it.
        prompt: the prompt as text, with its chat template; empty in a reward file, which does not see it.
        data_source: the row's column of this name.
        extra_info: the row's column of this name, whatever the data has in it.
        tokens: how many tokens the model wrote; None in a reward file that has no tokenizer.
        max_tokens: how long it could be in this step; None likewise.
        finished: whether the response ended by itself; None when it is not known.
        tool_ok: how many calls of tools succeeded; None without the agent loop `still_code`.
        ground_truth: what the data have as the right answer, as it is: tests of a program, for one.
        gold_fault: why what judges the response cannot read the right answer; empty when it can.

    Example:
        >>> from still_verl.rewards.presets import BOXED
        >>> sample = Sample(r"Then x = 4: \boxed{4}", ("4.0",), BOXED, tokens=12, max_tokens=100)
        >>> sample.found.answer, sample.verdict.equal, sample.lengths
        ('4', True, (12, 100))
    """

    text: str
    references: Sequence[str]
    preset: Preset
    transcript: str = ""
    prompt: str = ""
    data_source: str = ""
    extra_info: Mapping[str, Any] = field(default_factory=dict)
    tokens: int | None = None
    max_tokens: int | None = None
    finished: bool | None = None
    tool_ok: int | None = None
    ground_truth: Any = field(default=None, init=False)
    gold_fault: str = field(default="", init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ground_truth", self.references)
        references: Sequence[str] = ()
        # A judge of ours reads `ground_truth` itself: tests of a program are megabytes, which nobody should keep.
        if self.preset.judge not in TERMS:
            try:
                references = read_gold(self.references)
            except UnreadableGold as error:
                if not self.preset.judge:  # a judge of the user's own may read what is no answer to mathematics
                    object.__setattr__(self, "gold_fault", str(error))
        object.__setattr__(self, "references", references)
        if not self.transcript:
            object.__setattr__(self, "transcript", self.text)

    @cached_property
    def found(self) -> Extraction:
        """The final answer of the text, and the extractor that found it."""
        found = extract(self.text, self.preset.extractors)
        if not found and self.preset.answer_in_outputs:
            found = extract(self.transcript, self.preset.extractors)
        return found

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the answer is right, and why: by the first reference that is met, else by the first of all."""
        return verify(self.references, self.found.answer, self.preset.verifier)

    @cached_property
    def format_fault(self) -> str:
        """What is wrong with the format of the text, or nothing."""
        return zero_format_fault(self.text, self.preset.prefilled_think)

    @property
    def lengths(self) -> tuple[int, int]:
        """The tokens of the response and their limit.

        Raises:
            ValueError: a term needs them, and they are not known.
        """
        if self.tokens is None or not self.max_tokens:
            raise ValueError(
                "a reward of length needs the numbers tokens and max_tokens: see reward_fns/length.py for a reward file"
            )
        return self.tokens, self.max_tokens

    @property
    def succeeded_calls(self) -> int:
        """How many calls of tools succeeded.

        Raises:
            ValueError: the agent loop did not count them.
        """
        if self.tool_ok is None:
            raise ValueError(
                "the term `tools` needs the agent loop still_code, which counts its calls: still/rollout=code"
            )
        return self.tool_ok
