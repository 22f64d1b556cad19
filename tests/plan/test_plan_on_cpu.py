"""The command, and the config it reads; `python tests/plan/test_plan_on_cpu.py` renews what the docs say of costs."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from still_verl.config_errors import ConfigError
from still_verl.paths import recipe_names
from still_verl.plan.compose import job_config
from still_verl.plan.hardware import parse_hardware
from still_verl.plan.job import Job, read_job
from still_verl.plan.models import KNOWN
from still_verl.plan.roofline import step_time
from still_verl.plan.tables import device_hours, plan_tables
from still_verl.plan.whole_run import whole_run

RECIPES = [name for name in recipe_names() if name != "base" and not name.startswith("demo")]
COSTS = Path(__file__).parents[1] / "golden" / "planned_costs.json"


def printed(overrides: Sequence[str], hardware: str) -> str:
    return text_of(read_job(job_config(list(overrides))), hardware)


def text_of(job: Job, hardware: str) -> str:
    console = Console(width=160)
    with console.capture() as capture:
        for piece in plan_tables(job, parse_hardware(hardware)):
            console.print(piece)
    return capture.get()


def cost(job: Job) -> dict[str, int]:
    """Count devices, all H100-80G, and what the whole run takes on them."""
    hardware = parse_hardware(f"{job.devices}xH100-80G")
    times = [step_time(job, hardware, stage) for stage in job.stages]
    hours = device_hours(job, hardware, times, whole_run(job, hardware))
    return {"devices": job.devices, "steps": job.steps, "GPU hours": round(sum(hours.values()))}


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_plans_and_fits_on_some_hardware(recipe: str) -> None:
    job = read_job(job_config([f"+recipe={recipe}"]))
    text = text_of(job, "64xH100-80G")
    assert "It fits." in text and "GPU hours" in text
    assert cost(job) == json.loads(COSTS.read_text())[recipe], "renew it, and docs/recipes_table.md"


def test_numbers_are_the_configs() -> None:
    job = read_job(job_config(["+recipe=zero_32b"]))
    assert job.shape == KNOWN["Qwen/Qwen2.5-32B"]
    assert (job.prompts, job.samples, job.updates, job.tensor_parallel) == (128, 128 * 16, 1, 4)
    assert job.param_offload and job.optimizer_offload and job.reference_share == 0
    assert [(stage.steps, stage.max_response) for stage in job.stages] == [(299, 8192), (150, 12288), (191, 20480)]
    assert job.update_tokens == 22528 and job.max_length == 1024 + 20480


def test_the_reference_runs_while_the_coefficient_is_above_0() -> None:
    shares = {
        kl: read_job(job_config(["+recipe=zero_7b_plain", f"still/kl={kl}"]), steps=1000).reference_share
        for kl in ("none", "fixed", "cosine", "adaptive")
    }
    assert shares == {"none": 0.0, "fixed": 1.0, "cosine": 0.5, "adaptive": 1.0}


def test_off_policy_takes_more_updates() -> None:
    job = read_job(job_config(["+recipe=zero_7b_plain", "still/policy=off_policy"]))
    assert job.updates == 4


def test_what_does_not_fit_says_which_phase_and_what_to_type() -> None:
    text = printed(["+recipe=zero_7b_plain"], "8xA100-40G")
    assert "It does not fit." in text and "rollout: needs" in text
    assert "Change: actor_rollout_ref.rollout.gpu_memory_utilization=0.6" in text
    text = printed(["+recipe=zero_7b_plain"], "4xA100-40G")
    assert "It does not fit." in text and "update: needs" in text
    assert "actor_rollout_ref.actor.fsdp_config.optimizer_offload=true" in text
    assert "trainer.nnodes=2 trainer.n_gpus_per_node=8" in printed(["+recipe=zero_7b_plain"], "16xH100-80G")


def test_a_job_without_model_or_length_is_refused() -> None:
    with pytest.raises(ConfigError, match="name a model"):
        read_job(job_config(["+recipe=base"]), steps=10)
    with pytest.raises(ConfigError, match="give --steps"):
        read_job(job_config(["+recipe=base", "still/backbone=qwen2_5_7b"]))


@pytest.mark.parametrize("mean", [0, -5])
def test_an_average_response_has_tokens(mean: float) -> None:
    with pytest.raises(ConfigError, match=f"--mean-tokens={mean}: an average response has more than 0 tokens"):
        read_job(job_config(["+recipe=zero_7b_plain"]), mean_response=mean)


def test_a_mixture_of_experts_is_planned(tmp_path: Path) -> None:
    from transformers import Qwen3MoeConfig

    Qwen3MoeConfig(num_hidden_layers=4).save_pretrained(tmp_path)
    text = printed(["+recipe=zero_7b_plain", f"actor_rollout_ref.model.path={tmp_path}"], "8xH100-80G")
    assert "active for a token" in text and "GPU hours" in text
    assert "no published run of a mixture was compared" in text


@pytest.mark.process
def test_the_command_prints_tables_and_refuses_in_one_line() -> None:
    import warm_python  # here, where pytest put it on the path

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return warm_python.run(["-m", "still_verl", "plan", *arguments], timeout=120)

    done = run("+recipe=zero_32b", "hardware=32xA100-80G", "--mean-tokens", "1500")
    assert done.returncode == 0, done.stderr
    assert "KV cache" in done.stdout and "GPU hours" in done.stdout
    wrong = run("+recipe=zero_32b", "hardware=8xPotato")
    assert wrong.returncode == 1 and "Potato is not known" in wrong.stderr.splitlines()[-1]
    wrong = run("+recipe=zero_32b", "hardware=32xA100-80G", "--mean-tokens", "-5")
    assert wrong.returncode == 1 and "--mean-tokens=-5" in wrong.stderr.splitlines()[-1]


if __name__ == "__main__":
    costs = {recipe: cost(read_job(job_config([f"+recipe={recipe}"]))) for recipe in RECIPES}
    COSTS.write_text(json.dumps(costs, indent=1) + "\n")
