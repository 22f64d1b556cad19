"""Five chat templates as plain code, to compare what the templates give; and tokenizers that know their tokens."""

from typing import Any

from conversations import Known
from tokenizers.decoders import ByteLevel
from transformers import AddedToken, AutoTokenizer

from still_verl.demo.prepare import prepare

Runs = list[tuple[str, bool]]
BEGIN, END = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
QWEN_SYSTEM = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
TOKENS = {
    "r1_distill": (BEGIN, END, ["<｜User｜>", "<｜Assistant｜>"]),
    "qwen2.5": (None, "<|im_end|>", ["<|im_start|>", "<|endoftext|>"]),
    "llama3": ("<|begin_of_text|>", "<|eot_id|>", ["<|start_header_id|>", "<|end_header_id|>"]),
    "chatml": (None, "<|im_end|>", ["<|im_start|>"]),
    "base": (None, "<|endoftext|>", []),
}
R1_TOOLS = [f"<｜tool▁output{which}｜>" for which in ("s▁begin", "s▁end", "▁begin", "▁end")]
LAYOUTS = list(TOKENS)


def tokenizer_of(name: str) -> Any:
    """The tokenizer of a small real model, with the control tokens of a template."""
    tokenizer = AutoTokenizer.from_pretrained(prepare("smollm2").model)
    tokenizer.backend_tokenizer.decoder = ByteLevel()  # this one's own reads no `▁` in a token, R1's does
    bos, eos, others = TOKENS[name]
    tokenizer.add_special_tokens({"eos_token": eos, "pad_token": "<|pad|>"} | ({"bos_token": bos} if bos else {}))
    tokenizer.add_tokens([AddedToken(text, special=True, normalized=False) for text in others])
    words = ["<think>", "</think>", *(R1_TOOLS if name == "r1_distill" else [])]
    tokenizer.add_tokens([AddedToken(text, special=False, normalized=False) for text in words])
    return tokenizer


def expected(name: str, known: Known) -> Runs:
    """What a conversation must be, in runs of characters that are trained or not."""
    runs = {"r1_distill": _r1, "qwen2.5": _qwen, "llama3": _llama, "chatml": _chatml, "base": _base}[name](known)
    joined: Runs = []
    for text, trained in runs:
        if joined and joined[-1][1] == trained:
            joined[-1] = (joined[-1][0] + text, trained)
        elif text:
            joined.append((text, trained))
    return joined


def _r1(known: Known) -> Runs:
    system = "".join(message["content"] for message in known.messages if message["role"] == "system")
    runs: Runs = [(BEGIN + system, False)]
    before, tools = "", 0
    for message, pieces in zip(known.messages, known.pieces, strict=True):
        role, content = message["role"], message["content"]
        if role == "user":
            runs.append(("<｜User｜>" + content, False))
        elif role == "tool":
            runs.append(("\n" if tools else "<｜tool▁outputs▁begin｜>", False))
            runs.append((f"<｜tool▁output▁begin｜>{content}<｜tool▁output▁end｜>", False))
            tools += 1
        elif role == "assistant":
            begins = "<｜Assistant｜>" if content.startswith("<think>") else "<｜Assistant｜><think>\n"
            runs.append(("<｜tool▁outputs▁end｜>" if before == "tool" else begins, False))
            runs += [*pieces, (END, True)]
        before = role
    return runs


def _qwen(known: Known) -> Runs:
    runs: Runs = []
    if known.messages[0]["role"] != "system":
        runs.append((f"<|im_start|>system\n{QWEN_SYSTEM}<|im_end|>\n", False))
    roles = [message["role"] for message in known.messages] + [""]
    for place, message in enumerate(known.messages):
        if roles[place] == "tool":
            begins = "" if roles[place - 1] == "tool" else "<|im_start|>user"
            ends = "" if roles[place + 1] == "tool" else "<|im_end|>\n"
            runs.append((f"{begins}\n<tool_response>\n{message['content']}\n</tool_response>{ends}", False))
        else:
            runs += _marked(message, known.pieces[place])
    return runs


def _chatml(known: Known) -> Runs:
    runs: Runs = []
    for message, pieces in zip(known.messages, known.pieces, strict=True):
        runs += _marked(message, pieces)
    return runs


def _marked(message: dict[str, Any], pieces: Runs) -> Runs:
    own = message["role"] == "assistant"
    return [(f"<|im_start|>{message['role']}\n", False), *pieces, ("<|im_end|>", own), ("\n", False)]


def _llama(known: Known) -> Runs:
    runs: Runs = [("<|begin_of_text|>", False)]
    for message, pieces in zip(known.messages, known.pieces, strict=True):
        runs.append((f"<|start_header_id|>{message['role']}<|end_header_id|>\n\n", False))
        if message["role"] == "assistant":
            runs += [*pieces, ("<|eot_id|>", True)]
        else:
            runs.append((message["content"].strip() + "<|eot_id|>", False))
    return runs


def _base(known: Known) -> Runs:
    runs: Runs = []
    for message, pieces in zip(known.messages, known.pieces, strict=True):
        runs += pieces
        if message["role"] == "assistant":
            runs.append(("<|endoftext|>", True))
    return runs
