"""Where outputs are in a turn of the model: one mark `[...]` around each."""

import pytest

from still_verl.interpreter.outputs import output_spans

BLOCK = "```python\nprint(2)\n```\n"
CASES = {
    "plain": f"a\n{BLOCK}[```output\n2\n```\n]so",
    "two": f"{BLOCK}[```output\n2\n```\n]{BLOCK}[```output\n3\n```\n]end",
    "empty": f"{BLOCK}[```output\n```\n]{BLOCK}[```output\n\n```\n]x",
    "fences in it, so a longer one around it": f"{BLOCK}[````output\n```\nx\n```\n````\n]so",
    "a longer fence closes": f"{BLOCK}[```output\n2\n`````\n]so",
    "tildes": "~~~python\n1\n~~~\n[~~~output\n2\n~~~\n]so",
    "the release's, closed behind the last word": "```python\n1\n```\n\n[```Output\n5```\n]\nso\n```python\n2\n```\n\n"
    "[```Output\n6```\n]",
    "a word and a fence inside, closed on a line of its own": f"{BLOCK}[```output\nabc```\n```\n]so",
    "cut at the end": f"{BLOCK}[```output\n2]",
    "windows": "```python\r\n1\r\n```\r\n[```output\r\n2\r\n```\r\n]so",
    "in a list": "- do\n  ```python\n  1\n  ```\n  ```output\n  2\n  ```\n  so".replace(
        "  ```output", "[  ```output"
    ).replace("2\n  ```\n", "2\n  ```\n]"),
    "in a string of several lines": "```python\ns = '''\n```output\n1\n```\n'''\n```\n[```output\n2\n```\n]so",
    "in a string of one line": '```python\ns = "```output"\n```\n[```output\n2\n```\n]',
    "quoted in a longer block": "````markdown\n```output\n2\n```\n````\nso",
    "in a line of text": "write ```output``` then\n```outputs\n1\n```\n",
    "behind a block that was left open": "```python\nprint(2)\n[```output\n2\n```\n]so",
    "behind a fence in a line of text": "so ```python\nprint(2)\n```\n[```output\n2\n```\n]end",
    "in a block of the other kind": "~~~\n```output\n2\n```\n~~~\nso",
    "in code that is indented": "def f():\n\n    ```output\n    1\n    ```\n",
    "without a program": "[```output\n2\n```\n]so",
    "tags": "<code>\nprint(1)\n</code>[\n<interpreter>\n1\n</interpreter>\n]so",
    "tags with a fence": "<code>\n```python\nprint(1)\n```\n</code>[\n<interpreter>\n1\n</interpreter>\n]so",
    "a closing tag in an output": "<code>1</code>[\n<interpreter>\nx </interpreter> y\n</interpreter>\n]so",
    "tags in a string": "<code>print('</code><interpreter>')</code>[\n<interpreter>\n1\n</interpreter>\n]so",
    "tags in prose": "</code>\n<interpreter>\n1\n</interpreter>\nso",
    "tags cut at the end": "<code>1</code>[\n<interpreter>\n1]",
    "nothing": "",
}


@pytest.mark.parametrize("name", CASES)
def test_outputs(name: str) -> None:
    marked = CASES[name]
    text = marked.replace("[", "").replace("]", "")
    found, at = "", 0
    for begin, end in output_spans(text):
        found += f"{text[at:begin]}[{text[begin:end]}]"
        at = end
    assert found + text[at:] == marked


def test_a_long_text_is_read_in_linear_time() -> None:
    text = (BLOCK + "```output\n" + "x```\n" * 3 + "```\n") * 20000
    assert len(output_spans(text)) == 20000
    assert len(output_spans("<code>1</code>\n<interpreter>\n1\n</interpreter>\n" * 5000)) == 5000
