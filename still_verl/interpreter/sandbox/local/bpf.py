"""Writes the small programs that the kernel runs for each system call: classic BPF, as seccomp(2) takes it.

An instruction may name where it jumps to. `assemble` turns the names into distances. libseccomp's bindings would do the
same, but they need its C library.
"""

import errno
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

ALLOW, KILL, NOTIFY, ERRNO = 0x7FFF0000, 0x80000000, 0x7FC00000, 0x00050000
EPERM, ENOSYS, ENOTTY, EINVAL = (ERRNO | code for code in (errno.EPERM, errno.ENOSYS, errno.ENOTTY, errno.EINVAL))
DONE = ERRNO  # the call returns 0, and nothing was done
NUMBER, ARCHITECTURE = 0, 4  # offsets in struct seccomp_data

_LOAD, _CONSTANT, _STORE, _RECALL, _AND, _ADD_X, _TO_X = 0x20, 0x00, 0x02, 0x60, 0x54, 0x0C, 0x07
_GOTO, _RETURN = 0x05, 0x06
_EQUAL, _GREATER, _AT_LEAST, _AT_LEAST_X, _ANY_BIT = 0x15, 0x25, 0x35, 0x3D, 0x45
_LOW = 0xFFFFFFFF

_fresh = count()


@dataclass(frozen=True)
class Instruction:
    """One instruction; `true` and `false` name labels, or are None for the next instruction."""

    code: int
    value: int = 0
    true: str | None = None
    false: str | None = None


@dataclass(frozen=True)
class Label:
    """A place to jump to."""

    name: str


Code = list[Instruction | Label]


def low(argument: int) -> int:
    """Return the offset of the low half of an argument of the call, counted from 0 (little-endian processors)."""
    return 16 + 8 * argument


def high(argument: int) -> int:
    """Return the offset of the high half of an argument of the call."""
    return low(argument) + 4


def load(offset: int) -> Instruction:
    """Load a word of the call's data; what follows looks at it."""
    return Instruction(_LOAD, offset)


def keep_bits(mask: int) -> Instruction:
    """Clear the other bits of what was loaded."""
    return Instruction(_AND, mask)


def answer(value: int) -> Instruction:
    """End with `ALLOW`, an error or another answer of the kernel."""
    return Instruction(_RETURN, value)


def fresh(name: str) -> str:
    """Return a name of a label that nothing else has."""
    return f"{name} {next(_fresh)}"


def when_call(number: int, body: Sequence[Instruction | Label]) -> Code:
    """Do `body`, which must answer, for one system call; its number is what was loaded."""
    after = fresh("after")
    return [Instruction(_EQUAL, number, false=after), *body, Label(after)]


def unless_one_of(values: Iterable[int], refusal: int) -> Code:
    """Answer `refusal` unless what was loaded is one of `values`."""
    after = fresh("after")
    tests = [Instruction(_EQUAL, value, true=after) for value in values]
    return [*tests, answer(refusal), Label(after)]


def jump_unless_one_of(values: Iterable[int], label: str) -> Code:
    """Go to `label` unless what was loaded is one of `values`."""
    after = fresh("after")
    tests = [Instruction(_EQUAL, value, true=after) for value in values]
    return [*tests, Instruction(_GOTO, true=label), Label(after)]


def if_any_bit(mask: int, refusal: int) -> Code:
    """Answer `refusal` if what was loaded has a bit of `mask`."""
    after = fresh("after")
    return [Instruction(_ANY_BIT, mask, false=after), answer(refusal), Label(after)]


def if_equal(value: int, refusal: int) -> Code:
    """Answer `refusal` if what was loaded is `value`."""
    after = fresh("after")
    return [Instruction(_EQUAL, value, false=after), answer(refusal), Label(after)]


def if_greater(value: int, refusal: int) -> Code:
    """Answer `refusal` if what was loaded is greater than `value`."""
    after = fresh("after")
    return [Instruction(_GREATER, value, false=after), answer(refusal), Label(after)]


