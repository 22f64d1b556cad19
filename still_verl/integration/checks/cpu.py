"""What a job without an accelerator needs of its machine."""

import fcntl
import json
import os
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil
from omegaconf import DictConfig

from still_verl.config import still_config
from still_verl.config_errors import ConfigError

# Copies of the weights that a CPU run holds: actor, gradient, two Adam moments, reference, vLLM (own and packed) and
# the tensors in transit.
WEIGHT_COPIES = 8
# Python, torch and vLLM of about ten processes.
PROCESS_BYTES = 5 << 30

_claim: int | None = None  # a file that this process has locked; the kernel unlocks it when the process ends


def claim_machine(config: DictConfig, wait: bool = False) -> None:
    """Let one job with a Ray of its own run at a time; `wait` for the other to end, or refuse this one.

    verl names the socket that weights go through after Ray's job number. Every Ray counts its jobs from 1, so two such
    jobs would read each other's weights, or wait for them for ever.

    Raises:
        ConfigError: another one runs, and this one does not wait.
    """
    global _claim
    if _claim is not None or config.ray_kwargs.ray_init.get("address"):
        return
    path = Path(tempfile.gettempdir(), f"still_verl-{os.getuid()}.lock")
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(file, 20).decode()
        if not wait:
            os.close(file)
            raise ConfigError(
                f"still.device=cpu: another CPU job runs on this machine (process {holder}); wait for it, or run both "
                "in one Ray cluster (ray start --head, then +ray_kwargs.ray_init.address=auto)"
            ) from None
        print(
            f"still_verl: {still_config(config).run_dir} waits for the CPU job of process {holder}: one runs at a time"
        )
        fcntl.flock(file, fcntl.LOCK_EX)
    os.truncate(file, 0)
    os.write(file, str(os.getpid()).encode())
    _claim = file


def release_machine() -> None:
    """Let the next job run, when Ray has been shut down."""
    global _claim
    if _claim is not None:
        os.close(_claim)
        _claim = None


def check_cpu(config: DictConfig) -> None:
    """Check for vLLM's CPU build, a Ray that is not shared, and memory for the weights and their transport."""
    check_cpu_vllm()
    check_kernels(os.environ.get("ATEN_CPU_CAPABILITY", ""), Path("/proc/cpuinfo").read_text())
    if os.environ.get("RAY_ADDRESS"):
        raise ConfigError("still.device=cpu starts its own Ray on this machine: unset RAY_ADDRESS")
    tensors = weight_bytes(Path(str(config.actor_rollout_ref.model.path)).expanduser())
    check_bucket(config, max(tensors, default=0), psutil.disk_usage("/dev/shm").free)
    check_ram(sum(tensors), psutil.virtual_memory().available)


def check_cpu_vllm() -> None:
    """Check that an installed vLLM is the build for CPU; one that is missing is said by `check_rollout`."""
    try:
        found = version("vllm")
    except PackageNotFoundError:
        return
    if "cpu" not in found:
        raise ConfigError(
            f"still.device=cpu needs vLLM's CPU build, but vLLM {found} is installed: run `make setup` in an "
            "environment of its own, or drop still/device=cpu to use the accelerator"
        )


def check_kernels(capability: str, cpuinfo: str) -> None:
    """Refuse kernels of torch older than those of vLLM, which asks the processor: the mixture generates nonsense.

    Args:
        capability: the environment variable `ATEN_CPU_CAPABILITY`, which limits torch.
        cpuinfo: the text of `/proc/cpuinfo`.
    """
    if capability not in ("", "avx512") and "avx512f" in cpuinfo.split():
        raise ConfigError(
            f"ATEN_CPU_CAPABILITY={capability}: this processor has AVX512, which vLLM then uses all the same, and its "
            "responses are nonsense: unset the variable"
        )


def weight_bytes(model: Path) -> list[int]:
    """Return the bytes of each weight of a safetensors model in fp32, from the files' headers; empty for a hub name."""
    sizes = []
    for path in model.glob("*.safetensors"):
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        header.pop("__metadata__", None)
        for tensor in header.values():
            count = 1
            for dimension in tensor["shape"]:
                count *= dimension
            sizes.append(4 * count)
    return sizes


def check_bucket(config: DictConfig, largest: int, free_shm: int) -> None:
    """Check the transport of weights: a bucket in shared memory per rank, at least as large as the largest tensor."""
    key = "actor_rollout_ref.rollout.checkpoint_engine.update_weights_bucket_megabytes"
    megabytes = config.actor_rollout_ref.rollout.checkpoint_engine.update_weights_bucket_megabytes
    needed = -(-largest // (1 << 20))
    if megabytes < needed:
        raise ConfigError(f"{key}={megabytes}: the largest weight has {needed} MB and must fit in one bucket; raise it")
    count = senders(config)
    total = megabytes * count
    if total << 20 > free_shm:
        raise ConfigError(
            f"{key}={megabytes}: {count} rank(s) need {total} MB of shared memory, /dev/shm "
            f"has {free_shm >> 20} MB free; lower it to {needed} or more, or give the container more (--shm-size)"
        )


def senders(config: DictConfig) -> int:
    """Return how many processes hand weights to a vLLM: of the trainer's ranks, and of a rollout beside it.

    One of those that share a vLLM does.
    """
    rollout = config.actor_rollout_ref.rollout
    ranks: int = config.trainer.n_gpus_per_node
    if config.trainer.v1.trainer_mode.endswith("separate_async"):
        ranks += rollout.nnodes * rollout.n_gpus_per_node
    return ranks // int(rollout.tensor_model_parallel_size)


def check_ram(weights: int, available: int) -> None:
    """Check that the memory suffices; both numbers are bytes, `weights` of one copy in fp32."""
    needed = PROCESS_BYTES + WEIGHT_COPIES * weights
    if available < needed:
        raise ConfigError(
            f"a CPU run of this model needs about {needed / 2**30:.1f} GiB of memory, {available / 2**30:.1f} GiB are "
            "available: close other programs or choose a smaller actor_rollout_ref.model.path"
        )
