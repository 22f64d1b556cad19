"""Which of 200 generated conversations each data set class masks right: python benchmarks/sft_masks.py

The conversations and what is right of them are those of the mask oracle, `tests/demonstrations/test_oracle_on_cpu.py`.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "helpers"))
from chat_layouts import LAYOUTS, Runs, expected, tokenizer_of  # noqa: E402
from conversations import Known, conversations  # noqa: E402
from omegaconf import OmegaConf  # noqa: E402
from verl.utils.dataset.multiturn_sft_dataset import MultiTurnSFTDataset  # noqa: E402

from still_verl.demonstrations.masks import stretches  # noqa: E402
from still_verl.demonstrations.rows import TokenRow  # noqa: E402
from still_verl.demonstrations.template import named_template  # noqa: E402
from still_verl.demonstrations.tokens import TokenizerTokens  # noqa: E402
from still_verl.integration.sft.dataset import Demonstrations  # noqa: E402

OUTCOMES = (
    "exact",
    "trains on the newline behind a turn",
    "trains on what others wrote",
    "leaves out what the model wrote",
    "both",
    "another text",
    "refused",
)


def outcome(dataset: Any, place: int, tokenizer: Any, right: Runs) -> str:
    """Compare the characters that are trained with those that the model wrote; one of `OUTCOMES`."""
    try:
        item = dataset[place]
    except Exception:  # an assertion, mostly
        return "refused"
    row = TokenRow(item["input_ids"].tolist(), item["loss_mask"].tolist())
    found = [(stretch.text, stretch.trained) for stretch in stretches(row, TokenizerTokens(tokenizer))]
    if text_of(found) != text_of(right):
        return "another text"
    too_much = too_little = ""
    for char, trained, own in zip(text_of(found), by_character(found), by_character(right), strict=True):
        too_much += char if trained and not own else ""
        too_little += char if own and not trained else ""
    if too_much.strip() and too_little:
        return "both"
    if too_little:
        return "leaves out what the model wrote"
    if too_much.strip():
        return "trains on what others wrote"
    return "trains on the newline behind a turn" if too_much else "exact"


def text_of(runs: Runs) -> str:
    """Return the text of runs."""
    return "".join(text for text, _ in runs)


def by_character(runs: Runs) -> list[bool]:
    """Return for each character whether it is trained."""
    mask: list[bool] = []
    for text, trained in runs:
        mask += [trained] * len(text)
    return mask


def count(make: Any, layout: str, known: list[Known]) -> Counter[str]:
    """Count the outcomes of a class under one template."""
    tokenizer = tokenizer_of(layout)
    tokenizer.chat_template = named_template(layout).source
    config = OmegaConf.create({"pad_mode": "no_padding", "max_length": 20000})
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for each in known:
            file = Path(folder) / "rows.parquet"
            pd.DataFrame([{"messages": each.messages}]).to_parquet(file)
            try:
                dataset = make(str(file), tokenizer, config)
            except Exception:
                found["refused"] += 1
                continue
            found[outcome(dataset, 0, tokenizer, expected(layout, each))] += 1
    return found


def main() -> None:
    """Print a row for each class and template."""
    known = conversations(200)
    print("| class | template |", " | ".join(OUTCOMES), "|")
    print("|---|---|" + "---|" * len(OUTCOMES))
    for make in (MultiTurnSFTDataset, Demonstrations):
        for layout in LAYOUTS:
            found = count(make, layout, known)
            print(f"| {make.__name__} | {layout} |", " | ".join(str(found[name]) for name in OUTCOMES), "|", flush=True)


if __name__ == "__main__":
    main()
