"""Makes a run of what the command line says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.evaluation.benchmarks import KNOWN, load_benchmark
from still_verl.evaluation.code import interpreter
from still_verl.evaluation.engines.base import Engine, EngineOptions
from still_verl.evaluation.engines.budget import Budgeted
from still_verl.evaluation.engines.interpreted import Interpreted
from still_verl.evaluation.memorised import MAX_TOKENS, Probe, make_probe
from still_verl.evaluation.overlap import trained_on
from still_verl.evaluation.prompts import Prompter, load_template
from still_verl.evaluation.protocols import DEFAULT, Protocol, Sampling
from still_verl.evaluation.registries import ENGINES, PROTOCOLS
from still_verl.evaluation.run import Asked, Plan
from still_verl.interpreter.packages import sentence
from still_verl.interpreter.settings import InterpreterConfig
from still_verl.registry import in_one_line


@dataclass(frozen=True)
class Settings:
    """What a user asks for; what is None follows from the preset.

    Attributes:
        benchmarks: names of `benchmarks.KNOWN`, or files.
        output: the run folder.
        engine: of `registries.ENGINES`, or a dotted name; empty: `openai` with an address, else `vllm`.
        options: of the engine.
        preset: of `registries.PROTOCOLS`, or a dotted name; empty for none.
        sampling: fields of `Sampling` that are set, whatever the preset says.
        seed: of the run.
        prompt: `chat`, `raw` or `tokens`; empty: `chat`, or what a template needs.
        system: the system prompt.
        template: a name of `still/prompt`, a file, or nothing.
        tokenizer: for `tokens`; the model where it is empty.
        data: the folder of the benchmarks' files.
        trained_on: files of the training set, in which the benchmarks' problems are looked for.
        think_budget: tokens after which thoughts are cut and an answer is forced; 0 is no limit.
        code: settings of `still.interpreter` where the model runs programs; None where the preset decides.
    """

    benchmarks: Sequence[str]
    output: Path
    engine: str = ""
    options: EngineOptions = field(default_factory=EngineOptions)
    preset: str = ""
    sampling: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    prompt: str = ""
    system: str = ""
    template: str | None = None
    tokenizer: str = ""
    data: Path | None = None
    think_budget: int = 0
    trained_on: Sequence[Path] = ()
    code: Mapping[str, Any] | None = None


def make_run(settings: Settings) -> tuple[Plan, Engine, list[str]]:
    """Return what a run asks, who answers, and what there is to say of the benchmarks.

    Raises:
        ConfigError: a setting that cannot work, with its value and the fix.
    """
    if not settings.benchmarks:
        raise ConfigError(f"--benchmark: name at least one of {', '.join(KNOWN)}, or the path of a file")
    check_options(settings.options)
    protocol = PROTOCOLS.find(settings.preset) if settings.preset else DEFAULT
    engine_name = settings.engine or ("openai" if settings.options.url else "vllm")
    asked, notes = _asked(settings, protocol)
    code = _code(settings, protocol)
    prompter, prompt_settings = _prompter(settings, protocol, engine_name, code)
    prompter.prompt(asked[0].benchmark.problems[0])  # a template that fails does so before a run folder is made
    engine = ENGINES.find(engine_name)(settings.options)
    if code is not None:
        engine = _interpreted(engine, engine_name, code, prompter, settings)
    if settings.think_budget:
        engine = Budgeted(engine, settings.think_budget, prompter.token_ids)
    plan = Plan(asked, prompter, prompt_settings, engine_name, settings.seed, settings.output)
    return plan, engine, notes


def _code(settings: Settings, protocol: Protocol) -> InterpreterConfig | None:
    """The interpreter's settings: the preset's, changed by the user's; None where no programs run."""
    if protocol.code is None and settings.code is None:
        return None
    if settings.think_budget:
        raise ConfigError(
            f"--think-budget {settings.think_budget}: it cuts responses that run no programs; drop it, or --code"
        )
    return interpreter({**(protocol.code or {}), **(settings.code or {})})


def _interpreted(
    engine: Engine, name: str, code: InterpreterConfig, prompter: Prompter, settings: Settings
) -> Interpreted:
    if not getattr(engine, "takes_parts", False):
        raise ConfigError(
            f"--code with --engine {name}: it cannot go on behind the output of a program; use vllm or openai, or give "
            "yours what still_verl.evaluation.engines.base.PartsEngine has"
        )
    parts_engine: Any = engine
    return Interpreted(parts_engine, code, prompter.tokenizer, settings.options.concurrency)


