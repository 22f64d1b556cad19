"""The format that the Zero recipe rewards: `<think>...</think><answer>...</answer>` and nothing else.

Source: `reward_manager/still.py` of the study's repository (834e1b7), with three artefacts put right: white space
before an end token, end tokens of other model families, and a response that says "Assistant:" itself. The study
searched prompt and response for its last "Assistant:"; here only the response is read, and the `<think>` that the
prompt had prefilled is put back.
"""

TAGS = ("<think>", "</think>", "<answer>", "</answer>")
END_TOKENS = ("<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<|end_of_text|>", "<｜end▁of▁sentence｜>", "</s>")


def zero_format_fault(response: str, prefilled: bool = True) -> str:
    """What is wrong with the format of `response`, or nothing.

    `prefilled` says that the prompt ended in `<think>`, so that a model that writes its own has written two.
    """
    text = _without_end(("<think>" if prefilled else "") + response).lstrip()
    for tag in TAGS:
        if text.count(tag) != 1:
            return f"{tag} {text.count(tag)} times"
    think, think_end, answer, answer_end = (text.index(tag) for tag in TAGS)
    if not think < think_end < answer < answer_end:
        return "tags out of order"
    if think > 0 or answer_end + len("</answer>") < len(text):
        return "text outside the tags"
    if text[think_end + len("</think>") : answer].strip():
        return "text between </think> and <answer>"
    if not text[len("<think>") : think_end].strip() or not text[answer + len("<answer>") : answer_end].strip():
        return "empty think or answer"
    return ""


def _without_end(text: str) -> str:
    """`text` without the white space and end tokens at its end."""
    text = text.rstrip()
    while text.endswith(END_TOKENS):
        token = next(token for token in END_TOKENS if text.endswith(token))
        text = text.removesuffix(token).rstrip()
    return text
