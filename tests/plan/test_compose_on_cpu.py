import pytest
from omegaconf import DictConfig

from still_verl.config_errors import ConfigError
from still_verl.plan.compose import job_config, run_length


@pytest.fixture(scope="module")
def config() -> DictConfig:
    return job_config(["+recipe=demo"])


def test_the_length_of_a_run_is_what_is_asked_for_or_the_recipes(config: DictConfig) -> None:
    assert run_length(config, 7) == 7
    assert run_length(config) == config.trainer.total_training_steps


@pytest.mark.parametrize("steps", [0, -5])
def test_a_run_has_at_least_one_step(config: DictConfig, steps: int) -> None:
    with pytest.raises(ConfigError, match=f"--steps={steps}: a run has at least 1 step"):
        run_length(config, steps)
    with pytest.raises(ConfigError, match="total_training_steps=-1: a run has at least 1 step; give --steps"):
        run_length(job_config(["+recipe=demo", "trainer.total_training_steps=-1"]))


def test_hydras_complaint_is_one_line() -> None:
    with pytest.raises(ConfigError, match="Could not find 'still/kl/cosin'") as refused:
        job_config(["+recipe=demo", "still/kl=cosin"])
    assert "\n" not in str(refused.value) and "did you mean cosine?; there are: adaptive, cosine" in str(refused.value)
