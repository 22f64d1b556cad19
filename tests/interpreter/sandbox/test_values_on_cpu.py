"""What goes between a program and its tests is plain data, whatever a program sends."""

import json
import math
from collections import Counter, OrderedDict, deque, namedtuple
from enum import IntEnum
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from still_verl.interpreter.sandbox.inside import values

ATOMS = st.none() | st.booleans() | st.integers() | st.text() | st.binary()
ATOMS |= st.floats(allow_nan=False) | st.complex_numbers(allow_nan=False)
KEYS = st.integers() | st.text() | st.tuples(st.integers(), st.text())
PLAIN = st.recursive(
    ATOMS,
    lambda part: st.lists(part) | st.tuples(part, part) | st.dictionaries(KEYS, part) | st.frozensets(KEYS),
    max_leaves=12,
)


@given(PLAIN)
def test_plain_data_come_back_as_they_were(value: Any) -> None:
    read = values.loads(values.dumps(value))
    assert read == value and type(read) is type(value)


def test_numbers_of_any_size() -> None:
    for number in (10**5000, -(10**5000), 2**64, math.inf):
        assert values.loads(values.dumps(number)) == number
    assert math.isnan(values.loads(values.dumps(math.nan)))


class Yes(int):
    def __eq__(self, other: object) -> bool:
        return True

    def __index__(self) -> int:
        return 7

    __hash__ = int.__hash__


class Text(str):
    def __eq__(self, other: object) -> bool:
        return True

    def __str__(self) -> str:
        return "other"

    __hash__ = str.__hash__


class List(list):  # type: ignore[type-arg]
    def __iter__(self) -> Any:
        return iter([7])

    def __eq__(self, other: object) -> bool:
        return True


class Dict(dict):  # type: ignore[type-arg]
    def items(self) -> Any:
        return [("x", 7)]


class Level(IntEnum):
    LOW = 1


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Yes(0), 0),
        (Text("a"), "a"),
        (List([1]), [1]),
        (Dict(a=1), {"a": 1}),
        (Level.LOW, 1),
        (Point(1, 2), (1, 2)),
        (Counter("aab"), {"a": 2, "b": 1}),
        (OrderedDict(a=1), {"a": 1}),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.array([[1, 2]]), [[1, 2]]),
        (bytearray(b"a"), b"a"),
        ([Yes(0), {"a": (Yes(1),)}], [0, {"a": (1,)}]),
    ],
)
def test_what_stands_for_plain_data_arrives_as_that(value: Any, plain: Any) -> None:
    def same(one: Any, other: Any) -> bool:
        return type(one) is type(other) and repr(one) == repr(other)

    assert same(values.loads(values.dumps(value)), plain)


@pytest.mark.parametrize("value", [object(), (n for n in "ab"), deque([1]), range(3), print, Yes, {"a": object()}])
def test_other_objects_do_not_arrive(value: Any) -> None:
    with pytest.raises(TypeError, match="is not plain data"):
        values.dumps(value)


def test_nesting_is_bounded() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="nested more than 100 deep"):
        values.dumps(endless)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "1 2",
        "{}",
        '{"a": 1}',
        '{"tuple": [1], "set": [2]}',
        '{"tuple": 5}',
        '{"set": [[1]]}',
        '{"dict": [1]}',
        '{"dict": [[[1], 2]]}',
        '{"bytes": 5}',
        '{"bytes": "%%%"}',
        '{"complex": [1]}',
        '{"complex": [1, 2, 3]}',
        '{"complex": ["x", 1]}',
        f'{{"complex": [{10**400}, 0]}}',
        '{"int": 5}',
        '{"int": "zz"}',
        '{"object": 0}',
        "[" * 100_000,
        "9" * 100_000,
        '{"tuple": ' * 50_000,
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        values.loads(text)


SENT = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda part: st.lists(part) | st.dictionaries(st.sampled_from(values._TAGS), part),
)


@given(SENT)
def test_nothing_but_value_errors(value: Any) -> None:
    try:
        values.loads(json.dumps(value))
    except ValueError:
        pass
