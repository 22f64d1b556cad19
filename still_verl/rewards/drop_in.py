"""What the files of `reward_fns/` share: the call of verl or TRL on one side, `compose.score` on the other."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from typing import Any

from still_verl.registry import as_number
from still_verl.rewards.compose import Row, score
from still_verl.rewards.equivalence.reading import Reading
from still_verl.rewards.presets import BOXED, Preset
from still_verl.rewards.registries import PRESETS
from still_verl.rewards.routes import Router, routes_from
from still_verl.rewards.sample import Sample

THREADS = 16  # completions that are scored at once
# Keys of extra_info in which an agent loop may leave the exact number, and the text without outputs of programs.
RESPONSE_TOKENS, MODEL_TEXT = "response_tokens", "model_text"


def score_by_preset(
    name: str,
    response: str,
    ground_truth: Any,
    extra_info: Mapping[str, Any] | None = None,
    extractors: Sequence[str] | None = None,
    verifier: Reading = "strict",
) -> Row:
    """Score by a preset that needs no lengths.

    Args:
        name: of a preset in `registries.PRESETS`, or the dotted name of your own.
        response: the response as text.
        ground_truth: the answer, or a sequence of alternatives.
        extra_info: what verl passes to the reward function.
        extractors: where to look for the answer, in place of the preset's.
        verifier: how generously answers are compared: `strict` for training, `lenient` for evaluation.
    """
    preset = replace(PRESETS.find(name), verifier=verifier)
    if extractors:
        preset = replace(preset, extractors=tuple(extractors))
    return score_response(response, ground_truth, preset, extra_info)


def score_response(
    response: str, ground_truth: Any, preset: Preset, extra_info: Mapping[str, Any] | None, **known: Any
) -> Row:
    """Score what the model wrote of a response: the agent loop `still_code` says what of it programs printed.

    Args:
        response: the response as text, as verl decodes it.
        ground_truth: the answer, or a sequence of alternatives.
        preset: what to pay for.
        extra_info: what verl passes to the reward function.
        known: of `compose.score`: `tokens`, `max_tokens`, `tool_ok`.

    Returns:
        The row of `compose.score`; where the agent loop has left a text, it is in the row too if it is another.

    Raises:
        ValueError: the response is no text, or as `compose.score`.
    """
    if not isinstance(response, str):
        raise ValueError(f"solution_str={response!r:.60} is of type {type(response).__name__}: give the text")
    own = _own_text(extra_info)
    if own is None:
        return score(response, ground_truth, preset, **known)
    row = score(own, ground_truth, preset, **known)
    row[MODEL_TEXT] = "" if own == response else own
    return row


def score_by_route(
    source: str,
    response: str,
    ground_truth: Any,
    routes: Sequence[Any],
    extra_info: Mapping[str, Any] | None = None,
    verifier: str | None = None,
) -> Row:
    """Score by the route of a source of data.

    Args:
        source: the row's column `data_source`.
        response: the response as text, as verl decodes it.
        ground_truth: of the row, as the reward of the route reads it.
        routes: as in `still.reward.routes`.
        extra_info: what verl passes to the reward function.
        verifier: how generously answers are compared; None is as the presets say.

    Raises:
        ConfigError: routes that cannot work.
        UnknownSource: no route is for the source.
    """
    router = _router(routes, verifier)
    route = router.of(source)
    own = _own_text(extra_info)
    text = response if own is None else own
    sample = Sample(text, ground_truth, route.preset, data_source=source, extra_info=extra_info or {})
    row = router.score(sample, route)
    if own is not None:
        row[MODEL_TEXT] = "" if own == response else own
    return row


def _own_text(extra_info: Mapping[str, Any] | None) -> str | None:
    """What an agent loop says that the model wrote; a column of parquet has None where a row has nothing."""
    own = (extra_info or {}).get(MODEL_TEXT)
    return None if own is None else str(own)


_routers: dict[str, Router] = {}  # by what is written, since a reward function gets it anew for each response


def _router(routes: Sequence[Any], verifier: str | None) -> Router:
    written = f"{routes!r} {verifier}"
    if written not in _routers:
        _routers[written] = Router(routes_from(routes, verifier))
    return _routers[written]


def boxed_math_reward(completions: Sequence[Any], solution: Sequence[Any], **columns: Any) -> list[float | None]:
    r"""Score completions by TRL's signature: 1.0 when the boxed answer is right, else 0.0.

    Answers are compared strictly. Safe in any number of threads.

    Args:
        completions: texts, or conversations whose last message with text is the response.
        solution: the column of right answers, in any form that `gold.read_gold` reads.
        columns: the other columns, and what TRL adds; not used.

    Returns:
        One reward for each completion; None where the right answer cannot be read, which TRL does not learn from.

    Raises:
        ValueError: there are not as many solutions as completions.

    Example:
        >>> boxed_math_reward([r"\boxed{0.5}", [{"role": "assistant", "content": r"\boxed{3}"}]], ["1/2", None])
        [1.0, None]
    """
    responses = [response_text(completion) for completion in completions]
    pairs = zip(responses, solution, strict=True)
    with ThreadPoolExecutor(THREADS) as threads:  # a heavy answer waits for a worker process
        rows = list(threads.map(lambda pair: score(pair[0], pair[1], BOXED), pairs))
    return [None if row["unreadable_gold"] else float(str(row["score"])) for row in rows]


def response_text(completion: Any) -> str:
    """Return the text of a completion of TRL's: itself, or the last message of the assistant's that has text."""
    if isinstance(completion, str):
        return completion
    messages = [completion] if isinstance(completion, Mapping) else completion or ()
    for message in reversed(messages):
        text = _content(message)
        if text and message.get("role", "assistant") == "assistant":
            return text
    return ""


def _content(message: Mapping[str, Any]) -> str:
    """The text of a message, whose content is text, a list of parts, or None where it only calls tools."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text") or "" for part in content)


def count_tokens(response: str, extra_info: Mapping[str, Any] | None, tokenizer: str | None) -> int:
    """Return how many tokens a model wrote: what an agent loop counted, else those of the response by `tokenizer`.

    verl hands a reward function text only. Encoding it again may differ by a few tokens from what was sampled.

    Args:
        response: the response as text.
        extra_info: what verl passes to the reward function.
        tokenizer: a path, or a name of the model hub.

    Raises:
        ValueError: neither is there, or the number is none.
    """
    tokens = counted(extra_info, RESPONSE_TOKENS)
    if tokens is not None:
        return tokens
    if tokenizer is None:
        raise ValueError(
            "the length of the response is not known: verl gives text only, so set "
            "+reward.custom_reward_function.reward_kwargs.tokenizer=<model path>"
        )
    return len(_tokenizer(tokenizer).encode(response, add_special_tokens=False))


def counted(extra_info: Mapping[str, Any] | None, key: str) -> int | None:
    """Return what an agent loop counted, by its key; None where it did not.

    Raises:
        ValueError: it is no whole number from 0.
    """
    value = (extra_info or {}).get(key)
    if value is None:
        return None
    number = as_number(value)
    if number is None or number < 0 or number != int(number):
        raise ValueError(f"extra_info.{key}={value!r:.60}: a whole number from 0 is needed")
    return int(number)


@lru_cache(maxsize=2)
def _tokenizer(name: str) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(name)
