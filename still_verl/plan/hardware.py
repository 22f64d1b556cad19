"""What a job runs on: `8xH100-80G`, `1xcpu`, `4x4xGB200` for four nodes of four; `probe` reads `this`."""

import re
from dataclasses import dataclass

import psutil

from still_verl.config_errors import ConfigError
from still_verl.plan.flops import TERA, device_flops

GIB = 1 << 30  # bytes
GPUS_PER_NODE = 8  # where hardware= does not say it


@dataclass(frozen=True)
class Accelerator:
    """One kind of device, as its data sheet has it. Its operations a second are verl's: `Hardware.flops`.

    Attributes:
        bandwidth: bytes a second from its memory.
        memory: GiB; 0 on a processor, where it is the machine's.
        link: bytes a second, in one direction, to the other devices of its node (NVLink).
        network: bytes a second to other nodes, of its share of the node's network cards.
        flops: dense bf16 operations a second of a kind that verl does not know; None where it does.
        node_size: devices of a node as it is sold.
        measured: whether bandwidth and operations were measured here, and are no data sheet's.
    """

    bandwidth: float
    memory: float
    link: float
    network: float
    flops: float | None = None
    node_size: int = GPUS_PER_NODE
    measured: bool = False


# Memory, bandwidth, links: the makers' data sheets. Network: one 400 Gb/s card for each Hopper GPU, one of 200 Gb/s for
# each Ampere GPU, as in the reference systems DGX H100 and DGX A100. Cards of desktops have PCIe and one network card
# for all. CPU: measured to be of this order on a laptop. Operations are verl's where it knows the kind by this name.
ACCELERATORS = {
    "A100": Accelerator(2.04e12, 80, 300e9, 25e9),
    "A800": Accelerator(2.04e12, 80, 200e9, 25e9),
    "H100": Accelerator(3.35e12, 80, 450e9, 50e9),
    "H800": Accelerator(3.35e12, 80, 200e9, 50e9),
    "H200": Accelerator(4.80e12, 141, 450e9, 50e9),
    "H20": Accelerator(4.00e12, 96, 450e9, 50e9),
    "B200": Accelerator(8.00e12, 180, 900e9, 50e9),
    "B300": Accelerator(8.00e12, 270, 900e9, 100e9, flops=2.25e15),
    "GB200": Accelerator(8.00e12, 186, 900e9, 50e9, node_size=4),
    "L40S": Accelerator(0.86e12, 48, 32e9, 12.5e9),
    "A6000": Accelerator(0.77e12, 48, 32e9, 3e9, flops=155e12),
    "4090": Accelerator(1.01e12, 24, 32e9, 3e9, flops=165e12),
    "3090": Accelerator(0.94e12, 24, 16e9, 3e9, flops=71e12),
    "MI300X": Accelerator(5.30e12, 192, 448e9, 50e9),
    "910B": Accelerator(1.60e12, 64, 196e9, 25e9),
    "CPU": Accelerator(20e9, 0, 10e9, 1e9),
}


@dataclass(frozen=True)
class Hardware:
    """So many devices of one kind; `memory` is in bytes, of each.

    `slowness` says how many times as long the host takes as the one on which `calibration.py` was measured.
    """

    count: int
    name: str
    device: Accelerator
    memory: float
    node_size: int = GPUS_PER_NODE
    slowness: float = 1.0

    @property
    def label(self) -> str:
        """Write it as it is typed, with the memory; what was measured, with what came out."""
        if self.device.measured:
            speed = f"{self.flops / TERA:.3g} TFLOP/s, {self.device.bandwidth / 1e9:.0f} GB/s"
            return f"this machine: {self.count}x{self.name}-{self.memory / GIB:.0f}G, {speed}"
        kind = f"{self.name}-{self.memory / GIB:.0f}G"
        if self.count > self.node_size != self.device.node_size:
            return f"{self.nodes}x{self.node_size}x{kind}"
        return f"{self.count}x{kind}"

    @property
    def is_cpu(self) -> bool:
        """Say whether the job runs on a processor: memory is then the machine's, and there are no CUDA contexts."""
        return self.name == "CPU"

    @property
    def flops(self) -> float:
        """Return the peak of one device: dense bf16 operations a second."""
        if self.device.flops is not None:
            return self.device.flops
        return device_flops(self.name)

    @property
    def nodes(self) -> int:
        """Count the nodes, rounded up."""
        return -(-self.count // self.node_size)

    @property
    def per_node(self) -> int:
        """Count the devices of one node."""
        return min(self.count, self.node_size)

    def bandwidth_between(self, devices: int) -> float:
        """Return the bytes a second at which each of `devices` gathers from the others.

        Rings cross from node to node over all network cards of a node at once and inside it over NVLink.
        """
        if devices <= self.node_size:
            return self.device.link
        return min(self.device.link, self.node_size * self.device.network)


def parse_hardware(text: str) -> Hardware:
    """Read `COUNTxKIND[-MEMORY]` or `NODESxCOUNTxKIND[-MEMORY]`; the memory, in GiB, may be left out.

    Raises:
        ConfigError: not of that form, an unknown kind, or a number of devices that does not fill its nodes.
    """
    match = re.fullmatch(r"(?:(\d+)x)?(\d+)x([A-Za-z0-9]+?)(?:-(\d+)G)?", text)
    if not match or any(number is not None and int(number) < 1 for number in (match[1], match[2], match[4])):
        raise ConfigError(f"hardware={text}: write COUNTxKIND-MEMORY, e.g. hardware=8xH100-80G, or this")
    name = match[3].upper()
    if name not in ACCELERATORS:
        raise ConfigError(f"hardware={text}: {match[3]} is not known; use one of {', '.join(ACCELERATORS)}")
    device = ACCELERATORS[name]
    count, size = int(match[2]), device.node_size
    if match[1] is not None:
        count, size = int(match[1]) * count, count
    elif count > size and count % size:
        raise ConfigError(
            f"hardware={text}: nodes of {name} have {size} devices; use 1 to {size} or a multiple of {size}, or write "
            f"NODESxCOUNTxKIND, e.g. hardware=3x4x{name}"
        )
    memory = float(match[4] or device.memory) * GIB
    return Hardware(count, name, device, memory or float(psutil.virtual_memory().total), size)
