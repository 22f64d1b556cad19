"""Makes a distillation of its settings: what is asked, who answers, and what it may cost."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.demonstrations.distill.budget import Budget, Pace
from still_verl.demonstrations.distill.exact import ExactDemonstrations
from still_verl.demonstrations.distill.hints import HintedDemonstrations, Hinting
from still_verl.demonstrations.distill.paid import PaidEngine
from still_verl.demonstrations.distill.phrases import INSTRUCTION, load_phrases
from still_verl.demonstrations.distill.settings import DistillSettings
from still_verl.demonstrations.distill.text_response import TextDemonstrations
from still_verl.evaluation.code import interpreter
from still_verl.evaluation.engines.base import Engine
from still_verl.evaluation.problems import Benchmark, read_benchmark
from still_verl.evaluation.prompts import Prompter, load_template
from still_verl.evaluation.protocols import Sampling
from still_verl.evaluation.registries import ENGINES
from still_verl.evaluation.run import Asked, Plan
from still_verl.evaluation.setup import check_options, load_tokenizer
from still_verl.interpreter.packages import sentence
from still_verl.interpreter.settings import InterpreterConfig

MAX_TOKENS = 20_000  # of a demonstration, as in the study


@dataclass(frozen=True)
class Distillation:
    """A distillation that can be run.

    Attributes:
        plan: which samples are drawn.
        engine: the teacher, with an interpreter.
        paid: the part of it that knows what was paid for.
        budget: what was spent, and what may be.
        keep: demonstrations of each problem, at most.
        max_row_tokens: of a row with token ids; None is no limit.
        messages_only: leave token ids out of the rows.
        notes: what there is to say of the problems.
    """

    plan: Plan
    engine: Engine
    paid: PaidEngine
    budget: Budget
    keep: int
    max_row_tokens: int | None
    messages_only: bool
    notes: tuple[str, ...]


def make(settings: DistillSettings) -> Distillation:
    """Make a distillation; nothing is asked yet.

    Raises:
        ConfigError: a setting that cannot work, with its value and the fix.
    """
    check_options(settings.options)
    benchmark = _problems(settings.problems)
    chosen: dict[str, Any] = {"max_tokens": MAX_TOKENS} | dict(settings.sampling)
    sampling = Sampling(k=settings.samples, **chosen)
    is_exact = settings.engine_name == "vllm" or bool(settings.tokenizer)
    _refuse_unread(settings, is_exact)
    code = interpreter(settings.code)
    prompter, prompt_settings = _prompter(settings, is_exact, code)
    prompter.prompt(benchmark.problems[0])  # a template that fails does so before a run folder is made
    budget = Budget(settings.token_budget, settings.budget, settings.price_in or 0.0, settings.price_out or 0.0)
    options = replace(settings.options, probe=False, throttle=Pace(budget, settings.rate))
    teacher: Any = ENGINES.find(settings.engine_name)(options)
    if not getattr(teacher, "takes_parts", False):
        raise ConfigError(
            f"--engine {settings.engine_name}: it cannot go on behind the output of a program; use vllm or openai, or "
            "give yours what still_verl.evaluation.engines.base.PartsEngine has"
        )
    paid = PaidEngine(teacher, settings.output, budget)
    engine = _with_interpreter(settings, paid, code, prompter.tokenizer, is_exact)
    plan = Plan(
        [Asked(benchmark, sampling)], prompter, prompt_settings, settings.engine_name, settings.seed, settings.output
    )
    notes = (*benchmark.notes, *benchmark.examples)
    return Distillation(
        plan, engine, paid, budget, settings.keep, settings.max_row_tokens, settings.messages_only, notes
    )


def _refuse_unread(settings: DistillSettings, is_exact: bool) -> None:
    """Refuse what nothing would read."""
    if not settings.synthesis:
        for name in ("hints", "turn_words", "most_hints"):
            if getattr(settings, name) != getattr(DistillSettings, name):
                option = name.replace("_", "-")
                raise ConfigError(f"--{option} {getattr(settings, name)}: only --synthesis puts in hints; add it")
    if not is_exact:
        for option, value in (("max-row-tokens", settings.max_row_tokens), ("messages-only", settings.messages_only)):
            if value:
                raise ConfigError(f"--{option}: a chat or text gives no token ids; leave it out, or give --tokenizer")
    if settings.rate is not None and settings.engine_name == "vllm":
        raise ConfigError(f"--rate {settings.rate:g}: vLLM in this process has no rate; leave it out")


def _problems(name: str) -> Benchmark:
    """Read a file of problems; not a benchmark by its name, which is there to be measured on."""
    path = Path(name)
    if not path.is_file():
        raise ConfigError(f"PROBLEMS {name}: there is no such file; give JSON lines or parquet of training problems")
    return read_benchmark(path.stem, path)


def _with_interpreter(
    settings: DistillSettings, paid: PaidEngine, code: InterpreterConfig, tokenizer: Any, is_exact: bool
) -> Engine:
    at_once = settings.options.concurrency
    if settings.synthesis:
        if not is_exact:
            raise ConfigError(
                "--synthesis: a chat cannot be cut and continued; give --tokenizer and a server of vLLM's, or a MODEL"
            )
        if code.format != "fenced":
            raise ConfigError(f"--synthesis with --code-arg format={code.format}: hints begin fenced programs only")
        hints = load_phrases("--hints", settings.hints)
        words = load_phrases("--turn-words", settings.turn_words)
        hinting = Hinting(hints, words, settings.most_hints)
        return HintedDemonstrations(paid, code, tokenizer, at_once, hinting)
    if is_exact:
        return ExactDemonstrations(paid, code, tokenizer, at_once)
    return TextDemonstrations(paid, code, at_once)


def _prompter(settings: DistillSettings, is_exact: bool, code: InterpreterConfig) -> tuple[Prompter, dict[str, Any]]:
    template = load_template(settings.template)
    style = "chat"
    if is_exact:
        style = "tokens"
    elif template:
        style = "raw"
    system = settings.system
    if system is None:
        system = INSTRUCTION if style == "chat" else ""
    tokenizer = load_tokenizer(settings.tokenizer or settings.options.model) if is_exact else None
    notice = sentence() if code.packages_in_prompt else ""
    prompter = Prompter(style, system, template, tokenizer, notice)
    return prompter, {"style": style, "system": system, "template": template}
