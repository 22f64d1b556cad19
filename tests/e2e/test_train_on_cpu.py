"""verl trains on this machine with still_verl plugged in: Ray, FSDP2, vLLM, a verifiable reward."""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from still_verl.lab.paths import prepare

pytestmark = pytest.mark.e2e

# Records what each hook saw and the weights of actor and reference, carries a number through checkpoints, and dies
# without a word when a step begins.
CALLBACK = """
import json, os, signal
from pathlib import Path
from still_verl.trainer.callbacks import Callback

class Recorder(Callback):
    steps_seen = 0

    def _write(self, hook, trainer, **seen):
        with Path(self.config.still.run_dir, "hooks.jsonl").open("a") as file:
            file.write(json.dumps({"hook": hook, "step": trainer.global_steps, **seen}) + "\\n")

    def on_init_end(self, trainer):
        sums = trainer.actor_rollout_wg.reference_checksums()
        self._write("on_init_end", trainer, steps_seen=self.steps_seen, sums=sums)

    def on_step_begin(self, trainer):
        if trainer.global_steps == int(os.environ.get("DIE_AT_STEP", "-1")):
            os.kill(os.getpid(), signal.SIGKILL)
        self._write("on_step_begin", trainer)

    def on_batch(self, trainer, batch, metrics):
        self.steps_seen += 1
        self._write("on_batch", trainer, rows=len(batch.keys))

    def on_update(self, trainer, metrics):
        self._write("on_update", trainer, sums=trainer.actor_rollout_wg.reference_checksums())

    def on_metrics(self, trainer, batch, metrics):
        import transfer_queue as tq
        names = ["extra_fields", "responses", "response_mask"]
        fields = tq.kv_batch_get(keys=batch.keys, partition_id=batch.partition_id, select_fields=names)
        reasons = [f["finish_reason"] for f in list(fields["extra_fields"])]
        metrics["still/test/cut"] = reasons.count("length") / len(reasons)
        metrics["still/test/steps_seen"] = self.steps_seen
        metrics["still/test/tokens"] = sum(f["response_tokens"] for f in fields["extra_fields"]) / len(reasons)
        rows = zip(fields["responses"].unbind(), fields["response_mask"].unbind(), batch.tags)
        tokens = [[ids.tolist(), mask.tolist()] for ids, mask, tag in rows if not tag.get("is_padding")]
        self._write("on_metrics", trainer, tokens=tokens)

    def state_dict(self):
        return {"steps_seen": self.steps_seen}

    def load_state_dict(self, state):
        self.steps_seen = state["steps_seen"]

class Failing(Callback):
    def on_step_begin(self, trainer):
        raise RuntimeError("a callback failed on purpose")
"""

# An untrained model writes no code, but it writes digits: each ends a block, whose output is read in angle brackets.
CODE_LOOP = """
from verl.experimental.agent_loop.agent_loop import register
from still_verl.interpreter.code_loop import CodeLoop

class Digits:
    stop = list("0123456789")
    open_block = False

    def __init__(self):
        self.blocks = []

    def feed(self, text):
        if text[-1:].isdigit():
            self.blocks.append(f"print({text[-1]} * 7)")
        return text[-1:].isdigit()

    def output(self, text):
        return f"<{text}>"

@register("still_code_digits")
class DigitLoop(CodeLoop):
    def new_format(self):
        return Digits()
"""

# An untrained model never answers; the share of digits gives it something to learn from. Beside it each drop-in
# reward is called as verl calls it.
REWARD = """
import runpy
from still_verl.paths import reward_fn

NAMES = ["actions", "boxed_math", "distill", "length", "overlong", "zero"]
FILES = {name: runpy.run_path(reward_fn(name))["compute_score"] for name in NAMES}
LENGTHS = {"length": {"max_tokens": 16}, "overlong": {"max_tokens": 16, "buffer": 4}}

def compute_score(data_source, solution_str, ground_truth, extra_info=None, **kwargs):
    call = dict(data_source=data_source, solution_str=solution_str, ground_truth=ground_truth, extra_info=extra_info)
    rows = {name: function(**call, **LENGTHS.get(name, {})) for name, function in FILES.items()}
    scores = {f"score_{name}": row["score"] for name, row in rows.items()}
    digits = sum(c.isdigit() for c in solution_str)
    return rows["boxed_math"] | scores | {"score": digits / (len(solution_str) + 1), "acc": float(digits > 0)}
"""


def lab_files(name: str) -> list[str]:
    """The overrides that train the untrained model `name`."""
    lab = prepare(name)
    return [
        f"actor_rollout_ref.model.path={lab.model}",
        f"data.train_files={lab.train}",
        f"data.val_files={lab.val}",
    ]


