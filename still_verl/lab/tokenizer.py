"""A character tokenizer in Hugging Face format: printable ASCII, the newline, and a few whole tags."""

import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PAD, EOS, UNKNOWN, USER, ASSISTANT = "<|pad|>", "<|end|>", "<|unknown|>", "<|user|>", "<|assistant|>"
TAGS = ("<think>", "</think>")  # one token each, but text: decoding keeps them

_CHARACTERS = "\n " + string.digits + string.ascii_letters + string.punctuation
_CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|assistant|>' + message['content'] + '<|end|>' if message['role'] == 'assistant'"
    " else '<|user|>' + message['content'] }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def character_tokenizer() -> "PreTrainedTokenizerFast":
    """The tokenizer, with a chat template that knows users and assistants (any other role speaks as the user)."""
    from tokenizers import AddedToken, Tokenizer, decoders, models
    from transformers import PreTrainedTokenizerFast

    special = [PAD, EOS, UNKNOWN, USER, ASSISTANT]
    vocabulary = {symbol: index for index, symbol in enumerate([*special, *TAGS, *_CHARACTERS])}
    # Byte-pair encoding without a single merge splits text into characters.
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token=UNKNOWN))
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.add_tokens([AddedToken(tag, special=False, normalized=False) for tag in TAGS])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=EOS,
        unk_token=UNKNOWN,
        additional_special_tokens=[USER, ASSISTANT],
        chat_template=_CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        padding_side="left",
        model_max_length=512,
    )
