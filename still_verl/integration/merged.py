"""A checkpoint of verl's as a model that vLLM can load: the saved one, or what verl's merger makes of its shards."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

from still_verl import support
from still_verl.config_errors import ConfigError
from still_verl.demo.cache import ensure, sha256
from still_verl.demo.files import home

MERGER = "verl.model_merger"

_SHARD = re.compile(r"model_world_size_(\d+)_rank_(\d+)\.pt")
_LATEST = "latest_checkpointed_iteration.txt"


def model_folder(path: Path) -> Path:
    """Return a folder with the weights of a model, in Hugging Face's layout.

    Args:
        path: such a folder, which is returned as it is; or a checkpoint of verl's: `global_step_N`, its `actor`, or the
            folder of all checkpoints or of the run, of which the last one is taken.

    Weights that the job saved (`hf_model` in `save_contents`) are used. Else verl's merger makes them from the shards,
    once for each checksum. Both hold the weights for loading as bfloat16, as the merger writes them.

    Raises:
        ConfigError: there is no model, shards are missing, or the merger fails.
    """
    if (path / "config.json").is_file():
        return path
    actor = _actor(path)
    saved = actor / "huggingface"
    if any(saved.glob("*.safetensors")) or any(saved.glob("pytorch_model*.bin")):
        return saved
    return _merged(actor)


def _actor(path: Path) -> Path:
    """The folder of the actor's shards."""
    for folder in (path, path / "checkpoints"):
        latest = folder / _LATEST
        if latest.is_file():
            path = folder / f"global_step_{latest.read_text().strip()}"
    for folder in (path, path / "actor"):
        if (folder / "huggingface").is_dir():
            return folder
    raise ConfigError(f"--model {path}: neither a model (config.json) nor a checkpoint of verl's (actor/huggingface)")


def _merged(actor: Path) -> Path:
    try:
        support.require_verl("eval of a checkpoint")
    except support.UnsupportedVersionError as error:
        raise ConfigError(str(error)) from error
    backend = "megatron" if (actor / "dist_ckpt").is_dir() else "fsdp"
    if backend == "fsdp":
        _check_shards(actor)
    digest = _checksum(actor)
    folder = home().parent / "merged" / digest[:16]
    return ensure(folder, f"merged {backend} {digest}", lambda target: _merge(actor, target, backend))


def _check_shards(actor: Path) -> None:
    """Refuse a checkpoint of which this machine has a part only: each node of a cluster writes its own shards."""
    found = [shard for path in actor.glob("model_world_size_*.pt") if (shard := _SHARD.fullmatch(path.name))]
    if not found:
        raise ConfigError(f"--model {actor}: it has no weights: neither shards nor a saved model in huggingface/")
    wanted = max(int(shard[1]) for shard in found)
    if len(found) != wanted:
        raise ConfigError(
            f"--model {actor}: {len(found)} of {wanted} shards are here; copy the others from the nodes that wrote them"
        )


def _checksum(actor: Path) -> str:
    """What changes with the weights, the configuration or the tokenizer."""
    digest = hashlib.sha256()
    shards = [*actor.glob("model_world_size_*.pt"), *(actor / "dist_ckpt").rglob("*")]
    for path in sorted([*shards, *(actor / "huggingface").glob("*"), *actor.glob("*.json")]):
        digest.update(f"{path.relative_to(actor)} {sha256(path)}\n".encode())
    return digest.hexdigest()


def _merge(actor: Path, target: Path, backend: str) -> None:
    arguments = ["merge", "--backend", backend, "--local_dir", str(actor), "--target_dir", str(target)]
    done = subprocess.run([sys.executable, "-m", MERGER, *arguments], capture_output=True, text=True)
    if done.returncode:
        *_, last = ["it said nothing", *done.stderr.strip().splitlines()]
        raise ConfigError(f"--model {actor}: verl's merger failed: {last}")
