r"""Takes the prompt template off a problem that was published with one inside.

Templates are known by their sentences: an instruction before or behind the problem that speaks of how to answer
("put your final answer within \boxed{}"), and the markers of chat formats.
"""

import re

from still_verl.curation.tokens import mentions

_CHAT = re.compile(
    r"<\|im_start\|>system.*?<\|im_end\|>|<\|im_start\|>(?:user|assistant)|<\|im_end\|>|<｜(?:User|Assistant)｜>"
    r"|<\|(?:user|assistant|endoftext|eot_id|begin_of_text)\|>|<\|start_header_id\|>.*?<\|end_header_id\|>"
    r"|\[/?INST\]|<</?SYS>>|<think>\s*$",
    re.DOTALL,
)
_BEFORE = re.compile(
    r"\A\s*(?:"
    r"solve the following (?:math(?:ematics|ematical)? )?(?:problem|question)[^\n]{0,600}\n+"
    r"|(?:please )?(?:reason|think)[^.\n]{0,80}step by step[^\n]{0,300}\n+"
    r"|a conversation between user and assistant[^\n]{0,1500}?user:\s*"
    r"|your task is to follow a systematic[^\n]{0,3000}\n+"
    r"|(?:return|put|place|give|present|output)[^\n]{0,80}(?:\\boxed|final answer)[^\n]{0,200}\n+"
    r"|(?:###\s*)?(?:instruction|question|problem|user)\s*:\s*"
    r")",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"\s*(?:"
    r"(?:\(?please |let'?s )?(?:reason|think|solve)(?: this)?(?: about it)? step by step[^\n]{0,300}"
    r"|(?:please )?(?:put|place|enclose|box|write|present|give|provide|return)[^.\n]{0,80}(?:within|in|inside|using)\s+"
    r"(?:\$?\\boxed|<answer>)[^\n]{0,200}"
    r"|remember to (?:put|box)[^\n]{0,300}"
    r"|the last line of your response should[^\n]{0,400}"
    r"|(?:###\s*)?(?:response|answer|solution|assistant)\s*:"
    r")\s*\Z",
    re.IGNORECASE,
)
_SPOKEN_OF = (
    "step by step",
    "boxed",
    "answer",
    "response:",
    "solution:",
    "assistant",
    "problem",
    "question:",
    "instruction:",
)
ROUNDS = 4  # templates may be nested


def unwrapped(text: str) -> str:
    r"""Return a problem without the template around it.

    Example:
        >>> unwrapped("<|im_start|>user\nWhat is 2+2?\nPlease reason step by step, and box it.<|im_end|>\n")
        'What is 2+2?'
        >>> unwrapped("What is 2+2?")
        'What is 2+2?'
    """
    if "<" in text or "[" in text:
        text = _CHAT.sub("", text)
    if not mentions(text.lower(), _SPOKEN_OF):
        return text.strip()
    for _ in range(ROUNDS):
        shorter = _BEHIND.sub("", _BEFORE.sub("", text)).strip()
        if not shorter or shorter == text:
            break
        text = shorter
    return text.strip()
