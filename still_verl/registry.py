"""The one mechanism behind everything that a user may replace.

A setting names an object: by a short name of still_verl's, or by the dotted name of an object of the user's own. A
`Registry` knows the short names of one kind of object (reward terms, selection rules, sandboxes, ...) and where each
object is; it imports an object when it is first used, so that settings can check a name without loading what it names.

Each package keeps its registries in its module `registries`. To add an object of your own nothing has to be registered:
give its dotted name in the setting, see docs/extend.md.
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
        module, _, attribute = name.rpartition(".")
        if name in self._names or (module and attribute):
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
        return name if name in self._names else name.rpartition(".")[2]

    def _known(self) -> str:
        ours = f"one of {', '.join(self._names)}, or " if self._names else ""
        return f"use {ours}the dotted name of {self.expects} of your own"

    def _load(self, name: str, key: str) -> Any:
        module_name, _, attribute = self._names.get(name, name).rpartition(".")
        module = self._import(module_name, f"{key}={name!r}")
        if not hasattr(module, attribute):
            public = [known for known in dir(module) if not known.startswith("_")]
            hint = did_you_mean(attribute, public)
            raise ConfigError(f"{key}={name!r}: the module {module_name} has no {attribute}; {self._known()}{hint}")
        found = getattr(module, attribute)
        if not self._accepts(found):
            raise ConfigError(
                f"{key}={name!r}: it is a {type(found).__name__}, and not {self.expects}; {self._known()}"
            )
        return found

    def _import(self, module_name: str, what: str) -> Any:
        try:
            return import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
                raise ConfigError(f"{what}: {module_name} cannot be imported: {error}") from error
            hint = did_you_mean(what.partition("=")[2].strip("'"), self)
            raise ConfigError(
                f"{what}: there is no module {error.name} here (is its folder on PYTHONPATH?); {self._known()}{hint}"
            ) from error
        except Exception as error:  # whatever a module of the user's own raises
            raise ConfigError(f"{what}: {module_name} cannot be imported: {type(error).__name__}: {error}") from error
