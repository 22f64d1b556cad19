"""Agent loops that the data choose for each prompt."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from omegaconf import OmegaConf

from still_verl.config import still_config
from still_verl.config_errors import ConfigError
from still_verl.integration.checks.agent_names import check_agent_names


def check(folder: Path, train: list[str | None], val: list[str | None], **still: Any) -> None:
    files = {}
    for key, loops in (("train_files", train), ("val_files", val)):
        files[key] = str(folder / f"{key}.parquet")
        pq.write_table(pa.table({"agent_name": loops}), files[key])
    config = OmegaConf.create({"still": still, "data": files})
    check_agent_names(config, still_config(config))


STAGES = {"context": {"stages": [[1, 8]]}}
HOTTER = {"temperature": {"kind": "linear", "start": 1.0, "end": 1.2}}


@pytest.mark.parametrize(
    ("train", "val", "still", "said"),
    [
        (["still", "single_turn_agent"], ["x"], STAGES, "has single_turn_agent, .* read still.context.stages"),
        (["tool_agent"], ["x"], HOTTER, "has tool_agent, .* read still.temperature"),
        ([None, "still"], ["x"], STAGES, "has None, "),
        (["x"], ["still", "x"], {"context": {"validation": 8}}, "val_files=.* has x, .* read still.context.validation"),
    ],
)
def test_a_loop_that_obeys_no_step_is_refused(tmp_path: Path, train: Any, val: Any, still: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check(tmp_path, train, val, **still)


def test_ours_pass_and_so_does_any_where_nothing_is_set(tmp_path: Path) -> None:
    check(tmp_path, ["still", "still_code"], ["x"], **STAGES)
    check(tmp_path, ["x"], ["x"])
