"""What must hold before supervised training starts: settings first, then every row."""

import os
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from still_verl.config_errors import ConfigError
from still_verl.demo.prepare import prepare_missing
from still_verl.integration.checks.run_length import listed
from still_verl.monitor.versions import write_length, write_versions

LOG = "metrics.jsonl"
LATEST = "latest_checkpointed_iteration.txt"  # upstream's, the step to resume from


def prepare_sft(config: DictConfig) -> None:
    """Check a job, and set up this process for it.

    Raises:
        ConfigError: the first thing that cannot work.
    """
    if config.trainer.device == "cpu":
        os.environ["VERL_PLATFORM"] = "cpu"
    files = named(config.data, "train_files")
    if not files:
        raise ConfigError(
            "data.train_files is not set: give JSONL or parquet of messages, or of input_ids and loss_mask"
        )
    model = named(config.model, "path")
    if not model:
        raise ConfigError("model.path is not set: give a model's name or folder")
    prepare_missing(model + files)
    log_to_file(config)
    if os.environ.get("RANK", "0") == "0":  # each rank reads the rows, one says what is wrong with them
        rows = check_rows(config)
        steps = rows // config.data.train_batch_size
        begin_epoch_afresh(config, steps)
        write_versions(Path(config.still.run_dir))
        write_length(
            Path(config.still.run_dir), config.trainer.total_training_steps or steps * config.trainer.total_epochs
        )


def named(node: DictConfig, key: str) -> list[str]:
    """List the files or the model that a setting names; nothing where it has no value yet."""
    if OmegaConf.is_missing(node, key) or not node[key]:
        return []
    return list(listed(node[key]))


def check_rows(config: DictConfig) -> int:
    """Encode all rows, and compare their number with a batch; return how many there are.

    Raises:
        ConfigError: a row cannot be trained on, or there are fewer than a batch takes.
    """
    from still_verl.integration.sft.dataset import Demonstrations

    tokenizer = load_tokenizer(config)
    data = config.data
    batch = data.train_batch_size
    ranks = config.trainer.nnodes * config.trainer.n_gpus_per_node
    if batch % ranks:
        raise ConfigError(f"data.train_batch_size={batch}: use a multiple of the {ranks} ranks")
    rows = Demonstrations(listed(data.train_files), tokenizer, data, None, data.train_max_samples)
    # Each rank has its share of the rows, and a batch that is not whole is left out.
    if len(rows) // ranks < batch // ranks:
        raise ConfigError(
            f"data.train_batch_size={batch}: data.train_files has {len(rows)} rows, and no step would be made; "
            f"use {max(len(rows) // ranks, 1) * ranks} or less, or more rows"
        )
    if data.val_files:
        held_out = Demonstrations(listed(data.val_files), tokenizer, data, None, data.val_max_samples)
        if len(held_out) // ranks < batch // ranks:
            raise ConfigError(
                f"data.val_files has {len(held_out)} rows: verl validates in batches of data.train_batch_size={batch} "
                "and would have none; give more rows, or none at all"
            )
    return len(rows)


def begin_epoch_afresh(config: DictConfig, steps: int) -> None:
    """Set aside where the loader of data stood in a checkpoint from the end of an epoch of some steps.

    Upstream saves it before the loader has noticed that the epoch is over. A job that resumed there would find the next
    epoch empty, and end without a word or train one epoch less.
    """
    folder = Path(config.trainer.default_local_dir)
    trainer = config.trainer
    if trainer.resume_mode == "resume_path" and trainer.resume_from_path:
        checkpoint = Path(trainer.resume_from_path)
    elif trainer.resume_mode == "auto" and (folder / LATEST).is_file():
        checkpoint = folder / f"global_step_{(folder / LATEST).read_text().strip()}"
    else:
        return
    step = checkpoint.name.rpartition("_")[2]
    if not step.isdigit() or int(step) % steps:
        return
    for state in checkpoint.glob("data_*.pt"):
        state.rename(state.with_suffix(".epoch_end"))


def load_tokenizer(config: DictConfig) -> Any:
    """Return the tokenizer of a job, as verl loads it."""
    from verl.utils import hf_tokenizer
    from verl.utils.fs import copy_to_local

    model = config.model
    path = copy_to_local(model.tokenizer_path or model.path)
    tokenizer = hf_tokenizer(path, trust_remote_code=model.trust_remote_code)
    if model.custom_chat_template is not None:
        tokenizer.chat_template = model.custom_chat_template
    return tokenizer


def log_to_file(config: DictConfig) -> None:
    """Let verl write its figures into the run folder, where `still-verl report` and `watch` find them.

    A resumed job begins a file of its own: verl empties the one that it is given.
    """
    folder = Path(config.still.run_dir)
    path, number = folder / LOG, 1
    while path.exists():
        number += 1
        path = folder / f"metrics_{number:02}.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["VERL_FILE_LOGGER_PATH"] = str(path.absolute())
