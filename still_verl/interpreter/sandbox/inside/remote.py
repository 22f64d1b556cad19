"""Tests in one process and the program that they test in another: only plain data goes from one to the other.

The tests know what is right, so that they must be out of the program's reach; and they are Python, so that they can do
anything with what the program returns. Here a name of the program stands for a `Remote`, which sends what is called and
gets values back. What is no plain data stays where it is, and the tests get a `Remote` for it.

A line of the connection is JSON. Tests ask `{"names": [...]}`, `{"call": object, "arguments": ..., "options": ...}`,
`{"get": object, "name": ...}`. The program's side answers `{"value": ..., "after": {...}}`, where `after` has the
arguments that the call has changed, or `{"error": [name, message]}`.
"""

import builtins
import json
import os
import sys
import types
from typing import Any

from still_verl.interpreter.sandbox.inside import calls, scripts, values

_NOT_ASKED = "the tests did not call the program"
_ENDED = "the program's process ended, or sent what is no value"


class Ended(BaseException):
    """The program's process has ended, or says what it must not."""


class Connection:
    """One end of a pair of sockets, whose messages are lines."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._rest = b""

    def send(self, message: object) -> None:
        """Send a message."""
        calls.write_all(self._fd, json.dumps(message).encode() + b"\n")

    def receive(self) -> dict[str, Any] | None:
        """Wait for a message; None when the other side has ended."""
        parts = [self._rest]
        while b"\n" not in parts[-1]:
            part = os.read(self._fd, 2**20)
            if not part:
                return None
            parts.append(part)
        line, _, self._rest = b"".join(parts).partition(b"\n")
        message = json.loads(line)
        if not isinstance(message, dict):
            raise ValueError("no message")
        return message


def serve(program: str, before: str, function: str) -> None:
    """Load a program and answer calls of its functions until the tests end. Runs as a script, with the socket as stdin.

    Args:
        program: Python.
        before: Python that comes before it.
        function: the name that `before` may define without a body.
    """
    connection = Connection(calls.keep_apart(0))
    variables = calls.load(program, before, function)
    objects: list[Any] = []
    numbers: dict[int, int] = {}  # by what `id` says; nothing in the list is ever gone

    def write(value: Any) -> Any:
        if id(value) not in numbers:
            numbers[id(value)] = len(objects)
            objects.append(value)
        return numbers[id(value)]

    def read(number: Any) -> Any:
        return objects[number]

    while (asked := connection.receive()) is not None:
        try:
            if "names" in asked:
                found = {}
                for name in asked["names"]:
                    found[name] = values.dumps(calls.find(variables, name), write)
                answer = {"value": json.dumps(found), "after": {}}
            else:
                answer = _answer(asked, objects, read, write)
        except BaseException as error:
            answer = {"error": [type(error).__name__, str(error)[:1000]]}
        connection.send(answer)


def _answer(asked: dict[str, Any], objects: list[Any], read: values.Known, write: values.Other) -> dict[str, Any]:
    """Do what is asked of one object."""
    found = objects[asked["object"]]
    if "name" in asked:
        return {"value": values.dumps(getattr(found, str(asked["name"])), write), "after": {}}
    arguments = values.loads(str(asked["arguments"]), read)
    options = values.loads(str(asked["options"]), read)
    function = getattr(builtins, str(asked["function"])) if "function" in asked else found
    if "function" in asked:
        arguments = [found, *arguments]
    before = [_text(argument) for argument in arguments]
    value = function(*arguments, **options)
    after = {}
    for number, argument in enumerate(arguments):
        now = _text(argument)
        if now != before[number]:
            after[number] = now
    return {"value": values.dumps(value, write), "after": after}


def _text(argument: object) -> str:
    """An argument as text, to see whether a call changes it; nothing for what cannot be changed from here."""
    if not isinstance(argument, list | dict | set | bytearray):
        return ""
    try:
        return values.dumps(argument)
    except (TypeError, ValueError):
        return ""


class Program:
    """The tests' view of the program."""

    def __init__(self, fd: int) -> None:
        """Talk over the socket `fd`."""
        self.calls = 0
        self.ended = False
        self._connection = Connection(fd)

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Send a question and return the answer.

        Raises:
            Ended: there is none.
            Exception: what the program raised, if Python has an exception of that name.
        """
        try:
            self._connection.send(question)
            answer = self._connection.receive()
        except (OSError, ValueError, RecursionError):
            answer = None
        if answer is None:
            self.ended = True
            raise Ended(_ENDED)
        if "error" in answer:
            raise _error(answer["error"])
        return answer

    def names(self, names: list[str]) -> dict[str, Any]:
        """Return what the program has under each of some names."""
        found = {}
        for name in names:
            answer = self.ask({"names": [name]})
            found[name] = self.read(json.loads(str(answer["value"]))[name])
        return found

    def read(self, text: object) -> Any:
        """Return a value that the program sent."""
        try:
            return values.loads(str(text), self._remote)
        except ValueError:
            self.ended = True
            raise Ended(_ENDED) from None

    def _remote(self, number: object) -> "Remote":
        if not isinstance(number, int):
            raise TypeError
        return Remote(self, number)

    def call(self, number: int, arguments: tuple[object, ...], options: dict[str, Any], function: str = "") -> Any:
        """Call an object of the program, or a function of Python with it."""
        question = {"object": number, "arguments": values.dumps(list(arguments), _number)}
        question["options"] = values.dumps(options, _number)
        if function:
            question["function"] = function
        self.calls += 1
        answer = self.ask(question)
        changed = answer.get("after")
        if not function and isinstance(changed, dict):
            for place, text in changed.items():
                _copy(self.read(text), arguments[int(place)])
        return self.read(answer.get("value"))


def _number(value: object) -> object:
    """Return the number of an object of the program's, for `values.dumps`."""
    if not isinstance(value, Remote):
        raise TypeError(f"a {type(value).__name__} of the tests cannot be handed to the program")
    return object.__getattribute__(value, "_number")


