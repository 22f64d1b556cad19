"""Code blocks in a response, however it is cut into pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from still_verl.interpreter.fences import FenceParser
from still_verl.interpreter.python_strings import PythonStrings

DOCSTRING = '```python\ns = """\n```\nnot the end\n```\n"""\nprint(s)\n```\n'

CASES = {
    "one block": ("so\n```python\nprint(1)\n```\n", ["print(1)\n"]),
    "two blocks": ("```python\na=1\n```\ntext\n```py\nb=2\n```\n", ["a=1\n", "b=2\n"]),
    "another language": ("```js\nlet a\n```\n```python\n1\n```\n", ["1\n"]),
    "no language": ("```\nprint(1)\n```\n", []),
    "an output block": ("```output\n```python\n```\n", []),
    "windows line ends": ("```python\r\na=1\r\nb=2\r\n```\r\n", ["a=1\nb=2\n"]),
    "fence inside a string": (DOCSTRING, ['s = """\n```\nnot the end\n```\n"""\nprint(s)\n']),
    "longer fence around a shorter one": ("````python\n'''\n```\n'''\n````\n", ["'''\n```\n'''\n"]),
    "shorter fence closes nothing": ("````python\n```\n````\n", ["```\n"]),
    "longer fence closes": ("```python\n1\n`````\n", ["1\n"]),
    "tildes": ("~~~python\n```\n~~~\n", ["```\n"]),
    "indented by three": ("   ```python\n1\n   ```\n", ["1\n"]),
    "indented by four is text": ("    ```python\n1\n    ```\n", []),
    "not at the start of a line": ("use ```python\n1\n```\n", []),
    "inline code": ("```python``` is a fence\n```python\n1\n```\n", ["1\n"]),
    "unfinished": ("```python\nprint(1)\n", []),
    "empty": ("```python\n```\n", [""]),
    "capital letters and attributes": ("```Python title=x\n1\n```\n", ["1\n"]),
    "a closing fence with trailing blanks": ("```python\n1\n```  \n", ["1\n"]),
    "text after three backticks closes nothing": ("```python\n1\n``` no\n2\n```\n", ["1\n``` no\n2\n"]),
}


@pytest.mark.parametrize(("text", "blocks"), CASES.values(), ids=CASES)
def test_blocks(text: str, blocks: list[str]) -> None:
    parser = FenceParser()
    parser.feed(text)
    assert parser.blocks == blocks


# A carriage return that is cut from its line feed ends a line of its own.
@given(
    st.sampled_from([case for case in CASES.values() if "\r" not in case[0]]), st.lists(st.integers(0, 60), max_size=12)
)
def test_how_a_response_is_cut_changes_nothing(case: tuple[str, list[str]], cuts: list[int]) -> None:
    text, blocks = case
    parser, edges = FenceParser(), [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    for start, end in zip(edges, edges[1:], strict=False):
        parser.feed(text[start:end])
    assert parser.blocks == blocks


def test_a_block_wants_to_be_run_when_its_fence_ends_the_piece() -> None:
    parser = FenceParser()
    assert not parser.feed("```python\nprint(1)\n``")
    assert parser.open_block
    assert parser.feed("`\n\n"), "the token of the fence may bring an empty line"
    assert not parser.open_block


def test_what_was_written_past_a_fence_is_stale() -> None:
    assert not FenceParser().feed("```python\nprint(1)\n```\nThe output is 1.\n")


def test_a_block_at_the_end_of_a_response_without_a_line_end() -> None:
    parser = FenceParser()
    assert not parser.feed("```python\n1\n```")
    parser.end()
    assert parser.blocks == ["1\n"]


@pytest.mark.parametrize(
    ("code", "inside"),
    [
        ('"""', True),
        ("'''a'''", False),
        ('x = """a\nb', True),
        ('print("""a""")\n"', False),
        ("(", False),
    ],
)
def test_strings(code: str, inside: bool) -> None:
    strings = PythonStrings()
    strings.read(code)
    assert bool(strings.inside) is inside
