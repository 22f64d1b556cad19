"""Agent loops are built of what upstream builds them of, one for each response, without Hydra's work for each."""

import asyncio
from typing import Any

import pytest
from omegaconf import OmegaConf
from verl.experimental.agent_loop.agent_loop import _agent_loop_registry
from verl.utils import rollout_trace

from still_verl.integration.agent_loops.workers import ReportingWorker, Upstream

NAME = "recorder"
TARGET = f"{__name__}.Recorder"
TRAJECTORY = {"step": 3, "sample_index": 0, "rollout_n": 0, "validate": True}
OBJECT = object()
BY_HYDRA = [
    pytest.param({"own": 1, "_recursive_": False}, id="for Hydra"),
    pytest.param({"names": ["a"]}, id="a list"),
    pytest.param({"own": {"a": 1}}, id="a dict"),
    pytest.param({"own": "${oc.env:HOME}"}, id="an interpolation"),
    pytest.param({"own": OBJECT}, id="an object"),
]


class Recorder:
    """Returns what it was built of, and what it is run with."""

    def __init__(self, **arguments: Any) -> None:
        self.arguments = arguments

    async def run(self, sampling_params: dict[str, Any], **prompt: Any) -> Any:
        self.ran = {"sampling_params": sampling_params, **prompt}
        self.traced = rollout_trace._trace_enabled.get()
        return self


class Returning:
    """A worker's last part: the output as it is."""

    async def _agent_loop_postprocess(self, output: Any, validate: bool, **kwargs: Any) -> Any:
        return output, validate, kwargs


class Ours(Returning, ReportingWorker):
    pass


class Theirs(Returning, Upstream):
    pass


def worker(kind: type) -> Any:
    made = object.__new__(kind)
    made.config = OmegaConf.create({"data": {"seed": 1}})
    for name in ("llm_client", "tokenizer", "processor", "hf_model_type", "dataset_cls"):
        setattr(made, name, f"the {name}")
    made.tools = ["a tool"]
    return made


def respond(made: Any, **how: Any) -> Any:
    how = {"trace": False, "agent_name": NAME} | how

    return asyncio.run(made._run_agent_loop({"top_k": 1}, TRAJECTORY, uid="u", raw_prompt=["hi"], **how))


def unwrapped(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments by value: verl wraps some of them against Hydra."""
    return {name: getattr(value, "config", getattr(value, "tools", value)) for name, value in arguments.items()}


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch) -> Any:
    def register(more: dict[str, Any]) -> None:
        monkeypatch.setitem(_agent_loop_registry, NAME, {"_target_": TARGET} | more)

    return register


@pytest.mark.parametrize("more", [{}, {"name": NAME, "turns": 3, "rate": 0.5, "fast": True, "why": None}])
def test_a_loop_gets_what_upstream_gives_it(entry: Any, more: dict[str, Any]) -> None:
    entry(more)
    ours, *our_rest = respond(worker(Ours))
    theirs, *their_rest = respond(worker(Theirs))
    assert unwrapped(ours.arguments) == unwrapped(theirs.arguments)
    assert {name: type(value) for name, value in ours.arguments.items()} == {
        name: type(value) for name, value in theirs.arguments.items()
    }
    assert ours.ran == theirs.ran
    assert our_rest == their_rest


def test_every_response_has_a_loop_of_its_own(entry: Any) -> None:
    entry({})
    made = worker(Ours)
    first, second = respond(made)[0], respond(made)[0]
    assert first is not second
    assert first.arguments["server_manager"] is second.arguments["server_manager"]


def test_hydra_is_asked_no_more(entry: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    entry({})

    def instantiate(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("Hydra builds a loop")

    monkeypatch.setattr("hydra.utils.instantiate", instantiate)
    respond(worker(Ours))


@pytest.mark.parametrize("more", BY_HYDRA)
def test_what_hydra_reads_or_copies_is_left_to_it(entry: Any, more: dict[str, Any]) -> None:
    entry(more)
    made, theirs = worker(Ours), respond(worker(Theirs))[0]
    first, second = respond(made)[0], respond(made)[0]
    assert first.arguments.keys() == theirs.arguments.keys()
    for name in more.keys() & first.arguments.keys():
        assert first.arguments[name] == theirs.arguments[name]
        if isinstance(more[name], list | dict):
            assert first.arguments[name] is not second.arguments[name]


def test_a_loop_that_nobody_has_registered() -> None:
    with pytest.raises(AssertionError, match="Agent loop nosuch not registered"):
        # Upstream raises before the error of a prompt could be reported to a queue.
        asyncio.run(super(ReportingWorker, worker(Ours))._run_agent_loop({}, TRAJECTORY, agent_name="nosuch"))


@pytest.mark.parametrize("kind", [Ours, Theirs])
def test_a_response_that_is_not_traced_is_not(entry: Any, monkeypatch: pytest.MonkeyPatch, kind: type) -> None:
    entry({})
    monkeypatch.setattr(rollout_trace.RolloutTraceConfig, "get_backend", staticmethod(lambda: "mlflow"))
    assert not respond(worker(kind))[0].traced
