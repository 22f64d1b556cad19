"""How long responses are assumed to be."""

from pathlib import Path

import numpy as np
import pytest

from still_verl.plan.compose import job_config
from still_verl.plan.job import read_job
from still_verl.plan.lengths import cut_mean, kind_of, mean_length


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("Qwen/Qwen2.5-7B", "short"),
        ("Qwen/Qwen2.5-32B-Instruct", "short"),
        ("meta-llama/Llama-3.1-8B", "short"),
        ("Qwen/Qwen3-8B", "reasoning"),
        ("Qwen/Qwen3-8B-Base", "short"),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "reasoning"),
        ("nvidia/OpenMath-Nemotron-1.5B", "reasoning"),
        ("/models/not-here", "short"),
    ],
)
def test_a_name_tells_whether_a_model_thinks_first(path: str, kind: str) -> None:
    assert kind_of(path) == kind


def test_a_folder_tells_it_by_its_chat_template(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    assert kind_of(str(mine)) == "short"
    (mine / "chat_template.jinja").write_text("{{ content.split('</think>')[-1] }}")
    assert kind_of(str(mine)) == "reasoning"
    mine.rename(tmp_path / "mine-base")
    assert kind_of(str(tmp_path / "mine-base")) == "short"


@pytest.mark.parametrize("longest", [2000, 8192, 32768])
def test_the_mean_after_the_cut_is_that_of_drawn_lengths(longest: int) -> None:
    drawn = np.random.default_rng(0).lognormal(np.log(8000) - 0.8**2 / 2, 0.8, 200_000)
    assert cut_mean(8000, longest) == pytest.approx(np.minimum(drawn, longest).mean(), rel=0.01)


def test_a_limit_far_above_changes_little_and_a_low_one_is_not_passed() -> None:
    assert mean_length("Qwen/Qwen2.5-7B", 32768) == pytest.approx(1000, rel=0.01)
    assert 400 < mean_length("Qwen/Qwen3-8B", 512) < 512


def test_a_job_takes_it_for_each_stage_unless_the_mean_is_given() -> None:
    def means(model: str, mean: float | None = None) -> list[float]:
        config = job_config(["+recipe=zero_32b", f"still/backbone={model}"])
        return [stage.mean_response for stage in read_job(config, mean_response=mean).stages]

    assert means("r1_distill_qwen_32b") == sorted(means("r1_distill_qwen_32b"))
    assert min(means("r1_distill_qwen_32b")) > 5 * max(means("qwen2_5_32b"))
    assert means("r1_distill_qwen_32b", 1500) == [1500] * 3
