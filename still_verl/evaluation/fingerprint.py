"""What tells one model from another: a checksum of all that decides its samples."""

import hashlib
from pathlib import Path

BLOCK = 1 << 22
# Weights, their configuration and the tokenizer. Optimizer states and logs beside them change no sample.
PATTERNS = ("*.safetensors", "*.bin", "*.gguf", "*.json", "*.jinja", "*.model", "*.txt")


def fingerprint(folder: Path) -> str:
    """Return a checksum of a model's files, by name and content; some seconds for each 10 GB.

    The folder's own name does not matter, so that a model that was moved is the same one.
    """
    digest = hashlib.sha256()
    files = {path for pattern in PATTERNS for path in folder.glob(pattern)}
    for path in sorted(files):
        digest.update(f"{path.name}\x00{path.stat().st_size}\x00".encode())
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()
