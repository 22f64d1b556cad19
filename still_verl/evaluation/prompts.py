"""What a model is asked: a chat, a text, or tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from still_verl import paths
from still_verl.config_errors import ConfigError, one_of
from still_verl.evaluation.problems import Problem
from still_verl.interpreter.packages import announce
from still_verl.registry import in_one_line

STYLES = ("chat", "raw", "tokens")
_KEYS = ("data", "apply_chat_template_kwargs", "chat_template")  # where a choice of still/prompt keeps its template

Messages = list[dict[str, str]]


@dataclass(frozen=True)
class Prompt:
    """What is sent to an engine: a chat or a text.

    Attributes:
        messages: a chat, which the engine renders with the model's own template.
        text: a text that the model continues.
        tokens: the text as token ids, which are sent instead of it where they are there.
    """

    messages: tuple[tuple[str, str], ...] = ()
    text: str | None = None
    tokens: tuple[int, ...] | None = None

    def shown(self) -> str:
        """Return the prompt as text, for the row."""
        if self.text is not None:
            return self.text
        return "\n".join(content for _, content in self.messages)

    def as_chat(self) -> Messages:
        """Return the messages as OpenAI's interface and chat templates want them."""
        return as_chat(self.messages)


def as_chat(messages: Sequence[tuple[str, str]]) -> Messages:
    """Return (role, content) pairs as the mappings that chat templates want."""
    return [{"role": role, "content": content} for role, content in messages]


@dataclass(frozen=True)
class Prompter:
    """Makes the prompt of a problem.

    Attributes:
        style: `chat`, `raw` or `tokens`.
        system: the system prompt; none if empty.
        template: a chat template in Jinja; the model's own if empty. `raw` without one sends the problem alone.
        tokenizer: renders and counts tokens, for `tokens`, and for `raw` where the prompt must have tokens; an object
            of transformers.
        notice: a text that each prompt says beside the problem; nothing if empty.

    Raises:
        ConfigError: settings that do not go together.
    """

    style: str = "chat"
    system: str = ""
    template: str = ""
    tokenizer: Any = None
    notice: str = ""

    def __post_init__(self) -> None:
        one_of("--prompt", self.style, STYLES)
        if self.style == "chat" and self.template:
            raise ConfigError(
                "--prompt chat with a template: the server renders chats with the model's own; "
                "use --prompt raw or --prompt tokens"
            )
        if self.style == "raw" and self.system and not self.template:
            raise ConfigError("--system with --prompt raw: there is no template to put it in; give --template")
        if self.style == "tokens" and self.tokenizer is None:
            raise ConfigError("--prompt tokens: give --tokenizer, the name or folder of the model's tokenizer")

    def prompt(self, problem: Problem) -> Prompt:
        """Return what the model is asked."""
        messages = problem.messages or (("user", problem.text),)
        if self.system:
            messages = (("system", self.system), *[each for each in messages if each[0] != "system"])
        if self.notice:
            noticed = announce(as_chat(messages), self.notice)
            messages = tuple((message["role"], message["content"]) for message in noticed)
        if self.style == "chat":
            return Prompt(messages)
        if self.style == "tokens":
            return self._rendered_by_tokenizer(messages)
        if self.template:
            return self._of_text(self._rendered(messages))
        return self._of_text(f"{self.notice}\n\n{problem.text}" if self.notice else problem.text)

    def _of_text(self, text: str) -> Prompt:
        """A prompt of a text, with the tokens that a server makes of it where a tokenizer is there."""
        if self.tokenizer is None:
            return Prompt(text=text)
        return Prompt(text=text, tokens=tuple(self.tokenizer(text)["input_ids"]))

    def _rendered(self, messages: Sequence[tuple[str, str]]) -> str:
        try:
            from jinja2 import TemplateError
            from jinja2.sandbox import ImmutableSandboxedEnvironment
        except ModuleNotFoundError as error:
            raise ConfigError("--template: jinja2 is not installed: pip install 'still-verl[report]'") from error
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        try:
            template = environment.from_string(self.template)
            # A server adds the token that begins a text by itself.
            return template.render(messages=as_chat(messages), add_generation_prompt=True, bos_token="")
        except (TemplateError, TypeError) as error:
            raise ConfigError(f"--template: it cannot be rendered: {in_one_line(error)}; correct it") from error

    def _rendered_by_tokenizer(self, messages: Sequence[tuple[str, str]]) -> Prompt:
        chosen = {"chat_template": self.template} if self.template else {}
        text = self.tokenizer.apply_chat_template(
            as_chat(messages), tokenize=False, add_generation_prompt=True, **chosen
        )
        return Prompt(text=text, tokens=tuple(self.token_ids(text)))

    def token_ids(self, text: str) -> list[int]:
        """Return the tokens of a rendered text, which has all special tokens that the model expects."""
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])


def load_template(name: str) -> str:
    """Return a chat template by its name in `still/prompt`, or from a file; empty for no name.

    Raises:
        ConfigError: there is no such template.
    """
    if not name:
        return ""
    if Path(name).is_file():
        return Path(name).read_text(encoding="utf-8")
    template = recipe_template("--template", name)
    if template is None:
        raise ConfigError(f"--template {name}: it has no template of its own; leave the option out, or name another")
    return template


def recipe_names() -> list[str]:
    """Return the choices of `still/prompt`."""
    return sorted(path.stem for path in _recipes().glob("*.yaml"))


def recipe_template(option: str, name: str) -> str | None:
    """Return the chat template of a choice of `still/prompt`; None if it takes the model's own.

    Raises:
        ConfigError: there is no such choice; names `option`.
    """
    one_of(option, name, recipe_names())
    node = yaml.safe_load((_recipes() / f"{name}.yaml").read_text(encoding="utf-8"))
    for key in _KEYS:
        node = (node or {}).get(key)
    return node if isinstance(node, str) else None


def _recipes() -> Path:
    return paths.recipes_dir() / "still" / "prompt"
