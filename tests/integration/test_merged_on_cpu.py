"""Where the weights of a checkpoint are."""

from pathlib import Path

import pytest

from still_verl.config_errors import ConfigError
from still_verl.integration import merged
from still_verl.integration.merged import model_folder


@pytest.fixture
def actor(tmp_path: Path) -> Path:
    """A run with two checkpoints, of which the second one is the last; its weights are in two shards."""
    for step in (1, 2):
        folder = tmp_path / "run" / "checkpoints" / f"global_step_{step}" / "actor"
        (folder / "huggingface").mkdir(parents=True)
        (folder / "huggingface" / "config.json").write_text("{}")
        for rank in (0, 1):
            (folder / f"model_world_size_2_rank_{rank}.pt").write_text(f"{step} {rank}")
    (tmp_path / "run" / "checkpoints" / "latest_checkpointed_iteration.txt").write_text("2\n")
    return folder


@pytest.fixture(autouse=True)
def merges(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """The checkpoints that were merged."""
    asked: list[Path] = []

    def merge(actor: Path, target: Path, backend: str) -> None:
        asked.append(actor)
        (target / "config.json").write_text(backend)

    monkeypatch.setattr(merged, "_merge", merge)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return asked


def test_the_last_checkpoint_of_a_run_is_merged_once(actor: Path, merges: list[Path]) -> None:
    run = actor.parents[2]
    found = {model_folder(path) for path in (run, run / "checkpoints", actor.parent, actor)}
    assert len(found) == 1 and merges == [actor]
    assert (found.pop() / "config.json").read_text() == "fsdp"


def test_other_weights_are_merged_again(actor: Path, merges: list[Path]) -> None:
    first = model_folder(actor)
    (actor / "model_world_size_2_rank_1.pt").write_text("other")
    assert model_folder(actor) != first and len(merges) == 2


def test_a_saved_model_is_taken_as_it_is(actor: Path, merges: list[Path]) -> None:
    (actor / "huggingface" / "model.safetensors").write_text("weights")
    assert model_folder(actor.parent) == actor / "huggingface" == model_folder(actor / "huggingface")
    assert not merges


def test_shards_that_another_node_has_are_missed(actor: Path) -> None:
    (actor / "model_world_size_2_rank_1.pt").unlink()
    with pytest.raises(ConfigError, match="1 of 2 shards are here; copy the others from the nodes that wrote them"):
        model_folder(actor)


def test_a_folder_without_a_model(tmp_path: Path, actor: Path) -> None:
    with pytest.raises(ConfigError, match="neither a model"):
        model_folder(tmp_path / "cache")
    for shard in actor.glob("*.pt"):
        shard.unlink()
    with pytest.raises(ConfigError, match="it has no weights"):
        model_folder(actor)
