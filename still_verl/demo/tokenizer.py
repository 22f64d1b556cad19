"""A tokenizer without merges, in Hugging Face format: one token a byte, and a few whole tags."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import Qwen2Tokenizer

PAD, EOS, USER, ASSISTANT = "<|pad|>", "<|end|>", "<|user|>", "<|assistant|>"
TAGS = ("<think>", "</think>")  # one token each, but text: decoding keeps them
MAX_LENGTH = 2048  # tokens of prompt and response that our models have positions for

_CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|assistant|>' + message['content'] + '<|end|>' if message['role'] == 'assistant'"
    " else '<|user|>' + message['content'] }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def character_tokenizer() -> "Qwen2Tokenizer":
    """Return the tokenizer, with a chat template that knows users and assistants (any other role speaks as the user).

    ASCII is one token a character. It is Qwen2's class because `AutoTokenizer` takes that for every Qwen2 model,
    whatever its files say; that class drops symbols which are not bytes (a plain space among them) without a word.
    """
    from tokenizers import AddedToken
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import Qwen2Tokenizer

    symbols = [PAD, EOS, USER, ASSISTANT, *TAGS, *sorted(ByteLevel.alphabet())]
    tokenizer = Qwen2Tokenizer(
        vocab={symbol: index for index, symbol in enumerate(symbols)},
        merges=[],
        unk_token=PAD,  # never needed, but without it the class adds a token of its own
        eos_token=EOS,
        pad_token=PAD,
        extra_special_tokens=[USER, ASSISTANT],
        chat_template=_CHAT_TEMPLATE,
        padding_side="left",
        model_max_length=MAX_LENGTH,
    )
    tokenizer.add_tokens([AddedToken(tag, special=False, normalized=False) for tag in TAGS])
    return tokenizer
