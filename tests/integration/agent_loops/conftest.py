"""The tokenizer of a small real model, without tools and with them."""

from collections.abc import Iterator
from typing import Any

import pytest
import verl  # noqa: F401  (loads the plugin)
from transformers import AutoTokenizer

from still_verl.demo.prepare import prepare
from still_verl.interpreter import build


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return AutoTokenizer.from_pretrained(prepare("smollm2").model)


# As Qwen2.5's template: tools in the system's turn, their answers in turns of the user.
TOOL_TEMPLATE = """\
{%- if tools %}{{ '<|im_start|>system\\n# Tools\\n<tools>' }}{% for tool in tools %}{{ tool | tojson }}{% endfor %}
{{- '</tools><|im_end|>\\n' }}{% endif %}
{%- for message in messages %}
{%- if message.role == 'tool' %}
{{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}
{%- elif message.role == 'assistant' and message.tool_calls %}
{{- '<|im_start|>assistant\\n' + message.content + '<tool_call>x</tool_call><|im_end|>\\n' }}
{%- else %}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{% endif %}"""


@pytest.fixture(scope="module")
def tool_tokenizer() -> Any:
    tokenizer = AutoTokenizer.from_pretrained(prepare("smollm2").model)
    tokenizer.chat_template = TOOL_TEMPLATE
    return tokenizer


@pytest.fixture(scope="module", autouse=True)
def no_runner_left() -> Iterator[None]:
    yield
    if build._shared is not None:
        build._shared.close()
        build._shared = None
