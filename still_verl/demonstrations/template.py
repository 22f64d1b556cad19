"""Chat templates: those of a tokenizer, and five that come with the package and need no tokenizer."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, Protocol

import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from still_verl.config_errors import did_you_mean
from still_verl.demonstrations.rows import RowError

_FOLDER = Path(__file__).parent / "templates"
# The begin and the end of a text, for each template of the package: a tokenizer brings its own.
MARKS = {
    "r1_distill": ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
    "qwen2.5": ("", "<|im_end|>"),
    "llama3": ("<|begin_of_text|>", "<|eot_id|>"),
    "chatml": ("", "<|im_end|>"),
    "base": ("", "<|endoftext|>"),
}
DEFAULT = "r1_distill"


class Template(Protocol):
    """Turns messages into the text that a model reads.

    Attributes:
        source: the Jinja text.
    """

    source: str

    def __hash__(self) -> int:
        """Return a hash of the object: what a template does is asked once."""

    def render(self, messages: list[dict[str, Any]], tools: list[Any] | None, begin_answer: bool) -> str:
        """Return the text of messages; `begin_answer` adds what comes before a new answer of the model."""


class JinjaTemplate:
    """A template by itself, read as transformers reads it."""

    def __init__(self, source: str, bos: str = "", eos: str = "", **options: Any) -> None:
        """Read a template.

        Args:
            source: the Jinja text.
            bos, eos: what it calls `bos_token` and `eos_token`.
            options: more variables of it, such as `enable_thinking`.

        Raises:
            RowError: it is no Jinja text.
        """
        self.source = source
        self._known: dict[str, Any] = {"bos_token": bos, "eos_token": eos} | options
        try:
            self._template = _environment().from_string(source)
        except jinja2.TemplateError as error:
            raise RowError(f"the template cannot be read ({_line(error)}): correct it, or choose another") from None

    def render(self, messages: list[dict[str, Any]], tools: list[Any] | None, begin_answer: bool) -> str:
        """Return the text of messages.

        Raises:
            RowError: the template refuses them.
        """
        try:
            return self._template.render(
                messages=messages, tools=tools, add_generation_prompt=begin_answer, **self._known
            )
        except (jinja2.TemplateError, TypeError, ValueError, LookupError, AttributeError) as error:
            raise RowError(
                f"the template refuses the conversation ({_line(error)}): change it or the template"
            ) from None


def named_template(name: str, bos: str | None = None, eos: str | None = None) -> JinjaTemplate:
    """Return a template of the package, or one from a file.

    Args:
        name: of a template in `MARKS`, or the path of a Jinja file.
        bos, eos: of a tokenizer; None takes those that the template was made for, and nothing for a file.

    Raises:
        RowError: there is no such template.
    """
    path = _FOLDER / f"{name}.jinja"
    marks = MARKS.get(name)
    if marks is None:
        path, marks = Path(name), ("", "")
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError):
        known = ", ".join(MARKS)
        hint = did_you_mean(name, MARKS)
        raise RowError(f"--template {name}: use one of {known}, or the path of a Jinja file{hint}") from None
    return JinjaTemplate(source, marks[0] if bos is None else bos, marks[1] if eos is None else eos)


def _environment() -> ImmutableSandboxedEnvironment:
    """Return Jinja as transformers sets it up: templates of models are written for that."""

    def raise_exception(message: str) -> NoReturn:
        raise jinja2.TemplateError(message)

    def tojson(value: Any, ensure_ascii: bool = False, **options: Any) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, **options)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
    )
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    return environment


class _Generation(jinja2.ext.Extension):
    """Reads `{% generation %}`, by which a template marks what a model wrote; here it changes nothing."""

    tags = {"generation"}

    def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
        """Return the statements inside."""
        next(parser.stream)
        return list(parser.parse_statements(("name:endgeneration",), drop_needle=True))


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
