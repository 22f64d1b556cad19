"""How samples are drawn: how many of each problem, how they are sampled, and what the model is asked.

The study is arXiv 2503.04548: MATH and AIME 24 with temperature 0.6, top-p 0.95 and five samples, eight for its Zero
and tool models; OMNI and LiveAOPS greedy, once; up to 32,768 tokens; no system prompt for the 1.5B model.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from still_verl.config_errors import ConfigError

MAX_TOKENS = 32_768


@dataclass(frozen=True)
class Sampling:
    """How the samples of one benchmark are drawn.

    Attributes:
        k: samples of each problem.
        temperature: 0 is greedy.
        top_p: the mass of the most likely tokens that are drawn from.
        top_k: how many tokens are drawn from; 0 is all of them.
        max_tokens: the longest response.

    Raises:
        ConfigError: a number that cannot work, or several samples that would all be the same.
    """

    k: int = 1
    temperature: float = 0.6
    top_p: float = 0.95
    top_k: int = 0
    max_tokens: int = MAX_TOKENS

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ConfigError(f"--k {self.k}: ask for at least one sample")
        if not 0 <= self.temperature <= 10:
            raise ConfigError(f"--temperature {self.temperature}: use a number from 0 (greedy) to 10")
        if not 0 < self.top_p <= 1:
            raise ConfigError(f"--top-p {self.top_p}: use a number above 0, at most 1")
        if self.top_k < 0:
            raise ConfigError(f"--top-k {self.top_k}: use a number of tokens, or 0 for all")
        if self.max_tokens < 1:
            raise ConfigError(f"--max-tokens {self.max_tokens}: use a number of tokens above 0")
        if self.k > 1 and self.temperature == 0:
            raise ConfigError(
                f"--k {self.k} with --temperature 0: greedy samples of a problem are all the same; "
                "use --k 1, or a temperature above 0"
            )


@dataclass(frozen=True)
class Protocol:
    """Settings that go together, by one name.

    Attributes:
        sampling: how each benchmark is sampled, but for those below and `k` where it follows from the size.
        greedy: benchmarks that are asked greedily, once.
        k_by_size: (most problems, samples of each), the first that fits; empty where `sampling.k` holds for all.
        template: the chat template: a name of `still/prompt`, a file, or nothing for the model's own.
        code: settings of `still.interpreter`, where the model runs programs; None where it runs none.
    """

    sampling: Sampling = field(default_factory=Sampling)
    greedy: frozenset[str] = frozenset()
    k_by_size: tuple[tuple[int, int], ...] = ()
    template: str = ""
    code: Mapping[str, Any] | None = None

    def sampling_of(self, benchmark: str, problems: int, changes: Mapping[str, float] | None = None) -> Sampling:
        """Return how a benchmark is sampled.

        Args:
            benchmark: its name.
            problems: how many it has.
            changes: fields of `Sampling` that the user sets, whatever the protocol says.

        Raises:
            ConfigError: a number that cannot work.

        Example:
            >>> STILL3.sampling_of("aime24", 30).k, STILL3.sampling_of("omni500", 500).temperature
            (5, 0.0)
            >>> SOBER.sampling_of("aime24", 30).k, SOBER.sampling_of("math500", 500).k
            (64, 16)
        """
        chosen = vars(self.sampling).copy()
        for most, k in reversed(self.k_by_size):
            if problems <= most:
                chosen["k"] = k
        if benchmark in self.greedy:
            chosen |= {"k": 1, "temperature": 0.0, "top_p": 1.0}
        return Sampling(**(chosen | dict(changes or {})))


GREEDY = frozenset({"omni500", "liveaops519"})  # section 8 of the study

DEFAULT = Protocol(Sampling(k=1))
STILL3 = Protocol(Sampling(k=5), GREEDY, template="bare")
STILL3_ZERO = Protocol(Sampling(k=8), GREEDY, template="long")
# Section 4.4: each block in a new process, for 5 seconds, 400 characters of its output. The study counted neither calls
# nor their time: no response of `MAX_TOKENS` tokens gets to these limits.
STUDY_CODE = {
    "stateful": False,
    "seconds_per_call": 5.0,
    "output_chars": 400,
    "max_calls": MAX_TOKENS,
    "seconds_per_response": 5.0 * MAX_TOKENS,
}
STILL3_TOOL = Protocol(Sampling(k=8), GREEDY, template="r1_code", code=STUDY_CODE)
# As many samples as a benchmark needs for its size: "A Sober Look at Progress in Language Model Reasoning".
SOBER = Protocol(Sampling(k=4), k_by_size=((50, 64), (200, 32), (600, 16)))