def one_of(numbers: Sequence[int], found: int, otherwise: int) -> Code:
    """Answer by whether what was loaded is one of `numbers`, which are sorted.

    By halving: the kernel walks the filter for every call that there is.
    """
    if len(numbers) <= 3:
        hit = fresh("hit")
        tests = [Instruction(_EQUAL, number, true=hit) for number in numbers]
        return [*tests, answer(otherwise), Label(hit), answer(found)]
    middle = len(numbers) // 2
    lower, upper = fresh("lower"), fresh("upper")
    # A conditional jump reaches 255 instructions only.
    return [
        Instruction(_AT_LEAST, numbers[middle], false=lower),
        Instruction(_GOTO, true=upper),
        Label(lower),
        *one_of(numbers[:middle], found, otherwise),
        Label(upper),
        *one_of(numbers[middle:], found, otherwise),
    ]


def if_overlaps(address: int, length: int, start: int, end: int, refusal: int) -> Code:
    """Answer `refusal` if a range of memory that the call names has a byte of another one.

    Args:
        address: the number of the argument that has its first address.
        length: the number of the argument that has its bytes.
        start: the first address of the other range.
        end: the address behind that.
        refusal: the answer.
    """
    apart, below, compare, hit = fresh("apart"), fresh("below"), fresh("compare"), fresh("hit")
    no_carry = fresh("no carry")
    return [
        # Its first address lies below `end`.
        load(high(address)),
        Instruction(_GREATER, end >> 32, true=apart),
        Instruction(_EQUAL, end >> 32, false=below),
        load(low(address)),
        Instruction(_AT_LEAST, end & _LOW, true=apart),
        Label(below),
        # Its end, in two halves: the low one is kept in slot 0, the carry in slot 1.
        Instruction(_CONSTANT, 0),
        Instruction(_STORE, 1),
        load(low(length)),
        Instruction(_TO_X),
        load(low(address)),
        Instruction(_ADD_X),
        Instruction(_STORE, 0),
        Instruction(_AT_LEAST_X, true=no_carry),
        Instruction(_CONSTANT, 1),
        Instruction(_STORE, 1),
        Label(no_carry),
        load(high(length)),
        Instruction(_TO_X),
        load(high(address)),
        Instruction(_ADD_X),
        Instruction(_TO_X),
        Instruction(_RECALL, 1),
        Instruction(_ADD_X),
        # That lies above `start`.
        Instruction(_GREATER, start >> 32, true=hit),
        Instruction(_EQUAL, start >> 32, true=compare, false=apart),
        Label(compare),
        Instruction(_RECALL, 0),
        Instruction(_GREATER, start & _LOW, true=hit, false=apart),
        Label(hit),
        answer(refusal),
        Label(apart),
    ]


def assemble(code: Sequence[Instruction | Label]) -> bytes:
    """Return the instructions as the kernel reads them.

    Raises:
        ValueError: a jump is too long for the kernel's format, or goes backwards.
    """
    places: dict[str, int] = {}
    instructions: list[Instruction] = []
    for item in code:
        if isinstance(item, Label):
            places[item.name] = len(instructions)
        else:
            instructions.append(item)
    packed = []
    for index, instruction in enumerate(instructions):
        true, false = _distance(instruction.true, index, places), _distance(instruction.false, index, places)
        if instruction.code == _GOTO:
            packed.append(struct.pack("HBBI", _GOTO, 0, 0, true))
        else:
            packed.append(struct.pack("HBBI", instruction.code, _byte(true), _byte(false), instruction.value))
    return b"".join(packed)


def _distance(label: str | None, index: int, places: dict[str, int]) -> int:
    if label is None:
        return 0
    return places[label] - index - 1


def _byte(distance: int) -> int:
    if not 0 <= distance <= 255:
        raise ValueError(f"a jump of {distance} instructions: a filter's jumps reach 0 to 255")
    return distance
