"""`hardware=this`: what the devices of this machine do, measured in about ten seconds instead of read in a data sheet.

Measured are the operations of a matrix product, the bytes of a copy, and how long the host takes for a fixed piece of
Python. The last one matters where models are small: then a step is mostly verl's and vLLM's own work on the host.
"""

import gc
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import psutil

from still_verl.plan.calibration import HOST_REFERENCE
from still_verl.plan.hardware import ACCELERATORS, Accelerator, Hardware, parse_hardware

if TYPE_CHECKING:
    import torch

_SECONDS = 3.0  # for each of the three
_PROCESSOR = (768, 32 * 2**20)  # side of the matrices, and numbers of the copy: larger than its caches
_GPU = (8192, 256 * 2**20)
# Links between GPUs that are not in the table: PCIe 4 and one network card.
_UNKNOWN = Accelerator(0.0, 0.0, link=32e9, network=3e9)


def hardware_of(text: str) -> Hardware:
    """Read `hardware=`: `this` is what the machine has that this runs on, all else `parse_hardware`'s.

    Raises:
        ConfigError: as `parse_hardware`.
    """
    if text == "this":
        return this_machine()
    return parse_hardware(text)


def this_machine() -> Hardware:
    """Measure the devices that torch would use here: the GPUs that are visible, or else the processor."""
    import torch

    slowness = host_slowness()
    if torch.cuda.is_available():
        return _gpus(slowness)
    flops, bandwidth = measure("cpu", torch.float32, *_PROCESSOR)
    cpu = ACCELERATORS["CPU"]
    device = Accelerator(bandwidth, 0, cpu.link, cpu.network, flops, measured=True)
    return Hardware(1, "CPU", device, float(psutil.virtual_memory().total), slowness=slowness)


def _gpus(slowness: float) -> Hardware:
    import torch

    properties = torch.cuda.get_device_properties(0)
    name = kind_of(properties.name)
    sheet = ACCELERATORS.get(name, _UNKNOWN)
    flops, bandwidth = measure("cuda", torch.bfloat16, *_GPU)
    device = Accelerator(bandwidth, 0, sheet.link, sheet.network, flops, sheet.node_size, measured=True)
    count = torch.cuda.device_count()
    return Hardware(count, name, device, float(properties.total_memory), count, slowness)


def kind_of(name: str) -> str:
    """Return the longest kind of the table that a device's `name` has as a word; its own last word where none is."""
    words = name.upper().replace("-", " ").split()
    kinds = [word for word in words if word in ACCELERATORS]
    return max(kinds, key=len, default=words[-1])


def measure(device: str, kind: "torch.dtype", side: int, numbers: int) -> tuple[float, float]:
    """Return the operations a second of a matrix product, and the bytes a second that a copy reads and writes.

    Args:
        device: of torch.
        kind: of the numbers that are multiplied.
        side: of the square matrices.
        numbers: of four bytes each, that are copied.
    """
    import torch

    def multiply() -> None:
        torch.matmul(left, right, out=product)
        wait()

    def copy() -> None:
        target.copy_(source)
        wait()

    wait = torch.cuda.synchronize if device == "cuda" else _nothing
    left, right, product = (torch.ones(side, side, device=device, dtype=kind) for _ in range(3))
    source, target = (torch.ones(numbers, device=device) for _ in range(2))
    return 2 * side**3 / best_seconds(multiply), 2 * 4 * numbers / best_seconds(copy)


def _nothing() -> None:
    """Wait for nothing: a processor has done its work when the call returns."""


def host_slowness() -> float:
    """Return how many times as long this host takes for Python as the one on which `calibration.py` was measured."""
    gc.disable()  # a collection takes the longer the more a process has loaded
    try:
        return best_seconds(_python) / HOST_REFERENCE
    finally:
        gc.enable()


def _python() -> None:
    """Do what servers and trainers do most: make, sort and write small objects."""
    rows = [(str(number), list(range(number % 50))) for number in range(2000)]
    rows.sort()
    json.loads(json.dumps(rows))


def best_seconds(work: Callable[[], object]) -> float:
    """Return the shortest time of `work`, in seconds, of as many as fit into `_SECONDS`; one at least.

    The shortest, since other programs of the machine can only make it longer.
    """
    end = time.perf_counter() + _SECONDS
    best = float("inf")
    while True:
        started = time.perf_counter()
        work()
        now = time.perf_counter()
        best = min(best, now - started)
        if now > end:
            return best
