"""Some rows of each data file, read as verl and the rewards will read them."""

from typing import Any

from omegaconf import DictConfig

from still_verl.config_errors import ConfigError
from still_verl.integration.checks.model import Model
from still_verl.integration.checks.rows import local_files, read_rows
from still_verl.registry import in_one_line

RULES = ("still", "naive", "dapo")  # managers that compare with a right answer


def check_rows(config: DictConfig, model: Model | None) -> None:
    """Check the prompts and the right answers of some rows of each file.

    Raises:
        ConfigError: names the file, the row and the fix.
    """
    for key, name, path in local_files(config):
        rows = read_rows(path)
        where = f"{key}={name}"
        for number, row in enumerate(rows):
            check_messages(f"{where}: row {number}", row, config.data.prompt_key)
            check_answer(f"{where}: row {number}", row, config)
        check_thinking(where, rows[0], config)
    for key, name, path in local_files(config):
        where, rows = f"{key}={name}", read_rows(path)
        if model is not None and not any(rows[0].get(config.data[key]) for key in ("image_key", "video_key")):
            check_lengths(where, rows, config, model)


def check_messages(where: str, row: dict[str, Any], column: str) -> None:
    """Check that a prompt is verl's list of messages; a bare text has no role."""
    messages = row[column]
    good = isinstance(messages, list) and bool(messages)
    if good:
        good = all(isinstance(message, dict) and {"role", "content"} <= set(message) for message in messages)
    if not good:
        raise ConfigError(
            f"{where}: the column {column} is {messages!r:.60}; convert it to verl's list of messages, "
            '[{"role": "user", "content": ...}]'
        )


def check_answer(where: str, row: dict[str, Any], config: DictConfig) -> None:
    """Check that a row has the right answer where the reward compares with one."""
    if config.reward.reward_manager.name not in RULES or config.reward.reward_model.enable:
        return
    if not isinstance(row["reward_model"], dict) or row["reward_model"].get("ground_truth") is None:
        raise ConfigError(
            f"{where}: the column reward_model is {row['reward_model']!r:.60}; the reward manager "
            f'{config.reward.reward_manager.name} compares with a right answer; add {{"ground_truth": ...}}'
        )


def check_thinking(where: str, row: dict[str, Any], config: DictConfig) -> None:
    """Check that not both the data and the template ask for `<think>`: the model would be asked twice."""
    template = config.data.apply_chat_template_kwargs.get("chat_template", "")
    if "<think>" in template and "<think>" in str(row[config.data.prompt_key]):
        name = where.partition("=")[2]
        raise ConfigError(
            f"data.apply_chat_template_kwargs.chat_template has <think>, and so have the prompts of {name}: "
            "set still/prompt=raw to take them as they are, or still/prompt=inherit for the model's own template"
        )


def check_lengths(where: str, rows: list[dict[str, Any]], config: DictConfig, model: Model) -> None:
    """Tokenise the prompts: verl would cut those that are too long at their beginning, with a warning in a log."""
    limit, lengths = config.data.max_prompt_length, []
    template = dict(config.data.apply_chat_template_kwargs)
    for number, row in enumerate(rows):
        try:
            ids = model.tokens(row[config.data.prompt_key], template)
        except Exception as error:  # of a template; there may be none
            raise ConfigError(
                f"{where}: row {number}: the chat template fails: {in_one_line(error)}; set still/prompt=raw, or "
                "data.apply_chat_template_kwargs.chat_template"
            ) from error
        lengths.append(len(ids))
        if not ids:
            raise ConfigError(
                f"{where}: row {number} becomes no token at all: actor_rollout_ref.model.path has no tokenizer; "
                "complete the folder, or set actor_rollout_ref.model.tokenizer_path"
            )
        if max(ids, default=0) >= model.vocabulary:
            raise ConfigError(
                f"{where}: row {number} has token {max(ids)}, but the model knows {model.vocabulary}: the tokenizer is "
                "another model's; correct actor_rollout_ref.model.tokenizer_path"
            )
    too_long = sum(length > limit for length in lengths)
    if too_long == 0 or (config.data.filter_overlong_prompts and too_long < len(lengths)):
        return
    fix = "raise it, or set data.filter_overlong_prompts=true"
    if config.data.filter_overlong_prompts:
        fix = "data.filter_overlong_prompts=true would leave none; raise it"
    raise ConfigError(
        f"data.max_prompt_length={limit}: {too_long} of {len(lengths)} prompts looked at in {where} are longer (up to "
        f"{max(lengths)} tokens); {fix}"
    )
