"""Train the weights of the tiny model that this package ships: python -m still_verl.demo.build_weights [FILE]

Writes FILE, by default the shipped one, and prints its sha256, which `files.TINY_SHA256` has to name.

The shipped file was built so on one core of an AMD EPYC (`lscpu`: family 26, model 2, with AVX512): 71 to 81 s of
processor time, the same bytes each time. Another processor takes about as long, but its low bits differ, and in the end
the weights do, as with another seed: with AVX2 alone, 90 % right greedy and 30 to 33 % sampled. The demo's figures rest
on the shipped file.
"""

import sys
import time
from pathlib import Path

from safetensors.torch import save_file

from still_verl.demo.cache import sha256
from still_verl.demo.files import TINY_SHA256, TINY_WEIGHTS
from still_verl.demo.pretraining import pretrain

# Of the seeds 0, 1 and 2 the one whose model is most like that for which the demo's settings were chosen (right 96 %
# greedy, 28 to 30 % sampled): 96 and 30 to 33 %. Seed 0 gives 92 and 29 to 33 %, seed 1 100 and 35 to 39 %.
_SEED = 2


def build_weights(file: Path) -> str:
    """Pre-train, write the weights in fp32 to `file`, and return its sha256."""
    model = pretrain(_SEED)
    file.parent.mkdir(parents=True, exist_ok=True)
    # By the names of parameters: lm_head is the embedding, and has no name of its own.
    # One entry of metadata at most: safetensors writes several in no fixed order, and the checksum would change.
    save_file(dict(model.named_parameters()), file, metadata={"source": "python -m still_verl.demo.build_weights"})
    return sha256(file)


def main(file: Path) -> None:
    """Build, and say what came out."""
    start = time.monotonic()
    digest = build_weights(file)
    print(f"{file}: {file.stat().st_size:,} bytes in {time.monotonic() - start:.0f} s")
    if digest == TINY_SHA256:
        print(f"sha256 {digest}, as still_verl/demo/files.py says")
    else:
        print(f'not the shipped weights: to ship these, write TINY_SHA256 = "{digest}" into still_verl/demo/files.py')


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else TINY_WEIGHTS)