def check_options(options: EngineOptions) -> None:
    """Refuse numbers with which no request would be sent.

    Raises:
        ConfigError: names the option, the value and the fix.
    """
    if options.concurrency < 1:
        raise ConfigError(f"--concurrency {options.concurrency}: use at least one request at once")
    if options.attempts < 1:
        raise ConfigError(f"--attempts {options.attempts}: ask for each sample at least once")
    if not options.timeout_s > 0:
        raise ConfigError(f"--timeout {options.timeout_s:g}: use a number of seconds above 0")


def make_probe_run(settings: Settings) -> tuple[Plan, Engine, Probe, list[str]]:
    """Return what the probe for contamination asks, who answers, and what there is to say of the benchmarks.

    Raises:
        ConfigError: a setting that the probe does not have, or one that cannot work.
    """
    chosen: dict[str, Any] = dict(settings.sampling)
    chosen.pop("max_tokens", None)
    for option in ("think_budget", "preset", "prompt", "system", "template"):
        chosen[option] = getattr(settings, option)
    if settings.code is not None:
        chosen["code"] = "and its settings"
    for name, value in chosen.items():
        if value:
            option = name.replace("_", "-")
            raise ConfigError(
                f"--memorised with --{option} {value}: the probe is greedy and without a template; drop it"
            )
    normal, engine, notes = make_run(settings)
    probe = make_probe([each.benchmark for each in normal.asked], settings.sampling.get("max_tokens", MAX_TOKENS))
    prompt_settings = {"style": "raw", "system": "", "template": ""}
    folder = settings.output / "memorised"
    plan = Plan(probe.asked, Prompter("raw"), prompt_settings, normal.engine_name, settings.seed, folder)
    return plan, engine, probe, notes


def _asked(settings: Settings, protocol: Protocol) -> tuple[list[Asked], list[str]]:
    asked: list[Asked] = []
    notes: list[str] = []
    for name in settings.benchmarks:
        benchmark = load_benchmark(name, settings.data)
        if any(each.benchmark.name == benchmark.name for each in asked):
            raise ConfigError(f"--benchmark {name}: {benchmark.name} is named twice; name each benchmark once")
        sampling: Sampling = protocol.sampling_of(benchmark.name, len(benchmark.problems), settings.sampling)
        asked.append(Asked(benchmark, sampling))
        notes += [f"{benchmark.name}: {note}" for note in (*benchmark.notes, *benchmark.examples)]
    notes += trained_on([each.benchmark for each in asked], settings.trained_on)
    return asked, notes


def _prompter(
    settings: Settings, protocol: Protocol, engine: str, code: InterpreterConfig | None
) -> tuple[Prompter, dict[str, Any]]:
    chosen = protocol.template if settings.template is None else settings.template
    template = load_template(chosen)
    style = settings.prompt or ("tokens" if code else _style(settings, bool(template), engine))
    if settings.think_budget < 0:
        raise ConfigError(f"--think-budget {settings.think_budget}: use a number of tokens, or 0 for no limit")
    if settings.think_budget and style == "chat":
        raise ConfigError(f"--think-budget {settings.think_budget}: a chat cannot be continued; use --prompt tokens")
    if code and style == "chat":
        raise ConfigError("--code with --prompt chat: a chat cannot be continued; use --prompt tokens")
    tokenizer = load_tokenizer(settings.tokenizer or settings.options.model) if code or style == "tokens" else None
    notice = sentence() if code and code.packages_in_prompt else ""
    prompter = Prompter(style, settings.system, template, tokenizer, notice)
    return prompter, {"style": style, "system": settings.system, "template": template}


def _style(settings: Settings, has_template: bool, engine: str) -> str:
    """How a model is asked where the user does not say: with a template of the user's it cannot be a chat."""
    has_tokenizer = engine == "vllm" or bool(settings.tokenizer)
    if has_template:
        return "tokens" if has_tokenizer else "raw"
    return "tokens" if has_tokenizer and settings.think_budget else "chat"


def load_tokenizer(name: str) -> Any:
    """Load a tokenizer of transformers.

    Raises:
        ConfigError: no name is given, or it cannot be loaded.
    """
    if not name:
        raise ConfigError("--prompt tokens, or --code: give --tokenizer, the name or folder of the model's tokenizer")
    try:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(name)
    except Exception as error:  # of a missing package, folder or file
        raise ConfigError(f"--tokenizer {name}: it cannot be loaded: {in_one_line(error)}") from error
