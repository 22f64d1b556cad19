"""A job that cannot work ends before Ray starts, with one message that names the thing and the fix."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from composed import composed
from omegaconf import DictConfig

from still_verl.config import still_config
from still_verl.config_errors import ConfigError
from still_verl.demo.prepare import prepare
from still_verl.integration.checks.dynamics import check_dynamics
from still_verl.integration.checks.job import check_job
from still_verl.integration.checks.machine import check_accelerators
from still_verl.integration.checks.model import open_model


def job(*overrides: str) -> DictConfig:
    """The config of a job that passes every check, but for the overrides."""
    demo = prepare("random")
    good = [
        "+recipe=base",
        "still/device=cpu",
        f"actor_rollout_ref.model.path={demo.model}",
        f"data.train_files={demo.train}",
        f"data.val_files={demo.val}",
        "still/reward=boxed",
        "algorithm.adv_estimator=grpo",
        "data.train_batch_size=8",
        "actor_rollout_ref.actor.ppo_mini_batch_size=8",
    ]
    return composed(good, overrides)


def problem(config: DictConfig) -> str:
    with pytest.raises(ConfigError) as error:
        check_job(config)
    return str(error.value)


def test_a_good_job_passes() -> None:
    check_job(job())


def test_a_setting_that_verl_leaves_to_the_user() -> None:
    """verl would raise in a worker, minutes later."""
    message = problem(job("actor_rollout_ref.rollout.name=???"))
    assert message == "actor_rollout_ref.rollout.name=???: verl has no default for it; give it a value"


def test_a_missing_data_file() -> None:
    wrong = "data.train_files=/no/such.parquet"
    assert problem(job(wrong)) == f"{wrong}: there is no such file; correct the path"


def test_a_prompt_in_the_data_and_another_around_it(tmp_path: Path) -> None:
    """RUC-AIBOX/STILL-3-RL-90K brings the study's prompt in its rows."""
    prompt = [{"role": "user", "content": "User: 1+1?\nAssistant:\n<think>\n"}]
    row = {"data_source": "math", "prompt": prompt, "reward_model": {"ground_truth": "2"}}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "own.parquet")
    data = f"data.val_files={tmp_path}/own.parquet"
    said = problem(job("still/prompt=long", data))
    assert f"so have the prompts of {tmp_path}/own.parquet: set still/prompt=raw" in said
    check_job(job("still/prompt=raw", data))


def test_data_of_a_demo_model_that_is_not_built_yet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    config = composed(["+recipe=demo"], [])
    assert problem(config).endswith("there is no such file; make it with: still-verl demo-model tiny")


def test_one_bad_file_among_good_ones(tmp_path: Path) -> None:
    good = prepare("random").train
    assert "/no/val.parquet" in problem(job(f"data.val_files=[{good},/no/val.parquet]"))


def test_data_without_the_needed_columns(tmp_path: Path) -> None:
    path = tmp_path / "bare.parquet"
    pq.write_table(pa.table({"prompt": ["a"], "answer": ["b"]}), path)
    message = problem(job(f"data.val_files={path}"))
    assert "no column data_source, reward_model; it has prompt, answer" in message


def test_empty_and_unreadable_data(tmp_path: Path) -> None:
    empty, torn = tmp_path / "empty.parquet", tmp_path / "torn.parquet"
    pq.write_table(pa.table({"prompt": [], "data_source": [], "reward_model": []}), empty)
    torn.write_bytes(b"PAR1 no")
    assert "the file has no rows" in problem(job(f"data.train_files={empty}"))
    assert "not a readable parquet file" in problem(job(f"data.train_files={torn}"))


def test_a_model_folder_that_is_absent_or_empty(tmp_path: Path) -> None:
    assert "there is no such folder" in problem(job("actor_rollout_ref.model.path=/no/model"))
    assert "the folder has no config.json" in problem(job(f"actor_rollout_ref.model.path={tmp_path}"))


def test_a_name_on_a_hub_is_said_not_to_be_looked_at(caplog: pytest.LogCaptureFixture) -> None:
    assert open_model(job("actor_rollout_ref.model.path=Qwen/Qwen2.5-7B")) is None
    assert "model.path=Qwen/Qwen2.5-7B is not a folder of this machine: it was not looked at" in caplog.text


