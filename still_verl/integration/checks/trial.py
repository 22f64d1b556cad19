"""The reward of a job, tried before Ray starts: on the first row of each source, with an empty and a right answer.

What raises here would raise for every response of that source, hours later and in another process.
"""

import asyncio
import inspect
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

import ray
from omegaconf import DictConfig
from verl.trainer.ppo.reward import get_custom_reward_fn
from verl.utils.reward_score import default_compute_score

from still_verl.config import StillConfig
from still_verl.config_errors import ConfigError
from still_verl.integration.checks.gold import router_of
from still_verl.integration.checks.loops import handed_to_rewards
from still_verl.integration.checks.rows_of_job import GOLD, SOURCE, data_files
from still_verl.registry import as_number, in_one_line
from still_verl.rewards.compose import score_sample
from still_verl.rewards.gold import UnreadableGold, read_gold
from still_verl.rewards.routes import Router
from still_verl.rewards.sample import Sample

# verl's managers that call a function with a row; one of a user's own may do anything.
CALLING = ("naive", "dapo", "gdpo", "rate_limited", "remote")
# How data sets and rewards write a final answer. The first that is paid more than nothing at all is the right one.
FORMS = (
    r"\boxed{%s}",
    "#### %s",
    "Answer: %s",
    "so</think><answer>%s</answer>",
    "<think>so</think><answer>%s</answer>",
    "%s",
)
MOST_ROWS = 10_000  # sources that are looked at in a file; one that has more has a name for each row

MOST_SAID = 20  # sources of which it is printed what they get

Score = Callable[[dict[str, Any], str], float]  # of a row and a response


def check_reward_of_rows(config: DictConfig, still: StillConfig) -> None:
    """Score the first row of each source of data, with an empty and a right answer, and print what they get.

    Raises:
        ConfigError: names the file, the row and the source; the reward raised, returned no finite number, or nothing
            within `still.guard.try_seconds`.
    """
    if still.guard.try_seconds == 0:
        return
    score = scorer(config, still)
    if score is None:
        return
    had_ray = ray.is_initialized()
    try:
        try_sources(config, score, still.guard.try_seconds)
    finally:
        if ray.is_initialized() and not had_ray:  # started by the reward; verl would take it, without its settings
            ray.shutdown()


def try_sources(config: DictConfig, score: Score, seconds: float) -> None:
    """Score the first row of each source, as far as it goes in twice `seconds`; print what the first of them get."""
    tried: set[str] = set()
    ends = time.monotonic() + 2 * seconds
    for file in data_files(config):
        if not file.readable:
            continue
        for source, (number, row) in file.first_rows(MOST_ROWS).items():
            if source in tried:
                continue
            if time.monotonic() > ends:
                print(f"still_verl: {len(tried)} sources of data were tried in {2 * seconds:g} s, and no more")
                return
            tried.add(source)
            said = try_row(f"{file.key}: row {number}", row, score, seconds)
            if len(tried) <= MOST_SAID:
                print(said)


def scorer(config: DictConfig, still: StillConfig) -> Score | None:
    """Return how a job scores a response; None where that takes a model, or a manager of the user's own."""
    if config.reward.reward_model.enable:
        return None
    manager = config.reward.reward_manager
    if manager.source == "register" and manager.name == "still":
        return partial(score_by_settings, config, still, router_of(config, still))
    if manager.source != "register" or manager.name not in CALLING:
        print(f"still_verl: reward.reward_manager.name={manager.name}: its reward is not tried before the job starts")
        return None
    if handed_to_rewards(config, "") is None:
        print(
            "still_verl: an agent loop of your own may hand more to the reward: it is not tried before the job starts"
        )
        return None
    return partial(score_by_function, config, get_custom_reward_fn(config) or default_reward(config))


def default_reward(config: DictConfig) -> Callable[..., Any]:
    """Return verl's reward by `data_source`, with the remote sandbox if the job has one."""
    sandbox: Any = config.reward.get("sandbox_fusion")
    if not sandbox or not sandbox.get("url"):
        return default_compute_score
    return partial(
        default_compute_score,
        sandbox_fusion_url=sandbox.url,
        concurrent_semaphore=threading.Semaphore(sandbox.get("max_concurrent", 64)),
        memory_limit_mb=sandbox.get("memory_limit_mb", 1024),
    )


