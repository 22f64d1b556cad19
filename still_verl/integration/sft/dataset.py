"""The data set of verl's SFT trainer: token ids as they were generated, or conversations with exact masks.

verl's own class fills in the template for each message by itself. So a template may delete the thinking of a turn, two
messages of tools in a row are refused, and outputs inside a turn are trained on.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import OmegaConf
from torch.utils.data import Dataset
from verl.utils.fs import copy_to_local

from still_verl.config_errors import ConfigError
from still_verl.demonstrations.files import read_rows
from still_verl.demonstrations.masks import token_row
from still_verl.demonstrations.rows import IDS, RowError, TokenRow
from still_verl.demonstrations.thinking import check_thinking
from still_verl.demonstrations.tokenizer import template_of
from still_verl.demonstrations.tokens import TokenizerTokens

NO_PADDING = "no_padding"


class Demonstrations(Dataset):
    """Rows of JSONL or parquet files, encoded and checked before the first step.

    An item has `input_ids`, `position_ids` and `loss_mask`, each of shape (tokens,). What the template is: that of the
    tokenizer, or `data.apply_chat_template_kwargs.chat_template`.
    """

    def __init__(
        self,
        parquet_files: str | Sequence[str],
        tokenizer: Any,
        config: Any,
        processor: Any = None,
        max_samples: int = -1,
    ) -> None:
        """Read and encode all rows.

        Args:
            parquet_files: paths, by the name that upstream calls them.
            tokenizer: of the model.
            config: the node `data`: max_length, truncation, seed, train_on_outputs, apply_chat_template_kwargs.
            processor: of images; not used.
            max_samples: rows that are used; -1 is all.

        Raises:
            ConfigError: a row cannot be trained on.
        """
        self.pad_mode = config.get("pad_mode", NO_PADDING)
        if self.pad_mode != NO_PADDING:
            raise ConfigError(f"data.pad_mode={self.pad_mode}: use {NO_PADDING}; rows are packed, not padded")
        self._limit = int(config.get("max_length", 1024))
        self._cut = config.get("truncation", "error")
        if self._cut not in ("error", "right"):
            raise ConfigError(f"data.truncation={self._cut}: use error, or right, which keeps the begin of a row")
        self._bos = tokenizer.bos_token_id
        files = [parquet_files] if isinstance(parquet_files, str) else list(parquet_files)
        self.rows = self._read(files, tokenizer, config)
        train_files = config.get("train_files")
        if files == ([train_files] if isinstance(train_files, str) else list(train_files or [])):
            # The sampler of upstream's trainer has one seed for all jobs.
            order = np.random.default_rng(config.get("seed")).permutation(len(self.rows))
            self.rows = [self.rows[place] for place in order]
        if max_samples > 0:
            self.rows = self.rows[:max_samples]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, item: int) -> dict[str, torch.Tensor]:
        ids, mask = self.rows[item]
        return {
            "input_ids": ids.long(),
            "position_ids": torch.arange(len(ids), dtype=torch.long),
            "loss_mask": mask.long(),
        }

    def _read(self, files: list[str], tokenizer: Any, config: Any) -> list[tuple[torch.Tensor, torch.Tensor]]:
        tokens = TokenizerTokens(tokenizer)
        options = config.get("apply_chat_template_kwargs") or {}
        if OmegaConf.is_config(options):
            options = OmegaConf.to_container(options, resolve=True)
        template = _template(tokenizer, options)
        on_outputs = bool(config.get("train_on_outputs", False))
        rows = []
        for file in files:
            path = Path(copy_to_local(file)).expanduser()
            try:
                for number, row in enumerate(read_rows(path), 1):
                    where = f"{file} row {number}"
                    try:
                        encoded = token_row(row, tokens, template, on_outputs)
                        checked = self._checked(encoded, where, len(tokenizer))
                        if row.get(IDS) is not None:
                            check_thinking(row, encoded, tokens, template)
                    except RowError as error:
                        raise ConfigError(f"{where}: {error}") from None
                    rows.append(checked)
            except RowError as error:
                raise ConfigError(str(error)) from None
        return rows

    def _checked(self, row: TokenRow, where: str, vocabulary: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Refuse a row that teaches nothing, or something else than it seems to.

        Raises:
            ConfigError: names the row and the fix.
        """
        ids, mask = row.input_ids, row.loss_mask
        if max(ids) >= vocabulary:
            raise ConfigError(
                f"{where}: input_ids has {max(ids)}, and the tokenizer ends at {vocabulary - 1}: encode by it"
            )
        if self._bos is not None and ids[:2] == [self._bos, self._bos]:
            raise ConfigError(f"{where}: it begins with two BOS tokens: leave one out, of the template or of the row")
        if len(ids) > self._limit:
            if self._cut == "error":
                raise ConfigError(
                    f"{where}: {len(ids)} tokens, and data.max_length={self._limit}: raise it, leave the row out, or "
                    "set data.truncation=right"
                )
            ids, mask = ids[: self._limit], mask[: self._limit]
        if not any(mask[1:]):  # the first token of a row is never predicted
            raise ConfigError(f"{where}: no token of it is trained: leave it out, or look at still-verl data show-mask")
        return torch.tensor(ids, dtype=torch.int32), torch.tensor(mask, dtype=torch.uint8)


def _template(tokenizer: Any, options: Mapping[str, Any]) -> Any:
    try:
        return template_of(tokenizer, **options)
    except RowError as error:
        raise ConfigError(f"data.apply_chat_template_kwargs: {error}") from None
