"""What a job runs on: `8xH100-80G`, `32xH20-96G`, `1xcpu`."""

import re
from dataclasses import dataclass

import psutil

from still_verl.config_errors import ConfigError
from still_verl.plan.flops import device_flops

GIB = 1 << 30  # bytes
GPUS_PER_NODE = 8


@dataclass(frozen=True)
class Accelerator:
    """One kind of device, as its data sheet has it. Its operations a second are verl's: `Hardware.flops`.

    Attributes:
        bandwidth: bytes a second from its memory.
        memory: GiB; 0 on a processor, where it is the machine's.
        link: bytes a second, in one direction, to the other devices of its node (NVLink).
        network: bytes a second to other nodes, of its share of the node's network cards.
    """

    bandwidth: float
    memory: float
    link: float
    network: float


# Memory, bandwidth, NVLink: NVIDIA's data sheets. Network: one 400 Gb/s card for each Hopper GPU, one of 200 Gb/s for
# each Ampere GPU, as in the reference systems DGX H100 and DGX A100. CPU: measured to be of this order on a laptop.
# verl must know a kind's operations under the same name; a test holds that.
ACCELERATORS = {
    "A100": Accelerator(2.04e12, 80, 300e9, 25e9),
    "A800": Accelerator(2.04e12, 80, 200e9, 25e9),
    "H100": Accelerator(3.35e12, 80, 450e9, 50e9),
    "H800": Accelerator(3.35e12, 80, 200e9, 50e9),
    "H200": Accelerator(4.80e12, 141, 450e9, 50e9),
    "H20": Accelerator(4.00e12, 96, 450e9, 50e9),
    "B200": Accelerator(8.00e12, 180, 900e9, 50e9),
    "L40S": Accelerator(0.86e12, 48, 32e9, 12.5e9),
    "CPU": Accelerator(20e9, 0, 10e9, 1e9),
}


@dataclass(frozen=True)
class Hardware:
    """So many devices of one kind; `memory` is in bytes, of each."""

    count: int
    name: str
    device: Accelerator
    memory: float

    @property
    def label(self) -> str:
        """Write it as it is typed, with the memory."""
        return f"{self.count}x{self.name}-{self.memory / GIB:.0f}G"

    @property
    def is_cpu(self) -> bool:
        """Say whether the job runs on a processor: memory is then the machine's, and there are no CUDA contexts."""
        return self.name == "CPU"

    @property
    def flops(self) -> float:
        """Return the peak of one device: dense bf16 operations a second."""
        return device_flops(self.name)

    @property
    def nodes(self) -> int:
        """Count the nodes, rounded up."""
        return -(-self.count // GPUS_PER_NODE)

    @property
    def per_node(self) -> int:
        """Count the devices of one node."""
        return min(self.count, GPUS_PER_NODE)

    def bandwidth_between(self, devices: int) -> float:
        """Return the bytes a second at which each of `devices` gathers from the others.

        Rings cross from node to node over all network cards of a node at once and inside it over NVLink.
        """
        if devices <= GPUS_PER_NODE:
            return self.device.link
        return min(self.device.link, GPUS_PER_NODE * self.device.network)


def parse_hardware(text: str) -> Hardware:
    """Read `COUNTxKIND[-MEMORY]`; the memory, in GiB, may be left out.

    Raises:
        ConfigError: not of that form, an unknown kind, or a number of devices that does not fill its nodes.
    """
    match = re.fullmatch(r"(\d+)x([A-Za-z0-9]+?)(?:-(\d+)G)?", text)
    if not match or int(match[1]) < 1 or match[3] == "0":
        raise ConfigError(f"hardware={text}: write COUNTxKIND-MEMORY, e.g. hardware=8xH100-80G")
    count, name = int(match[1]), match[2].upper()
    if name not in ACCELERATORS:
        raise ConfigError(f"hardware={text}: {match[2]} is not known; use one of {', '.join(ACCELERATORS)}")
    if count > GPUS_PER_NODE and count % GPUS_PER_NODE:
        raise ConfigError(f"hardware={text}: nodes have {GPUS_PER_NODE} devices; use 1 to 8, or a multiple of 8")
    device = ACCELERATORS[name]
    memory = float(match[3] or device.memory) * GIB
    return Hardware(count, name, device, memory or float(psutil.virtual_memory().total))
