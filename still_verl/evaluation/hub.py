"""Files of benchmarks from the model hub, kept with their checksums."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from still_verl.config_errors import ConfigError
from still_verl.registry import in_one_line

TIMEOUT_S = 60.0


@dataclass(frozen=True)
class HubFile:
    """A file of a data set on the hub; `revision` is a branch or a commit."""

    repo: str
    file: str
    revision: str = "main"

    @property
    def url(self) -> str:
        """Return its address, at the hub that `HF_ENDPOINT` names."""
        hub = (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")
        return f"{hub}/datasets/{self.repo}/resolve/{self.revision}/{self.file}"


def cache_folder() -> Path:
    """Return `$XDG_CACHE_HOME` (or `~/.cache`) / still_verl / benchmarks."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "still_verl" / "benchmarks"


def fetch(source: HubFile) -> Path:
    """Return a local copy of a file, which is fetched once. Its checksum is checked at each use.

    Raises:
        ConfigError: the hub cannot be reached or has no such file, or the copy was changed.
    """
    path = cache_folder() / f"{source.repo.replace('/', '--')}--{Path(source.file).name}"
    digest = path.with_name(f"{path.name}.sha256")
    if not digest.is_file():
        _download(source, path)
        digest.write_text(_sha256(path) + "\n")
    if not path.is_file() or _sha256(path) != digest.read_text().strip():
        raise ConfigError(f"{path} is not what was fetched (another checksum): delete it and {digest.name}")
    return path


def _download(source: HubFile, path: Path) -> None:
    import httpx

    path.parent.mkdir(parents=True, exist_ok=True)
    token = os.environ.get("HF_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        reply = httpx.get(source.url, headers=headers, timeout=TIMEOUT_S, follow_redirects=True)
        reply.raise_for_status()
    except httpx.HTTPError as error:
        raise ConfigError(f"{source.url} could not be fetched ({in_one_line(error)})") from error
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(reply.content)
    partial.replace(path)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
