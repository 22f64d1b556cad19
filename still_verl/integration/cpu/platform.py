"""verl's platform `cpu`: the functions that verl calls on an accelerator, for the processor.

The group `still/device=cpu` chooses it: it sets `VERL_PLATFORM` for every Ray worker. It is never detected, because
every machine has a processor, also the head node of a GPU cluster.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import psutil
import torch
from verl.plugin.platform.platform_base import PlatformBase


class CpuDeviceModule(ModuleType):
    """`torch.cpu` with the calls that verl makes of `torch.cuda`; those about device memory do nothing."""

    def __init__(self) -> None:
        super().__init__("still_verl.integration.cpu.device")
        self.get_rng_state = torch.get_rng_state
        self.set_rng_state = torch.set_rng_state

    def is_available(self) -> bool:
        """Say no: the code that asks goes on to CUDA-only calls."""
        return False

    def device_count(self) -> int:
        return 1

    def current_device(self) -> int:
        return 0

    def get_device_name(self, *_args: Any) -> str:
        return "cpu"

    def set_device(self, *_args: Any) -> None: ...

    def synchronize(self, *_args: Any) -> None: ...

    def empty_cache(self) -> None: ...

    def ipc_collect(self) -> None: ...

    def set_per_process_memory_fraction(self, *_args: Any) -> None: ...

    def mem_get_info(self, *_args: Any) -> tuple[int, int]:
        """Return (free, total) bytes of main memory."""
        memory = psutil.virtual_memory()
        return memory.available, memory.total

    def memory_allocated(self, *_args: Any) -> int:
        """Return the resident bytes of this process."""
        return psutil.Process().memory_info().rss

    max_memory_allocated = memory_reserved = max_memory_reserved = memory_allocated


class CpuPlatform(PlatformBase):
    """Ray's resource is still called GPU: verl counts one (logical) GPU for each rank, and `num_gpus` provides them."""

    device_name = "cpu"
    vendor_name = "cpu"
    device_module = CpuDeviceModule()

    def is_available(self) -> bool:
        return True

    def is_platform_available(self, use_smi_check: bool = False) -> bool:
        return False

    def current_device(self) -> str:  # type: ignore[override]
        return "cpu"

    def device_count(self) -> int:
        return 1

    def set_device(self, device_index: int) -> None: ...

    def synchronize(self, device_index: int | None = None) -> None: ...

    def manual_seed(self, seed: int) -> None:
        torch.manual_seed(seed)

    def manual_seed_all(self, seed: int) -> None:
        torch.manual_seed(seed)

    def set_allocator_settings(self, settings: str) -> None: ...

    def empty_cache(self) -> None: ...

    def get_device_capability(self, device_index: int = 0) -> tuple[None, None]:
        return None, None

    def communication_backend_name(self) -> str:
        return "gloo"

    def visible_devices_envvar(self) -> str:
        return "CUDA_VISIBLE_DEVICES"

    @contextmanager
    def nvtx_range(self, msg: str) -> Iterator[None]:
        yield

    def profiler_start(self) -> None: ...

    def profiler_stop(self) -> None: ...

    def ray_resource_name(self) -> str:
        return "GPU"

    def ray_noset_envvars(self) -> list[str]:
        return ["RAY_EXPERIMENTAL_NOSET_CUDA_VISIBLE_DEVICES"]

    def is_ipc_supported(self) -> bool:
        """Say no: weights then travel to vLLM through shared memory."""
        return False

    def cudart(self) -> None: ...