def job_files(folder: Path, name: str) -> list[str]:
    """Write reward and callbacks into `folder`; the overrides that use them with the untrained model `name`."""
    folder.mkdir(exist_ok=True)
    (folder / "recorder.py").write_text(CALLBACK)
    (folder / "digits.py").write_text(REWARD)
    (folder / "code_loop.py").write_text(CODE_LOOP)
    return [*lab_files(name), f"reward.custom_reward_function.path={folder}/digits.py"]


# Coefficients that are different in every step, and a reference that changes.
DYNAMICS = [
    "still.callbacks=[recorder.Recorder]",
    "still/kl=cosine",
    "still.kl.start=0.1",
    "still.kl.horizon=3",
    "still.reference.reset_every=2",
    "still/entropy=linear",
    "still.entropy.horizon=10",
    "still/temperature=rising",
    "still.temperature.horizon=4",
    "still.context.stages=[[1,8],[3,16]]",
    "still.context.validation=12",
    "trainer.save_freq=3",
    "trainer.total_training_steps=6",
]


@pytest.fixture(scope="module")
def killed_run(start_small: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Four steps with tied embeddings; the checkpoint is that of step 3, and the trainer dies as step 5 begins."""
    folder = tmp_path_factory.mktemp("tied")
    job = start_small(
        folder, *job_files(folder, "random"), *DYNAMICS, "trainer.rollout_data_dir=run/rollouts", DIE_AT_STEP="5"
    )
    assert job.wait(360) != 0
    assert [row["training/global_step"] for row in job.steps] == [1, 2, 3, 4], job.log[-6000:]
    assert job.left_behind() == []
    return job


@pytest.fixture(scope="module")
def resumed_run(killed_run: Any, train: Callable[..., Any]) -> Any:
    """The same job again: it goes on after step 3, to step 6."""
    return train(killed_run.folder, *job_files(killed_run.folder, "random"), *DYNAMICS, "trainer.test_freq=6")


def hooks(job: Any, *names: str) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (job.folder / "run/hooks.jsonl").read_text().splitlines()]
    return [row for row in rows if not names or row["hook"] in names]


def test_actor_and_rollout_agree_after_weight_updates(killed_run: Any) -> None:
    """The tied output layer is packed again: without that the rollout samples from the first weights, silently.

    The temperature changes in every step: rollout and log-probs must both use it.
    """
    for row in killed_run.steps:
        assert row["training/rollout_probs_diff_max"] < 1e-4, row["training/global_step"]
    # lr 1e-2 moves the weights far enough that a stale head would show.
    assert killed_run.steps[1]["actor/kl_loss"] > 1e-4
    assert [row["still/temperature"] for row in killed_run.steps] == pytest.approx([1.0, 1.05, 1.1, 1.15])


def test_the_numbers_of_a_first_on_policy_step(killed_run: Any) -> None:
    first = killed_run.steps[0]
    assert first["actor/kl_loss"] == 0 and first["actor/ppo_kl"] == 0
    assert first["actor/grad_norm"] > 0


def test_the_workers_use_the_coefficients_of_the_step(killed_run: Any) -> None:
    """`actor/*_coef` come from the worker's loss, `still/*/coef` from the trainer."""
    expected = [0.1, 0.075, 0.025, 0.0]
    assert [row["actor/kl_coef"] for row in killed_run.steps] == pytest.approx(expected, abs=1e-12)
    assert [row["still/kl/coef"] for row in killed_run.steps] == pytest.approx(expected, abs=1e-12)
    entropy = [1e-3 * (1 - t / 10) for t in range(4)]
    assert [row["actor/entropy_coef"] for row in killed_run.steps] == pytest.approx(entropy)


def test_without_kl_there_is_no_reference_pass(killed_run: Any) -> None:
    assert ["timing_s/ref" in row for row in killed_run.steps] == [True, True, True, False]
    assert "actor/kl_loss" not in killed_run.steps[3]


def test_a_step_caps_its_responses_by_its_own_budget(killed_run: Any) -> None:
    """A random model of about a hundred symbols seldom ends by itself."""
    for row in killed_run.steps:
        budget = 8 if row["training/global_step"] < 3 else 16
        assert row["still/context/budget"] == row["response_length/max"] == budget
        assert row["still/test/tokens"] == pytest.approx(row["response_length/mean"])
        assert 0.5 < row["still/test/cut"] <= 1


def test_hooks_are_called_in_order_with_the_right_step(killed_run: Any) -> None:
    seen = [(row["hook"], row["step"]) for row in hooks(killed_run)][:11]
    step = ["on_step_begin", "on_batch", "on_update", "on_metrics"]
    assert seen == [("on_init_end", 0), *((hook, 1) for hook in step), *((hook, 2) for hook in step), *seen[9:]]
    assert [row["rows"] for row in hooks(killed_run, "on_batch")][:2] == [16, 16]


def test_the_run_folder_has_metrics_dumps_and_checkpoint(killed_run: Any, samples: Callable[..., Any]) -> None:
    run = killed_run.folder / "run"
    state = json.loads((run / "checkpoints/global_step_3/still.json").read_text())
    assert state["Recorder"] == {"steps_seen": 3}
    rows = samples(run / "rollouts/1.jsonl")
    assert len(rows) == 16 and len({row["score"] for row in rows}) > 2
    assert (run / ".hydra/config.yaml").is_file()
    assert json.loads((run / "versions.json").read_text())["verl"] == "0.9.1"


def test_the_reference_becomes_the_actor_every_second_step(killed_run: Any) -> None:
    """Checked by the weights. After a reset the next step's KL is 0, by definition."""
    same = {row["step"]: row["sums"][0][0] == row["sums"][0][1] for row in hooks(killed_run, "on_update")[:4]}
    assert same == {1: False, 2: True, 3: False, 4: True}
    assert killed_run.steps[2]["actor/kl_loss"] == 0 < killed_run.steps[1]["actor/kl_loss"]


def test_a_resumed_run_goes_on_where_the_checkpoint_was(killed_run: Any, resumed_run: Any) -> None:
    """Step, callback state, optimizer, rollout weights and the reference, which is that of step 2."""
    assert [row["training/global_step"] for row in resumed_run.steps] == [1, 2, 3, 4, 4, 5, 6]
    first, again = (row for row in resumed_run.steps if row["training/global_step"] == 4)
    for key in ("still/kl/coef", "actor/entropy_coef", "still/temperature", "still/context/budget"):
        assert first[key] == again[key]
    assert resumed_run.steps[-1]["still/test/steps_seen"] == 6
    assert resumed_run.steps[-1]["training/rollout_probs_diff_max"] < 1e-4
    saved = next(row for row in hooks(killed_run, "on_update") if row["step"] == 3)
    restored = hooks(resumed_run, "on_init_end")[-1]
    assert restored["step"] == 3 and restored["steps_seen"] == 3
    assert restored["sums"] == saved["sums"]


def test_validation_has_its_own_budget(resumed_run: Any, samples: Callable[..., Any]) -> None:
    validation = samples(resumed_run.folder / "run/validation/6.jsonl")
    assert {"pred", "reason", "acc", "score"} <= set(validation[0])
    assert max(len(row["output"]) for row in validation) <= 12
    assert all(row["score_distill"] == -1 for row in validation)


@pytest.fixture(scope="module")
def two_ranks(train: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """FSDP2 over gloo on two ranks, a vLLM server for each; untied embeddings; code in the rollout."""
    tmp_path = tmp_path_factory.mktemp("ranks")
    return train(
        tmp_path,
        *job_files(tmp_path, "random-untied"),
        "actor_rollout_ref.actor.use_kl_loss=false",
        "still.callbacks=[recorder.Recorder]",
        "still/kl=adaptive",
        "still.kl.place=reward",
        "still.kl.target=1e-4",
        "still.reference.reset_every=3",
        "still.selection.rules=[accuracy]",
        "still.selection.accuracy=[0.3,1.0]",
        "actor_rollout_ref.model.external_lib=code_loop",
        "actor_rollout_ref.rollout.agent.default_agent_loop=still_code_digits",
        "still.interpreter.max_calls=2",
        "data.max_response_length=32",
        "still.monitor.samples=1000",
        "trainer.n_gpus_per_node=2",
        "trainer.total_training_steps=3",
        timeout=480,
    )


def test_two_ranks_with_kl_in_the_reward_and_selection(two_ranks: Any) -> None:
    """An adaptive coefficient, and a reference that is reset."""
    job = two_ranks
    assert len(job.steps) == 3
    assert max(row["training/rollout_probs_diff_max"] for row in job.steps) < 1e-4
    kl = [row["actor/reward_kl_penalty"] for row in job.steps]
    coef = [row["actor/reward_kl_penalty_coeff"] for row in job.steps]
    assert kl[0] == 0 < kl[1]
    # Below its target in the first step, far above it in the second: an error of -0.2, then 0.2, each times rate 0.5.
    assert coef == pytest.approx([1e-3, 0.9e-3, 0.9e-3 * 1.1])
    dropped = [row["still/selection/dropped_samples"] for row in job.steps]
    assert any(0 < share < 1 for share in dropped) and {4 * share % 1 for share in dropped} == {0}
    sums = {row["step"]: row["sums"] for row in hooks(job, "on_update")}
    assert len(sums[3]) == 2 and all(actor == reference for actor, reference in sums[3])
    assert all(actor != reference for actor, reference in sums[2])


def test_metrics_are_those_of_the_samples(two_ranks: Any, samples: Callable[..., Any]) -> None:
    """Recomputed from samples.jsonl, which has every sample of this run, dropped ones too."""
    rows = samples(two_ranks.folder / "run/samples.jsonl")
    for logged in two_ranks.steps:
        step = [row for row in rows if row["step"] == logged["training/global_step"] and row["phase"] == "train"]
        assert len(step) == 16
        mean = {key: sum(row[key] for row in step) / 16 for key in ("acc", "tokens", "truncated", "dropped")}
        right = [row["tokens"] for row in step if row["acc"]]
        assert logged["still/accuracy"] == pytest.approx(mean["acc"], abs=1e-9)
        assert logged["still/length/mean"] == pytest.approx(mean["tokens"], abs=1e-9)
        assert logged["still/length/correct_mean"] == pytest.approx(sum(right) / len(right), abs=1e-9)
        assert logged["still/completion/finished"] == pytest.approx(1 - mean["truncated"], abs=1e-9)
        assert logged["still/completion/answered"] == pytest.approx(sum(row["pred"] != "" for row in step) / 16)
        assert logged["still/selection/dropped_samples"] == pytest.approx(mean["dropped"], abs=1e-9)
        assert logged["still/reward/correct"] == pytest.approx(sum(row["terms"]["correct"] for row in step) / 16)
        assert 0 < logged["still/tool/masked_token_ratio"] < 1 and logged["still/tool/success"] == 1


def expected_mask(text: str, budget: int) -> list[int]:
    """By the rules of DigitLoop: what follows a digit of the model is read and not written, until the cap is told."""
    mask: list[int] = []
    calls, position = 0, 0
    while position < len(text):
        mask.append(1)
        digit = text[position]
        position += 1
        if digit.isdigit() and calls <= 2 and position < budget:
            cap = "No more code is run in this response: 2 calls were made."
            read = f"<{7 * int(digit)}>" if calls < 2 else f"<{cap}>"
            read = read[: budget - position]
            assert text[position:].startswith(read)
            mask += [0] * len(read)
            position, calls = position + len(read), calls + 1
    return mask


def test_output_of_code_is_masked_token_by_token_and_trained_around(two_ranks: Any) -> None:
    """Log-probs agree on what the model wrote; responses with two calls are among what was learned from."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(prepare("random-untied").model)
    calls = []
    for row in hooks(two_ranks, "on_metrics"):
        for ids, mask in row["tokens"]:
            symbols = [tokenizer.decode([i]) for i in ids]
            text = "".join(symbol if len(symbol) == 1 else "~" for symbol in symbols)
            assert mask == expected_mask(text, budget=32), (text, mask)
            calls.append(sum(a > b for a, b in zip(mask, mask[1:], strict=False)))
    assert len(calls) == 48 and calls.count(2) > 2 and calls.count(0) > 2
    assert all(row["actor/grad_norm"] > 0 for row in two_ranks.steps)


def test_the_asynchronous_twin_with_our_manager_and_a_reward_that_never_changes(
    train: Callable[..., Any], tmp_path: Path, samples: Callable[..., Any]
) -> None:
    """An untrained model gets 0 for every answer: the job says so, with samples, and nothing is learned from them."""
    job = train(
        tmp_path,
        *lab_files("random-untied"),
        "still/reward=boxed",
        "still.selection.rules=[accuracy]",
        "trainer.v1.trainer_mode=still_colocate_async",
        "trainer.total_training_steps=3",
        "trainer.test_freq=3",
    )
    assert [row["training/global_step"] for row in job.steps] == [1, 2, 3]
    assert [row["still/alarm/constant_reward"] for row in job.steps] == [0, 0, 1]
    assert all(row["still/selection/dropped_samples"] == 1 and "actor/grad_norm" not in row for row in job.steps)
    assert "ALARM constant reward: every response of the last 3 steps got 0" in job.log
    assert job.log.count("answer '' by no method, no answer") == 3
    row = samples(job.folder / "run/validation/3.jsonl")[0]
    assert 0 < row["tokens"] <= 16 and row["truncated"] in (0, 1)


def test_a_failing_run_ends_and_leaves_nothing(start_small: Callable[..., Any], tmp_path: Path) -> None:
    extra = ["still.callbacks=[recorder.Failing]", "trainer.total_training_steps=2"]
    job = start_small(tmp_path, *job_files(tmp_path, "random"), *extra)
    assert job.wait(360) != 0
    assert "a callback failed on purpose" in job.log
    assert job.left_behind() == []


def test_ctrl_c_leaves_nothing(start_small: Callable[..., Any], tmp_path: Path) -> None:
    job = start_small(tmp_path, *job_files(tmp_path, "random"), "trainer.total_training_steps=500")
    job.wait_for("step:1 ", timeout=360)
    time.sleep(1)
    job.process.send_signal(signal.SIGINT)
    assert job.wait(60) != 0
    assert job.left_behind() == []
