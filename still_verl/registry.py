"""How a user replaces a part of still_verl.

A setting names an object: by a short name of still_verl's, or by the dotted name of an object of the user's own. A
`Registry` knows the short names of one kind of object (reward terms, selection rules, sandboxes, ...) and where each
object is; it imports an object when it is first used, so that settings can check a name without loading what it names.

Each package keeps its registries in its module `registries`. You need not register an object of your own: give its
dotted name in the setting, see docs/extend.md.
"""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, Generic, TypeVar

from still_verl.config_errors import ConfigError, did_you_mean

T = TypeVar("T")


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
        self, key: str, expects: str, names: Mapping[str, str], accepts: Callable[[Any], bool] = callable
    ) -> None:
        """Describe one kind of object.

        Args:
            key: the setting that names such an object, for messages.
            expects: what such an object is, in words.
            names: the dotted name of each object of still_verl's, by its short name.
            accepts: whether something that a user named can be such an object.
        """
        self.key = key
        self.expects = expects
        self._names = dict(names)
        self._accepts = accepts
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
        if not hasattr(module, attribute):
            public = [known for known in dir(module) if not known.startswith("_")]
            hint = did_you_mean(attribute, public)
            raise ConfigError(f"{key}={name!r}: the module {module_name} has no {attribute}; {self._known()}{hint}")
        found = getattr(module, attribute)
        if not self._accepts(found):
            kind = type(found).__name__
            raise ConfigError(f"{key}={name!r}: its type is {kind}, and not {self.expects}; {self._known()}")
        return found

    def _import(self, module_name: str, name: str, key: str) -> Any:
        try:
            return import_module(module_name)
        except ModuleNotFoundError as error:
            if _is_part_of(error.name, module_name):
                hint = did_you_mean(name, self)
                raise ConfigError(
                    f"{key}={name!r}: there is no module {error.name} here (is its folder on PYTHONPATH?); "
                    f"{self._known()}{hint}"
                ) from error
            raise ConfigError(_cannot_import(key, name, module_name, error)) from error
        except Exception as error:  # whatever a module of the user's own raises
            raise ConfigError(_cannot_import(key, name, module_name, error)) from error


def _is_dotted_name(name: object) -> bool:
    if not isinstance(name, str):
        return False
    parts = name.split(".")
    return len(parts) > 1 and all(part.isidentifier() for part in parts)


def _is_part_of(missing: str | None, module_name: str) -> bool:
    """Whether the module that is missing is the one that was named, or a package that it would be in."""
    return missing is not None and f"{module_name}.".startswith(f"{missing}.")


def _cannot_import(key: str, name: str, module_name: str, error: Exception) -> str:
    """The message for a module that is there and fails, on one line however many the error has."""
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return f"{key}={name!r}: {module_name} cannot be imported: {reason}; correct that module or name another"