def _copy(source: object, target: object) -> None:
    """Make a list, set or dictionary of the tests what the program has made of its copy."""
    if isinstance(source, list) and isinstance(target, list):
        target[:] = source
    elif isinstance(source, set | dict) and isinstance(target, type(source)):
        target.clear()
        target.update(source)


def _error(said: object) -> BaseException:
    name, message = said if isinstance(said, list) and len(said) == 2 else ("Exception", "")
    kind = getattr(builtins, str(name), Exception)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        kind = Exception
    try:
        return kind(message)
    except TypeError:  # some want more than a message
        return Exception(message)


class Remote:
    """An object of the program's: a function, a class, an instance. Equal to itself only, whatever its class says."""

    _program: Program
    _number: int

    def __init__(self, program: Program, number: int) -> None:
        object.__setattr__(self, "_program", program)
        object.__setattr__(self, "_number", number)

    def __setattr__(self, name: str, value: object) -> None:
        self._program.call(self._number, (name, value), {}, "setattr")

    def __call__(self, *arguments: object, **options: object) -> object:
        return self._program.call(self._number, arguments, options)

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._program.read(self._program.ask({"object": self._number, "name": name})["value"])

    def __getitem__(self, key: object) -> object:
        return self._dunder("__getitem__", key)

    def __setitem__(self, key: object, value: object) -> None:
        self._dunder("__setitem__", key, value)

    def _dunder(self, name: str, *arguments: object) -> object:
        answer = self._program.ask({"object": self._number, "name": name})
        return self._program.read(answer["value"])(*arguments)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Remote) and self._number == other._number

    def __hash__(self) -> int:
        return hash(self._number)

    def __contains__(self, _: object) -> bool:
        raise TypeError("whether something is in an object of the program's is not for the program to say")

    def __len__(self) -> int:
        return int(self._program.call(self._number, (), {}, "len"))

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Any:
        return self._program.call(self._number, (), {}, "iter")

    def __next__(self) -> object:
        return self._program.call(self._number, (), {}, "next")

    def __str__(self) -> str:
        return str(self._program.call(self._number, (), {}, "str"))


def check(code: str, before: str, function: str, names: list[str]) -> None:
    """Run tests against a program at the other end of stdin. Runs as a script; it fails where the tests do.

    Args:
        code: the tests: Python.
        before: Python that comes before them.
        function: the name that `before` may define without a body.
        names: what of the tests is the program's.

    Raises:
        BaseException: whatever the tests raise; AssertionError if they called nothing of the program.
    """
    program = Program(calls.keep_apart(0))
    module = types.ModuleType("tests")
    sys.modules["tests"] = module
    variables = module.__dict__
    variables["__builtins__"] = builtins
    if before.strip():
        exec(compile(before, "<before>", "exec", dont_inherit=True), variables)
        variables.pop(function, None)
    found = program.names(names)
    variables.update(found)
    solution = types.ModuleType(calls.MODULE)
    solution.__dict__.update(found)
    sys.modules[calls.MODULE] = solution
    try:
        exec(compile(code, scripts.PROGRAM, "exec", dont_inherit=True), variables)
    except SystemExit:  # which would look like tests that ran to their end
        raise AssertionError("the tests ended themselves") from None
    assert program.calls > 0, _NOT_ASKED
    assert not program.ended, _ENDED
