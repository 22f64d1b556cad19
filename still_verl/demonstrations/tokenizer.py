"""A model's tokenizer with its chat template; the one file of this package that needs transformers."""

from typing import Any

from still_verl.demonstrations.rows import RowError
from still_verl.demonstrations.template import JinjaTemplate, Template, named_template
from still_verl.demonstrations.tokens import TokenizerTokens


def load(name: str, template: str | None = None) -> tuple[TokenizerTokens, Template | None]:
    """Return the tokens of a model and a template.

    Args:
        name: of a model, or its folder.
        template: of `named_template`; None takes the tokenizer's own.

    Raises:
        RowError: one of them is not there.
    """
    tokenizer = load_tokenizer(name)
    return TokenizerTokens(tokenizer), template_of(tokenizer, template)


def load_tokenizer(name: str) -> Any:
    """Return the tokenizer of a model, or of a folder.

    Raises:
        RowError: it is not there.
    """
    try:
        from transformers import AutoTokenizer
    except ImportError:
        raise RowError(f"--tokenizer {name} needs transformers: pip install transformers, or leave it out") from None
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
    except Exception as error:  # of transformers or the hub: each has exceptions of its own
        line = " ".join(str(error).split())[:200]
        raise RowError(f"--tokenizer {name} cannot be loaded ({line}): give a model's name or folder") from None
    return tokenizer


def template_of(tokenizer: Any, name: str | None = None, **options: Any) -> Template | None:
    """Return a template with the names of a tokenizer's tokens.

    Args:
        tokenizer: of transformers.
        name: of `named_template`; None takes the tokenizer's own.
        options: variables of the template, and `chat_template` in the place of the tokenizer's own.

    Raises:
        RowError: there is no such template.
    """
    bos, eos = tokenizer.bos_token or "", tokenizer.eos_token or ""
    if name is not None:
        return named_template(name, bos, eos)
    source = options.pop("chat_template", None) or tokenizer.chat_template
    if isinstance(source, dict):
        source = source.get("default")
    return JinjaTemplate(source, bos, eos, **options) if source else None