def test_a_machine_without_accelerators(monkeypatch: pytest.MonkeyPatch) -> None:
    found = SimpleNamespace(is_available=lambda: True, device_count=lambda: 2)
    monkeypatch.setattr("still_verl.integration.checks.machine.get_platform", lambda: found)
    config = job("trainer.device=cuda")
    check_accelerators(config)
    for change, said in (
        ({"n_gpus_per_node": 4}, "trainer.n_gpus_per_node=4: this machine has 2; use 2 or less"),
        ({"nnodes": 2}, "trainer.nnodes=2: this machine alone is one node; give the address of a Ray cluster"),
    ):
        changed = config.copy()
        changed.trainer.update(change)
        with pytest.raises(ConfigError, match=said):
            check_accelerators(changed)
    found.is_available = lambda: False
    with pytest.raises(ConfigError, match="trainer.device=cuda: this machine has no accelerator; add still/device=cpu"):
        check_accelerators(config)
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")  # a cluster may have them
    check_accelerators(config)


def test_a_missing_reward_file() -> None:
    message = problem(job("still/reward=inherit", "reward.custom_reward_function.path=/no/reward.py"))
    assert message.startswith("reward.custom_reward_function.path=/no/reward.py: Custom module file not found")


def test_a_reward_file_that_does_not_load(tmp_path: Path) -> None:
    (tmp_path / "reward.py").write_text("import no_such_package\n")
    message = problem(job("still/reward=inherit", f"reward.custom_reward_function.path={tmp_path}/reward.py"))
    assert "ModuleNotFoundError: No module named 'no_such_package'" in message


def test_a_reward_file_without_the_function(tmp_path: Path) -> None:
    (tmp_path / "reward.py").write_text("def score(): ...\n")
    assert "compute_score" in problem(
        job("still/reward=inherit", f"reward.custom_reward_function.path={tmp_path}/reward.py")
    )


def test_a_reward_that_no_manager_reads() -> None:
    assert "reward.reward_manager.name=naive does not read it" in problem(
        job("still/reward=inherit", "still.reward.preset=zero")
    )
    check_job(job("still/reward=zero"))


def test_a_function_beside_the_manager_that_would_not_call_it(tmp_path: Path) -> None:
    (tmp_path / "reward.py").write_text("def compute_score(**kwargs): ...\n")
    both = job("still/reward=zero", f"reward.custom_reward_function.path={tmp_path}/reward.py")
    assert "the reward manager `still` does not call it; set" in problem(both)


def test_a_buffer_longer_than_the_response() -> None:
    message = problem(job("still/reward=overlong", "still.reward.overlong_buffer=4096", "data.max_response_length=512"))
    assert message == "still.reward.overlong_buffer=4096: more than data.max_response_length=512; lower it"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["still/kl=cosine", "trainer.v1.trainer_mode=sync"], "trainer_mode=sync does not read it: use still_sync"),
        (["still.kl.kind=cosine", "still.kl.start=1e-3"], "use_kl_loss=false: still.kl.kind=cosine needs it"),
        (["still/kl=cosine", "algorithm.use_kl_in_reward=true"], "the KL would be added twice (still.kl.place=loss)"),
        (["data.train_batch_size=4"], "ppo_mini_batch_size=8: more than data.train_batch_size=4"),
        (["still.reference.reset_every=5", "still/kl=none"], "without KL there is no reference model"),
        (["still/kl=fixed", "still.reference.reset_every=5", "actor_rollout_ref.model.lora_rank=8"], "with LoRA"),
        (["still.context.stages=[[1,99999]]"], "99999 tokens are more than data.max_response_length"),
        (["still/temperature=rising", "trainer.v1.trainer_mode=still_colocate_async"], "use still_sync"),
        (
            ["still.context.stages=[[1,9]]", "actor_rollout_ref.rollout.agent.default_agent_loop=single_turn_agent"],
            "is set, but the agent loop single_turn_agent does not read it",
        ),
    ],
)
def test_dynamics_that_cannot_work(overrides: list[str], message: str) -> None:
    assert message in problem(job(*overrides))


