"""The format that the Zero recipe rewards: `<think>...</think><answer>...</answer>` and nothing else.

Source: `reward_manager/still.py` of the study's repository (834e1b7), with three artefacts put right: white space
before an end token, end tokens of other model families, and a response that says "Assistant:" itself. The study
searched prompt and response for its last "Assistant:"; here only the response is read, and the `<think>` that the
prompt had prefilled is put back.
"""

TAGS = ("<think>", "</think>", "<answer>", "</answer>")
_QWEN, _LLAMA = ("<|endoftext|>", "<|im_end|>"), ("<|eot_id|>", "<|end_of_text|>", "</s>")
_DEEPSEEK, _GEMMA, _GPT_OSS = ("<｜end▁of▁sentence｜>",), ("<eos>", "<end_of_turn>"), ("<|return|>",)
END_TOKENS = (*_QWEN, *_LLAMA, *_DEEPSEEK, *_GEMMA, *_GPT_OSS)


def zero_format_fault(response: str, prefilled: bool = True) -> str:
    """Say what is wrong with the format of `response`; nothing when it is well formed.

    `prefilled` says that the prompt ended in `<think>`, so that a model that writes its own has written two.

    Example:
        >>> zero_format_fault("2 + 2 = 4</think><answer>4</answer>")
        ''
        >>> zero_format_fault("so it is 4")
        '</think> 0 times'
    """
    if prefilled:
        response = "<think>" + response
    text = _without_end(response).lstrip()
    for tag in TAGS:
        if text.count(tag) != 1:
            return f"{tag} {text.count(tag)} times"
    places = [text.index(tag) for tag in TAGS]
    if places != sorted(places):
        return "tags out of order"
    start, think_end, answer, end = places
    if start > 0 or end + len("</answer>") < len(text):
        return "text outside the tags"
    if text[think_end + len("</think>") : answer].strip():
        return "text between </think> and <answer>"
    thoughts = text[len("<think>") : think_end]
    conclusion = text[answer + len("<answer>") : end]
    if not thoughts.strip() or not conclusion.strip():
        return "empty think or answer"
    return ""


def _without_end(text: str) -> str:
    """`text` without the white space and end tokens at its end."""
    text = text.rstrip()
    while text.endswith(END_TOKENS):
        for token in END_TOKENS:
            text = text.removesuffix(token).rstrip()
    return text
