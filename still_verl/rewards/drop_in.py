"""What the files of `reward_fns/` share: verl's call on one side, `compose.score` on the other."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from still_verl.rewards.compose import Row, score
from still_verl.rewards.equivalence.reading import Reading
from still_verl.rewards.registries import PRESETS

RESPONSE_TOKENS = "response_tokens"  # the key of extra_info in which an agent loop may leave the exact number


def score_by_preset(
    name: str,
    response: str,
    ground_truth: Any,
    extractors: Sequence[str] | None = None,
    verifier: Reading = "strict",
) -> Row:
    """Score by a preset that needs no lengths.

    Args:
        name: of a preset in `registries.PRESETS`, or the dotted name of your own.
        response: the model's own text.
        ground_truth: the answer, or a sequence of alternatives.
        extractors: where to look for the answer, in place of the preset's.
        verifier: how generously answers are compared: `strict` for training, `lenient` for evaluation.
    """
    preset = replace(PRESETS.find(name), verifier=verifier)
    if extractors:
        preset = replace(preset, extractors=tuple(extractors))
    return score(response, ground_truth, preset)


def count_tokens(response: str, extra_info: Mapping[str, Any] | None, tokenizer: str | None) -> int:
    """Return how many tokens a response has: what an agent loop counted, else by `tokenizer`.

    verl hands a reward function text only. Encoding it again may differ by a few tokens from what was sampled.

    Args:
        response: the response as text.
        extra_info: what verl passes to the reward function.
        tokenizer: a path, or a name of the model hub.

    Raises:
        ValueError: neither is there.
    """
    if extra_info and RESPONSE_TOKENS in extra_info:
        return int(extra_info[RESPONSE_TOKENS])
    if tokenizer is None:
        raise ValueError(
            "the length of the response is not known: verl gives text only, so set "
            "+reward.custom_reward_function.reward_kwargs.tokenizer=<model path>"
        )
    return len(_tokenizer(tokenizer).encode(response, add_special_tokens=False))


@lru_cache(maxsize=2)
def _tokenizer(name: str) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(name)
