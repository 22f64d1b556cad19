"""Asks a server what it does with settings that it may ignore in silence."""

from dataclasses import replace
from typing import Any

import httpx

from still_verl.evaluation.engines.base import Request
from still_verl.evaluation.engines.completions import completion
from still_verl.evaluation.prompts import Prompt

QUESTION = "Write ten random words."
TOKENS = 24  # enough that two samples at temperature 1 are the same by chance only of a model that is sure of itself

IGNORES_SEED = "the server ignores `seed`: two replies with the same seed differ, so that a rerun draws other samples"
IGNORES_N = "the server ignores `n`; nothing depends on it here, as each sample is asked for alone"


async def check_server(client: httpx.AsyncClient, base: str, model: str, example: Request) -> list[str]:
    """Return what a server does otherwise than it was asked, one line each; what it does not answer is not known.

    Args:
        client: for the requests.
        base: the address, up to `/v1`.
        model: the name of the model.
        example: a request of the run; these are asked in its way, chat or text.
    """
    prompt = Prompt((("user", QUESTION),)) if example.prompt.messages else Prompt(text=QUESTION)
    sampling = replace(example.sampling, k=1, temperature=1.0, top_p=1.0, top_k=0, max_tokens=TOKENS)
    url, body = completion(base, model, Request(("", "", 0), prompt, sampling, seed=1))
    first = await _choices(client, url, body)
    second = await _choices(client, url, body)
    both = await _choices(client, url, body | {"n": 2})
    notes = []
    if first and second and _texts(first) != _texts(second):
        notes.append(IGNORES_SEED)
    if both and len(both) != 2:
        notes.append(IGNORES_N)
    return notes


async def _choices(client: httpx.AsyncClient, url: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """What the server answered; nothing where that is no list of choices."""
    try:
        answer = await client.post(url, json=body, timeout=120.0)
        choices = answer.json()["choices"]
    except (httpx.HTTPError, ValueError, LookupError, TypeError):
        return []
    if answer.status_code != 200 or not isinstance(choices, list):
        return []
    return [choice for choice in choices if isinstance(choice, dict)]


def _texts(choices: list[dict[str, Any]]) -> list[str]:
    return [str(choice.get("message") or choice.get("text")) for choice in choices]
