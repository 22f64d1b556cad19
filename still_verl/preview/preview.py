"""Shows prompts: how a template is chosen, and what is there to see of a row."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from still_verl.config_errors import did_you_mean
from still_verl.demonstrations.rows import RowError
from still_verl.demonstrations.template import DEFAULT, MARKS, JinjaTemplate, named_template
from still_verl.demonstrations.tokenizer import load_tokenizer
from still_verl.evaluation.prompts import recipe_names, recipe_template
from still_verl.preview.faults import Frame, faults_of_messages, frame_of, without_question
from still_verl.preview.pieces import PREFILLED, Piece, pieces_of
from still_verl.preview.render import BytesRenderer, Renderer, TokenizerRenderer
from still_verl.preview.rows import Prompt


@dataclass(frozen=True)
class Shown:
    """A prompt as the model reads it.

    Attributes:
        pieces: of its text, with the role of each.
        ids: its tokens, or bytes.
        faults: what is odd in it, one line each.
    """

    pieces: list[Piece] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return the whole text."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def prefilled(self) -> str:
        """Return the begin of the answer that the prompt ends in, such as `<think>`, or an empty text."""
        last = self.pieces[-1] if self.pieces else None
        return last.text if last is not None and last.role == PREFILLED else ""

    @property
    def prefilled_think(self) -> bool:
        """Say whether the model goes on inside of `<think>`."""
        return self.prefilled.strip() == "<think>"


class Preview:
    """Shows prompts with all that is odd in them."""

    def __init__(self, renderer: Renderer, max_length: int | None = None) -> None:
        """Take what makes the prompts.

        Args:
            renderer: of the model.
            max_length: of a prompt in the renderer's units; None is no limit.
        """
        self._renderer = renderer
        self._max_length = max_length
        self._frames = [frame_of(renderer), *_known_frames()]

    def show(self, prompt: Prompt) -> Shown:
        """Return a prompt; one that the template refuses has no text, and a fault that says why."""
        messages, renderer = prompt.messages, self._renderer
        try:
            text = renderer.text(messages)
            ids = renderer.ids(messages)
        except (RowError, UnicodeEncodeError) as error:
            return Shown(faults=[*without_question(messages), f"refused: verl cannot make this prompt: {error}"])
        pieces = pieces_of(messages, text, renderer)
        faults = faults_of_messages(messages, pieces, renderer, self._frames)
        if self._max_length is not None and len(ids) > self._max_length:
            faults.append(f"too long: the prompt has {len(ids)} {renderer.unit}, --max-length is {self._max_length}")
        return Shown(pieces, ids, faults)


def choose_renderer(tokenizer: str | None, prompt: str | None, template: str | None) -> Renderer:
    """Return what makes the prompts.

    Args:
        tokenizer: a model's name or folder; None counts bytes, with the marks of R1-Distill where a template has names
            for marks of its own.
        prompt: a choice of still/prompt or a Jinja file; None takes the model's template.
        template: of `named_template`, in the place of `prompt`.

    Raises:
        ConfigError, RowError: one of them is not there, or there is no template.
    """
    if prompt is not None and template is not None:
        raise RowError(f"--prompt {prompt} and --template {template}: both name the template; give one of them")
    source = _source(prompt, template)
    if tokenizer is not None:
        return TokenizerRenderer(load_tokenizer(tokenizer), source)
    bos, eos = MARKS[template if template in MARKS else DEFAULT]
    chosen = named_template(DEFAULT) if source is None else JinjaTemplate(source, bos, eos)
    return BytesRenderer(chosen, bos, eos)


def _source(prompt: str | None, template: str | None) -> str | None:
    if template is not None:
        return named_template(template).source
    if prompt is None:
        return None
    if prompt in recipe_names():
        return recipe_template("--prompt", prompt)
    if not Path(prompt).is_file():
        known = recipe_names()
        hint = did_you_mean(prompt, known)
        raise RowError(f"--prompt {prompt}: use one of {', '.join(known)}, or the path of a Jinja file{hint}")
    return named_template(prompt).source


def _known_frames() -> Iterator[Frame]:
    """Yield what the templates of still/prompt write around a question."""
    bos, eos = MARKS[DEFAULT]
    for name in recipe_names():
        source = recipe_template("--prompt", name)
        if source is not None:
            yield frame_of(BytesRenderer(JinjaTemplate(source, bos, eos), bos, eos))