@pytest.mark.parametrize("kl", ["none", "fixed", "linear", "cosine", "piecewise", "adaptive", "released_code"])
def test_every_kl_schedule_passes_in_both_places(kl: str) -> None:
    check_job(job(f"still/kl={kl}"))
    if kl != "none":
        check_job(job(f"still/kl={kl}", "still.kl.place=reward"))


def test_code_without_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    from still_verl.interpreter.sandbox.local import tiers

    code = "actor_rollout_ref.rollout.agent.default_agent_loop=still_code"
    check_job(job(code))

    def unavailable(*_: object) -> None:
        raise tiers.SandboxUnavailable("the sandbox's tier here is none")

    monkeypatch.setattr("still_verl.interpreter.sandbox.local.client.require", unavailable)
    assert problem(job(code)) == "still.interpreter: the sandbox's tier here is none"


def test_a_remote_sandbox_that_does_not_answer() -> None:
    url = "still.interpreter.url=http://127.0.0.1:9"
    message = problem(
        job("still/rollout=code", "still.interpreter.sandbox=fusion", "still.interpreter.stateful=false", url)
    )
    assert message.startswith(f"{url}: no answer to a test program at http://127.0.0.1:9/run_code (ConnectError")


def test_a_parser_of_tool_calls_that_verl_does_not_have() -> None:
    key = "actor_rollout_ref.rollout.multi_turn.format"
    message = problem(job("still/rollout=code", "still.interpreter.format=tool_call", f"{key}=hermse"))
    assert message.startswith(f"{key}='hermse': use one of ") and "hermes" in message


def test_a_reward_for_tools_without_tools() -> None:
    message = problem(job("still/reward=boxed", "++still.reward.weights={correct: 1.0, tools: 0.1}"))
    assert message == "still.reward.weights has tools, but the agent loop still runs no tools: set still/rollout=code"


def test_a_wrong_key_of_ours_in_a_yaml() -> None:
    assert "did you mean still.device?" in problem(job("+still.devise=cpu"))


def test_too_little_shared_memory() -> None:
    message = problem(job("actor_rollout_ref.rollout.checkpoint_engine.update_weights_bucket_megabytes=100000000"))
    assert message.startswith("actor_rollout_ref.rollout.checkpoint_engine.update_weights_bucket_megabytes=100000000")
    assert "/dev/shm" in message and "--shm-size" in message


def test_a_ray_cluster_and_a_cpu_job_do_not_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    assert "unset RAY_ADDRESS" in problem(job())


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("linear", "the value in step 1 of 4 is 0; use values from 0.01"),  # its start is 0
        ("schedules_of_a_user.late", "the schedule schedules_of_a_user.late in step 3 of 4 raised KeyError: 2"),
        ("schedules_of_a_user.text", "in step 1 of 4 returned 'warm': return a finite number"),
    ],
)
def test_a_schedule_without_a_value_in_some_step(monkeypatch: pytest.MonkeyPatch, kind: str, said: str) -> None:
    module = SimpleNamespace(late=lambda settings, time, total: {0: 1.0, 1: 1.0}[time])
    module.text = lambda settings, time, total: "warm"
    monkeypatch.setitem(sys.modules, "schedules_of_a_user", module)  # type: ignore[arg-type]
    wrong = [f"still.temperature.kind={kind}", "still.temperature.end=1.0", "trainer.total_training_steps=4"]
    message = problem(job("actor_rollout_ref.rollout.agent.default_agent_loop=still", *wrong))
    assert message.startswith(f"still.temperature.kind={kind}: ") and said in message and "\n" not in message


@pytest.mark.parametrize("group", ["still/kl=cosine", "still/entropy=fixed"])
def test_coefficients_that_a_distillation_would_drop(group: str) -> None:
    """With task rewards verl's loss is a part of it, and the coefficients act."""
    teacher = ["distillation.enabled=true", "actor_rollout_ref.actor.use_kl_loss=true", group]
    message = problem(job(*teacher, "distillation.distillation_loss.use_task_rewards=false"))
    name = group.removeprefix("still/").split("=")[0]
    assert message.startswith("distillation.distillation_loss.use_task_rewards=false: such a loss has no term for")
    assert message.endswith(f"set it to true, or use still/{name}=inherit")
    with_task_rewards = job(*teacher)
    check_dynamics(with_task_rewards, still_config(with_task_rewards))
