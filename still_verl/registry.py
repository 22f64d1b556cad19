"""How a user replaces a part of still_verl.

A setting names an object: by a short name of still_verl's, or by the dotted name of an object of the user's own. A
`Registry` knows the short names of one kind of object (reward terms, selection rules, sandboxes, ...) and where each
object is; it imports an object when it is first used, so that settings can check a name without loading what it names.

Each package keeps its registries in its module `registries`. You need not register an object of your own: give its
dotted name in the setting, see docs/extend.md.
"""

import inspect
import math
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, Generic, TypeVar

from still_verl.config_errors import ConfigError, did_you_mean

T = TypeVar("T")


def is_function(found: object) -> bool:
    """Return whether an object is called for a value; a class would be called for an object of it."""
    return callable(found) and not isinstance(found, type)


def as_number(value: Any) -> float | None:
    """Return the finite number that a function of the user's returned, of numpy too; None when it is none.

    Example:
        >>> as_number(True), as_number("0.5"), as_number(float("nan"))
        (1.0, None, None)
    """
    if not hasattr(value, "__float__"):  # `float` alone would read text
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):  # several numbers in one array or tensor
        return None
    if not math.isfinite(number):
        return None
    return number


def in_one_line(error: BaseException) -> str:
    """Return the kind and the message of an error on one line, however many it has."""
    return " ".join(f"{type(error).__name__}: {error}".split())


class Registry(Generic[T]):
    """Short names of one kind of object, and the way to any object of that kind by its dotted name.

    Example:
        >>> terms = Registry("still.reward.weights", "a function", {"root": "math.sqrt"})
        >>> terms.find("root")(9.0), terms.find("math.floor")(2.5)
        (3.0, 2)
        >>> terms.label("my_package.rewards.language")
        'language'
    """

    def __init__(
        self,
        key: str,
        expects: str,
        names: Mapping[str, str],
        accepts: Callable[[Any], bool] = is_function,
        arguments: int | None = None,
    ) -> None:
        """Describe one kind of object.

        Args:
            key: the setting that names such an object, for messages.
            expects: what such an object is, in words.
            names: the dotted name of each object of still_verl's, by its short name.
            accepts: whether something that a user named can be such an object.
            arguments: how many it is called with; None where that differs, or it is not called.
        """
        self.key = key
        self.expects = expects
        self._names = dict(names)
        self._accepts = accepts
        self._arguments = arguments
        self._loaded: dict[str, T] = {}

    def __iter__(self) -> Iterator[str]:
        """Iterate over the short names, in the order of the table."""
        return iter(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __len__(self) -> int:
        return len(self._names)

    def check(self, name: str, key: str = "") -> None:
        """Refuse a name that cannot be one; a dotted name is imported by `find` only.

        Raises:
            ConfigError: neither a short name nor a dotted one; names what is known and the nearest of it.
        """
        if name in self._names or _is_dotted_name(name):
            return
        raise ConfigError(f"{key or self.key}={name!r}: {self._known()}{did_you_mean(name, self)}")

    def find(self, name: str, key: str = "") -> T:
        """Import the object of a name, once.

        Raises:
            ConfigError: there is no such object, its module fails to import, or it is of another kind.
        """
        if name not in self._loaded:
            self.check(name, key)
            self._loaded[name] = self._load(name, key or self.key)
        return self._loaded[name]

    def label(self, name: str) -> str:
        """Return what an object is called in metrics: its short name, or the last part of a dotted one."""
        if name in self._names:
            return name
        return name.rpartition(".")[2]

    def _known(self) -> str:
        """The fix in every message: what may be named here."""
        if not self._names:
            return f"use the dotted name of {self.expects} of your own"
        return f"use one of {', '.join(self._names)}, or the dotted name of {self.expects} of your own"

    def _load(self, name: str, key: str) -> Any:
        module_name, _, attribute = self._names.get(name, name).rpartition(".")
        module = self._import(module_name, name, key)
        try:
            found = getattr(module, attribute)
        except AttributeError:
            public = [known for known in dir(module) if not known.startswith("_")]
            hint = did_you_mean(attribute, public)
            raise ConfigError(
                f"{key}={name!r}: the module {module_name} has no {attribute}; {self._known()}{hint}"
            ) from None
        except Exception as error:  # of a module that imports what it has when that is first asked for
            raise ConfigError(_cannot_import(key, name, module_name, error)) from error
        if not self._accepts(found):
            kind = type(found).__name__
            raise ConfigError(f"{key}={name!r}: its type is {kind}, and not {self.expects}; {self._known()}")
        if self._arguments is not None:
            fault = call_fault(found, self._arguments)
            if fault:
                raise ConfigError(f"{key}={name!r}: {fault}; {self._known()}")
        return found

    def _import(self, module_name: str, name: str, key: str) -> Any:
        try:
            return import_module(module_name)
        except ModuleNotFoundError as error:
            missing = error.name or ""
            if _is_part_of(missing, module_name):
                hint = did_you_mean(missing, _neighbours(missing)) or did_you_mean(name, self)
                raise ConfigError(
                    f"{key}={name!r}: there is no module {missing} here ({_why_missing(missing)}); "
                    f"{self._known()}{hint}"
                ) from error
            raise ConfigError(_cannot_import(key, name, module_name, error)) from error
        except (Exception, SystemExit) as error:  # whatever a module of the user's own raises; a script may exit
            raise ConfigError(_cannot_import(key, name, module_name, error)) from error


def _is_dotted_name(name: object) -> bool:
    if not isinstance(name, str):
        return False
    parts = name.split(".")
    return len(parts) > 1 and all(part.isidentifier() for part in parts)


def _is_part_of(missing: str, module_name: str) -> bool:
    """Whether the module that is missing is the one that was named, or a package that it would be in."""
    return bool(missing) and f"{module_name}.".startswith(f"{missing}.")


def _neighbours(missing: str) -> list[str]:
    """Return the dotted names of the modules that are beside one that is missing."""
    parent, _, _ = missing.rpartition(".")
    folders = None  # all of the path
    if parent:
        folders = getattr(sys.modules[parent], "__path__", [])
    return [f"{parent}.{module.name}".lstrip(".") for module in pkgutil.iter_modules(folders)]


def _why_missing(module_name: str) -> str:
    """Say why a module may be missing: it is looked for in another one, which has only objects."""
    parent = module_name.rpartition(".")[0]
    if parent in sys.modules and not hasattr(sys.modules[parent], "__path__"):
        return f"{parent} is a module: name what is at its top level"
    return "is its folder on PYTHONPATH?"


def call_fault(found: Any, arguments: int) -> str:
    """Say why an object cannot be called with so many arguments for a value; nothing if it can."""
    for called in (found, type(found).__call__):
        if inspect.iscoroutinefunction(called) or inspect.isasyncgenfunction(called):
            return "it is `async`, and nobody awaits it: make it a plain function"
        if inspect.isgeneratorfunction(called):
            return "it is a generator: return a value instead of `yield`"
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):  # of some functions in C it is not known
        return ""
    try:
        signature.bind(*[None] * arguments)
    except TypeError as error:
        return f"it is called with {arguments} argument(s): {error}"
    return ""


def _cannot_import(key: str, name: str, module_name: str, error: BaseException) -> str:
    """The message for a module that is there and fails."""
    reason = in_one_line(error)
    return f"{key}={name!r}: {module_name} cannot be imported: {reason}; correct that module or name another"
