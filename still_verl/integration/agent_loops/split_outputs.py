"""Lets verl's template code encode outputs of programs without turning them into control tokens.

A template is filled in and encoded as one text, so that a name of a control token in an output would become that token.
So each such name is cut by a mark that no text has, and the text is encoded in the parts between the marks.
"""

from typing import Any

from verl.utils.tokenizer.tokenizer import normalize_token_ids

from still_verl.interpreter.token_text import PlainTokens

MARK = "\ufdd0"  # a noncharacter: Unicode keeps it for use inside programs


class SplittingTokenizer:
    """A tokenizer that encodes the parts between marks by themselves; everything else is the tokenizer's own."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def encode(self, text: str, **options: Any) -> list[int]:
        """Encode a text in the parts between its marks."""
        ids: list[int] = []
        for part in text.split(MARK):
            ids += self._tokenizer.encode(part, **options)
        return ids

    def apply_chat_template(self, messages: Any, *, tokenize: bool = True, **options: Any) -> Any:
        """Fill in the template, and encode it in the parts between its marks."""
        if tokenize:
            text = self._tokenizer.apply_chat_template(messages, tokenize=False, **options)
            if MARK in text:
                return self.encode(text, add_special_tokens=False)
        return self._tokenizer.apply_chat_template(messages, tokenize=tokenize, **options)


class SplittingProcessor:
    """The same for the processor of a vision model, which encodes a list of one text."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._processor, name)

    def __call__(self, *args: Any, text: Any = None, **options: Any) -> Any:
        """Encode the parts between the marks of a text; one without marks as ever."""
        if isinstance(text, list) and len(text) == 1 and MARK in text[0]:
            ids: list[int] = []
            for part in text[0].split(MARK):
                ids += normalize_token_ids(self._processor(*args, text=[part], **options)["input_ids"])
            return {"input_ids": ids}
        return self._processor(*args, text=text, **options)


def marked(text: str, plain: PlainTokens) -> str:
    """Cut the names of control tokens in an output by marks; a mark that a program printed is replaced."""
    return MARK.join(plain.parts(text.replace(MARK, "\ufffd")))


def split_outputs(builder: Any) -> None:
    """Let a prompt builder of verl's respect the marks."""
    builder.tokenizer = SplittingTokenizer(builder.tokenizer)
    if hasattr(builder, "processor"):
        builder.processor = SplittingProcessor(builder.processor)
