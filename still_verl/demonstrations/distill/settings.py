"""What a user asks of a distillation."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from still_verl.config_errors import ConfigError
from still_verl.evaluation.engines.base import EngineOptions


@dataclass(frozen=True)
class DistillSettings:
    """Settings of a distillation.

    Attributes:
        problems: a file of problems with right answers.
        output: the run folder.
        engine: of `evaluation.registries.ENGINES`, or a dotted name; empty: `openai` with an address, else `vllm`.
        options: of the engine.
        samples: of each problem.
        keep: demonstrations of each problem, at most.
        sampling: fields of `evaluation.protocols.Sampling` that are set.
        max_row_tokens: of a row with token ids, prompt included; None is no limit.
        messages_only: leave token ids out of the rows, whose prompt is the teacher's.
        seed: of the run.
        system: what the teacher is told beside the problem, which rows of messages do not have; None is
            `phrases.INSTRUCTION` for a chat, and nothing otherwise.
        template: a name of `still/prompt`, a file, or nothing.
        tokenizer: of a teacher on a server that gives token ids.
        code: settings of `still.interpreter`.
        synthesis: whether the model's own thoughts are cut and led to code by hints.
        hints, turn_words: names, files, or dotted names, see `registries.PHRASES`.
        most_hints: in one response.
        rate: requests a minute to a server; None is no limit.
        token_budget: tokens, asked and written; None is no limit.
        budget, price_in, price_out: money, and the prices of a million tokens.

    Raises:
        ConfigError: names the option, the value and the fix.
    """

    problems: str
    output: Path
    engine: str = ""
    options: EngineOptions = field(default_factory=EngineOptions)
    samples: int = 4
    keep: int = 1
    sampling: Mapping[str, Any] = field(default_factory=dict)
    max_row_tokens: int | None = None
    messages_only: bool = False
    seed: int = 0
    system: str | None = None
    template: str = ""
    tokenizer: str = ""
    code: Mapping[str, Any] = field(default_factory=dict)
    synthesis: bool = False
    hints: str = "code"
    turn_words: str = "turns"
    most_hints: int = 3
    rate: float | None = None
    token_budget: int | None = None
    budget: float | None = None
    price_in: float | None = None
    price_out: float | None = None

    def __post_init__(self) -> None:
        for name in ("samples", "keep", "most_hints"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{_option(name)} {getattr(self, name)}: use 1 or more")
        for name in ("max_row_tokens", "rate", "token_budget", "budget"):
            value = getattr(self, name)
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise ConfigError(f"{_option(name)} {value:g}: use a number above 0, or leave it out for no limit")
        if self.samples > 1 and self.sampling.get("temperature") == 0:
            raise ConfigError(
                f"--samples {self.samples} with --temperature 0: greedy samples of a problem are all the same; "
                "use --samples 1, or a temperature above 0"
            )
        self._check_prices()
        self._check_url()

    @property
    def engine_name(self) -> str:
        """The engine as it was chosen, or follows from the address."""
        return self.engine or ("openai" if self.options.url else "vllm")

    def _check_prices(self) -> None:
        for name in ("price_in", "price_out"):
            value = getattr(self, name)
            if value is not None and not (value >= 0 and math.isfinite(value)):
                raise ConfigError(f"{_option(name)} {value:g}: use the price of a million tokens, 0 or more")
        if self.budget is not None and (self.price_in is None or self.price_out is None):
            raise ConfigError(f"--budget {self.budget:g}: give --price-in and --price-out, of a million tokens each")
        if self.budget is not None and not (self.price_in or self.price_out):
            raise ConfigError(f"--budget {self.budget:g}: both prices are 0, so that it would never be spent")

    def _check_url(self) -> None:
        """An address stands in messages and in the list of processes, where no secret may be."""
        try:
            parts = urlsplit(self.options.url)
        except ValueError as error:
            raise ConfigError(f"--url: it is no address ({error}); use http://HOST:PORT/v1") from None
        if "@" in parts.netloc or parts.query:
            raise ConfigError("--url: leave out user, password and query; put the key into a variable, see --key-env")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
