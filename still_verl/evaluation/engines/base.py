"""What an engine is."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from still_verl.evaluation.prompts import Prompt
from still_verl.evaluation.protocols import Sampling

Key = tuple[str, str, int]  # of a sample: benchmark, problem, index


class EngineError(RuntimeError):
    """The engine cannot go on; what it delivered until then is kept, and a resume goes on from there."""


@dataclass(frozen=True)
class EngineOptions:
    """What an engine is made of.

    Attributes:
        model: the name of the model on a server, or the folder or name of its weights.
        url: of a server.
        concurrency: samples that are asked for at once.
        timeout_s: seconds until a request that has no answer is given up.
        attempts: how often one sample is asked for, where the server fails.
        extra: arguments of your own: of vLLM's `LLM` for the engine `vllm`, of the request's body for `openai`.
        key_variable: the environment variable that has the key of a server.
        probe: ask a server first what it does with our settings, which costs three short replies.
        throttle: decides when a request may be sent to a server; None where it may at once.
    """

    model: str = ""
    url: str = ""
    concurrency: int = 64
    timeout_s: float = 3600.0
    attempts: int = 6
    extra: Mapping[str, Any] = field(default_factory=dict)
    key_variable: str = "OPENAI_API_KEY"
    probe: bool = True
    throttle: "Throttle | None" = None


class Throttle(Protocol):
    """Decides when a request may be sent to a server."""

    async def wait(self) -> None:
        """Return when the next request may be sent, a repeated one too."""

    def may_repeat(self, lost: tuple[int, int]) -> bool:
        """Return whether a request may be sent again whose tries took so many tokens (asked, written) for nothing."""


@dataclass(frozen=True)
class Part:
    """Makes a request one for a part of a response: what comes next behind the tokens of the prompt.

    Attributes:
        stops: texts that end the part; each is kept in it.
        is_first: whether nothing of the response is there yet.
        number: of the parts of the response that were asked for before.
        exact: whether the reply must have its tokens, because what comes next is asked for behind them.
    """

    stops: tuple[str, ...] = ()
    is_first: bool = True
    number: int = 0
    exact: bool = True


@dataclass(frozen=True)
class Request:
    """One sample to draw; with `part`, a part of one, of an engine that takes them."""

    key: Key
    prompt: Prompt
    sampling: Sampling
    seed: int
    part: Part | None = None


@dataclass(frozen=True)
class Reply:
    """What became of a request.

    Attributes:
        text: the response; None if there is none.
        finish_reason: "stop", "length", or what the engine says.
        tokens: of the response; None if not known.
        seconds: that it took.
        fault: why there is no sample, in one line; empty if all is well.
        note: something to know about a sample that counts, with the same words for each such sample.
        forced: whether a thinking budget cut the thoughts and forced an answer.
        token_ids: of a part, with the one that ends the model's turn.
        ended: whether the last of them ends the model's turn.
        transcript: the response with the outputs of its programs; None where none could run.
        tools: counts of `interpreter.tool_stats.ToolStats`; None where no program could run.
        prompt_tokens: of what was asked; None if not known.
        model: the name that a server gives to the model that answered; empty if it does not say.
        lost: tokens (asked, written) of earlier answers to the same request, which were of no use.
        record: what an engine of its own kind says of a sample, as JSON has it; None for nothing.
    """

    text: str | None = None
    finish_reason: str | None = None
    tokens: int | None = None
    seconds: float | None = None
    fault: str = ""
    note: str = ""
    forced: bool = False
    token_ids: tuple[int, ...] = ()
    ended: bool = False
    transcript: str | None = None
    tools: Mapping[str, int] | None = None
    prompt_tokens: int | None = None
    model: str = ""
    lost: tuple[int, int] = (0, 0)
    record: Mapping[str, Any] | None = None


Deliver = Callable[[Request, Reply], None]


class Engine(Protocol):
    """Answers requests. `name` is the one in the registry."""

    def identity(self) -> Mapping[str, Any]:
        """Return what tells this model and engine from others: a run with another identity is another run.

        Raises:
            ConfigError: the model or the server is not there.
        """

    def notes(self) -> list[str]:
        """Return what was found out about the engine, each in one line."""

    def generate(self, requests: Iterable[Request], deliver: Deliver) -> None:
        """Answer all requests, in any order, and deliver each reply at once, from one thread at a time.

        Raises:
            EngineError: it cannot go on.
        """

    def close(self) -> None:
        """Free what it holds."""


class PartsEngine(Engine, Protocol):
    """An engine that also answers requests for parts of a response, which the code interpreter needs.

    Attributes:
        takes_parts: true.
    """

    takes_parts: bool

    def generate(self, requests: Iterable[Request | None], deliver: Deliver) -> None:
        """Answer all requests, see `Engine`; None means that there is nothing to ask for now: ask again soon.

        The reply to a part has `token_ids` and `ended`.
        """


def sample_seed(run_seed: int, benchmark: str, problem: str, index: int) -> int:
    """Return the seed of a sample, which nothing but its name and the run's seed decide; 31 bits, which servers take.

    Example:
        >>> sample_seed(0, "aime24", "7", 0) == sample_seed(0, "aime24", "7", 1)
        False
    """
    name = "\x00".join([str(run_seed), benchmark, problem, str(index)])
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:4], "big") >> 1