def score_by_settings(
    config: DictConfig, still: StillConfig, router: Router | None, row: dict[str, Any], response: str
) -> float:
    """Score by `still.reward`, as the manager `still` does."""
    source, limit = str(row.get(SOURCE, "")), config.data.max_response_length
    route = router.of(source) if router is not None else None
    preset = route.preset if route is not None else still.reward.build()
    if still.reward.prefilled_think is None:
        preset = replace(preset, prefilled_think=not response.startswith("<think>"))
    sample = Sample(
        response,
        answer_of(row),
        preset,
        data_source=source,
        extra_info=row.get("extra_info") or {},
        tokens=min(len(response), limit),
        max_tokens=limit,
        finished=True,
        tool_ok=0,
    )
    found = score_sample(sample) if router is None or route is None else router.score(sample, route)
    return as_score(found)


def score_by_function(config: DictConfig, function: Callable[..., Any], row: dict[str, Any], response: str) -> float:
    """Score by a function, called as verl's manager `naive` does."""
    extra = dict(row.get("extra_info") or {}) | {"num_turns": 2, "rollout_reward_scores": {}}
    extra |= handed_to_rewards(config, response) or {}
    found = function(data_source=row.get(SOURCE), solution_str=response, ground_truth=answer_of(row), extra_info=extra)
    if inspect.isawaitable(found):
        found = asyncio.run(_wait_for(found))
    return as_score(found)


async def _wait_for(found: Any) -> Any:
    return await found


def as_score(found: Any) -> float:
    """Read what a reward returned.

    Raises:
        ValueError: no finite number, and no mapping that has one as `score`.
    """
    value = found
    if isinstance(found, dict):
        if "score" not in found:
            raise ValueError(f"it returned {sorted(map(str, found))}, without `score`")
        value = found["score"]
    number = as_number(value)
    if number is None:
        raise ValueError(f"it returned {' '.join(repr(value).split()):.80}, which is no finite number")
    return number


def answer_of(row: dict[str, Any]) -> Any:
    """Return the right answer of a row as it is; None where it has none."""
    return (row.get("reward_model") or {}).get(GOLD)


def try_row(where: str, row: dict[str, Any], score: Score, seconds: float) -> str:
    """Score one row twice or more: an empty answer, then forms of the right one until one is paid more.

    Returns:
        What to say of it.

    Raises:
        ConfigError: as `check_reward_of_rows`.
    """
    where = f"{where} ({SOURCE}={str(row.get(SOURCE))!r})"
    empty = in_time(where, "an empty answer", partial(score, row, ""), seconds)
    best = empty
    for form in FORMS:
        response = form % right_answer(row)
        best = max(best, in_time(where, f"the answer {response!r:.60}", partial(score, row, response), seconds))
        if best > empty:
            break
    said = f"the right answer gets {best:g}, an empty one {empty:g}"
    if best <= empty:
        said = f"an empty answer gets {empty:g}, and the right answer in none of the usual forms gets more"
    return f"still_verl: {where}: {said}"


def right_answer(row: dict[str, Any]) -> str:
    """Return what may stand as the right answer of a row: the first alternative, or all of it as text."""
    answer = answer_of(row)
    try:
        return read_gold(answer)[0]
    except UnreadableGold:
        return str(answer)


def in_time(where: str, what: str, score: Callable[[], float], seconds: float) -> float:
    """Run a reward in a thread of its own, which ends with this process if the reward does not return.

    Raises:
        ConfigError: it raised, or had not returned after `seconds`.
    """
    answers: SimpleQueue[float | BaseException] = SimpleQueue()

    def run() -> None:
        try:
            answers.put(score())
        except BaseException as error:  # whatever a reward of the user's own raises; it may exit, too
            answers.put(error)

    threading.Thread(target=run, daemon=True, name="still-try").start()
    try:
        found = answers.get(timeout=seconds)
    except Empty:
        raise ConfigError(
            f"{where}: the reward of {what} had not returned after {seconds:g} s; correct it, or raise "
            "still.guard.try_seconds (0 does not try it)"
        ) from None
    if isinstance(found, BaseException):
        raise ConfigError(f"{where}: the reward fails for {what}: {explained(found)}") from found
    return found


def explained(error: BaseException) -> str:
    """Say what a reward raised, and what to do."""
    if isinstance(error, NotImplementedError):
        return (
            f"{in_one_line(error)}; set still/reward=boxed, routes in still.reward.routes, or a function of yours as "
            "reward.custom_reward_function.path"
        )
    return f"{in_one_line(error)}; correct the reward or that row"
