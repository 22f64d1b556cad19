r"""Takes the prompt template off a problem that was published with one inside.

Templates are known by their sentences: an instruction before or behind the problem that speaks of how to answer
("put your final answer within \boxed{}"), and the marks of chat formats at the ends. `template_words` says whether what
looks like an instruction may have something of the problem in it: then it stays.
"""

import re
from collections.abc import Iterator

from still_verl.curation.template_words import is_template
from still_verl.curation.tokens import mentions

_OPENS = re.compile(
    r"(?:\s*(?:"
    r"<\|im_start\|>system.*?<\|im_end\|>|<\|start_header_id\|>system<\|end_header_id\|>.*?<\|eot_id\|>"
    r"|<\|system\|>.*?(?=<\|user\|>)|<<SYS>>.*?<</SYS>>"
    r"|<\|im_start\|>user|<\|start_header_id\|>user<\|end_header_id\|>|<\|user\|>|<｜User｜>|\[INST\]"
    r"|<\|begin_of_text\|>|<\|endoftext\|>|<｜begin▁of▁sentence｜>|<s>(?=\s*\[INST\])"
    r"))+",
    re.DOTALL,
)
_ASSISTANT = (
    r"<\|im_start\|>assistant|<\|start_header_id\|>assistant<\|end_header_id\|>|<\|assistant\|>|<｜Assistant｜>"
)
_CLOSES = re.compile(
    rf"(?:\s*(?:(?:{_ASSISTANT})(?:\s*<think>)?|<\|im_end\|>|<\|eot_id\|>|<\|endoftext\|>|\[/INST\]|(?<=\n)<think>))+"
    r"\s*\Z"
)
_BEFORE = re.compile(
    r"\A\s*(?:"
    r"(?:solve (?:the following|this)|below is an?) (?:math(?:ematics|ematical)? )?(?:problem|question)[^\n]{0,600}\n+"
    r"|(?:please )?(?:reason|think)[^.\n]{0,80}step by step[^\n]{0,300}\n+"
    r"|a conversation between user and assistant[^\n]{0,1500}?user:\s*"
    r"|your task is to follow a systematic[^\n]{0,3000}\n+"
    r"|(?:return|put|place|give|present|output)[^\n]{0,80}(?:\\boxed|final answer)[^\n]{0,200}\n+"
    r"|(?:###\s*)?(?:instruction|question|problem|user|human)\s*:\s*"
    r")",
    re.IGNORECASE,
)
# A sentence that says where the answer goes: OpenThoughts has it on the line of the problem. It speaks to who answers:
# "A user gives the answer in <answer> tags" is what a problem may tell.
_PLACE = r"(?:\\boxed|\\fbox|<answer>)"
_TELLS = r"(?:an?|the (?:user|assistant))\b"
_OF_THE_ANSWER = rf"(?!{_TELLS})(?=[^\n.?!]{{0,160}}(?:answer|respon|result|solution))"
_SENTENCE_BEFORE = re.compile(
    rf"\A\s*(?:{_OF_THE_ANSWER}[^\n.?!]{{0,160}}?{_PLACE}"
    r"|(?:please )?(?:reason|think)[^\n.?!]{0,80}?step[- ]by[- ]step)"
    # What a colon is in front of is the problem.
    r"[^\n.?!]{0,160}?(?:[.!:]+\s+|\n+)",
    re.IGNORECASE,
)
_SENTENCE_BEHIND = re.compile(
    rf"(?:\n|[.?!:]\s+){_OF_THE_ANSWER}[^\n.?!]{{0,160}}{_PLACE}[^\n]{{0,200}}\Z", re.IGNORECASE
)
# The sentences that Qwen's models are asked with in Chinese.
_CHINESE = (
    r"请?(?:通过)?(?:一步一步|逐步)(?:地)?(?:推理|思考|分析)[^\n。]{0,12}[,，]?\s*并?(?:将|把)?(?:你的)?最终(?:的)?答案"
    r"[^\n。$]{1,6}\$?\\boxed\{\}\$?\s*[之]?[中内里]?\s*[。.]?"
)
_CHINESE_AT_ENDS = re.compile(rf"\A\s*{_CHINESE}|(?<!\s)\s*{_CHINESE}\s*\Z")
_BEHIND = re.compile(
    r"\s*(?:"
    r"(?:\(?please |let'?s )?(?:reason|think|solve)(?: this)?(?: about it)? step[- ]by[- ]step[^\n]{0,300}"
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
    "step-by-step",
    "human:",
)
# A line break is in the middle of a sentence where a small letter follows.
_SENTENCE_BEGINS = re.compile(r"\n\s*(?=[A-Z])|\n[ \t]*\n\s*|[.?!]+\s+")
_GOES_ON = re.compile(r"[ \t]*[a-z]")
ROUNDS = 4  # templates may be nested
_BEGINS_TO_TELL = re.compile(rf"\s*{_TELLS}", re.IGNORECASE)
REACH = 600  # characters at the end of a text in which an instruction begins


def unwrapped(text: str) -> str:
    r"""Return a problem without the template around it.

    Example:
        >>> unwrapped("<|im_start|>user\nWhat is 2+2?\nPlease reason step by step, and box it.<|im_end|>\n")
        'What is 2+2?'
        >>> unwrapped("What is 2+2?")
        'What is 2+2?'
        >>> unwrapped("Find x.\nThink step by step, and then find y if x + y = 12.")
        'Find x.\nThink step by step, and then find y if x + y = 12.'
    """
    text = _without_marks(text).strip()
    if not mentions(text.lower(), _SPOKEN_OF):
        return text
    for _ in range(ROUNDS):
        shorter = _without_marks(_without_instructions(text)).strip()
        if not shorter or shorter == text:
            break
        text = shorter
    return text


def _without_marks(text: str) -> str:
    """A text without the marks of turns at its ends: inside, they are what the problem is about."""
    if "<" not in text and "[" not in text:
        return text
    opening = _OPENS.match(text)
    if opening:
        text = text[opening.end() :]
    closing = _CLOSES.search(text, max(0, len(text) - REACH))
    return text[: closing.start()] if closing else text


def _without_instructions(text: str) -> str:
    text = _CHINESE_AT_ENDS.sub("", text)
    for pattern in (_BEFORE, _SENTENCE_BEFORE):
        before = pattern.match(text)
        if before and is_template(before[0]):
            text = text[before.end() :]
    for start in _behind(text):
        if is_template(text[start:]):
            return text[:start]
    return text


def _behind(text: str) -> Iterator[int]:
    """Yield where an instruction that reaches to the end may begin: where the first one is none, a later one may be."""
    first = max(0, len(text) - REACH)
    last = -1
    found = _BEHIND.search(text, first)
    while found:
        start = _whole_sentence(text, found.start())
        if start is not None and start != last and not _BEGINS_TO_TELL.match(text, start):
            last = start
            yield start
        found = _BEHIND.search(text, found.start() + 1)
    found = _SENTENCE_BEHIND.search(text, first)
    if found:
        yield found.start() + 1


def _whole_sentence(text: str, start: int) -> int | None:
    """Where the sentence begins that goes on at a place: half of "Make sure to put it in a box" would stay behind.

    None where it is longer than any instruction.
    """
    first = max(0, start - REACH)
    before = text[first:start].rstrip(" \t")
    if not _GOES_ON.match(text, start) or not (before[-1:].isalnum() or before[-1:] == ","):
        return start
    begins = None if first else 0
    for end in _SENTENCE_BEGINS.finditer(before):
        begins = first + end.end()
    return begins
