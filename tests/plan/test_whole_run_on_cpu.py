"""What a run takes beside its steps, and several kinds of hardware side by side."""

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from still_verl.demo.prepare import prepare
from still_verl.plan.compare import comparison, row
from still_verl.plan.compose import job_config
from still_verl.plan.hardware import parse_hardware
from still_verl.plan.job import Job, read_job
from still_verl.plan.tables import plan_tables
from still_verl.plan.whole_run import whole_run

EIGHT = parse_hardware("8xH100-80G")
N = 7_615_616_512


@pytest.fixture(scope="module")
def plain() -> Job:
    return read_job(job_config(["+recipe=zero_7b_plain"]))


def test_validations_and_checkpoints_are_counted_as_verl_makes_them(plain: Job) -> None:
    """500 steps, every 5 and every 20; verl validates before the first step, too."""
    run = whole_run(plain, EIGHT)
    assert (run.validations, run.saves) == (101, 25)
    assert run.checkpoint == 12 * N
    assert run.disk == 2 * 12 * N
    assert whole_run(replace(plain, kept=None), EIGHT).disk == 25 * 12 * N  # the 2.3 TB of the issue
    odd = whole_run(replace(plain, test_every=300, save_every=7, validates_before=False), EIGHT)
    assert (odd.validations, odd.saves) == (2, 72)
    never = whole_run(replace(plain, test_every=-1, save_every=-1, validates_before=False), EIGHT)
    assert (never.validations, never.saves, never.disk) == (0, 0, 0)
    assert never.seconds["validation"] == never.seconds["checkpoints"] == 0 < never.seconds["start"]


def test_more_problems_and_more_samples_take_longer(plain: Job) -> None:
    seconds = [
        whole_run(replace(plain, validation_rows=rows, validation_n=n), EIGHT).seconds["validation"]
        for rows, n in ((30, 8), (500, 8), (500, 64))
    ]
    assert seconds[0] < seconds[1] < seconds[2]


def test_offloading_fills_the_memory_of_a_node(plain: Job) -> None:
    assert whole_run(plain, EIGHT).host == 0
    both = replace(plain, param_offload=True, optimizer_offload=True)
    assert whole_run(both, EIGHT).host == 12 * N
    assert whole_run(both, parse_hardware("16xH100-80G")).host == 6 * N
    assert whole_run(replace(plain, optimizer_offload=True), parse_hardware("4x4xH100-80G")).host == 2 * N


HALF = "actor_rollout_ref.ref.fsdp_config.model_dtype=bf16"


@pytest.mark.parametrize(
    ("overrides", "width"),
    [
        ((), 0),
        (("still/kl=fixed",), 4),  # verl's own type for it is fp32
        (("still/kl=fixed", "still.reference.ema=0.99"), 4),
        (("still/kl=fixed", "still.kl.place=reward", "algorithm.use_kl_in_reward=true", HALF), 2),
        (("still/kl=fixed", HALF, "still.reference.ema=0.99"), 2 + 4),
        (("still/kl=fixed", HALF, "still.reference.reset_every=5"), 2),
        (("still/kl=fixed", "actor_rollout_ref.model.lora_rank=8"), 0),
    ],
)
def test_a_reference_fills_the_memory_of_a_node(overrides: tuple[str, ...], width: int) -> None:
    """With the exact average of one that follows the actor, which a type of half the size cannot hold."""
    job = read_job(job_config(["+recipe=zero_7b_plain", *overrides]))
    assert whole_run(job, EIGHT).host == width * N
    assert whole_run(replace(job, param_offload=True), EIGHT).host == (width + 4) * N
    assert whole_run(job, parse_hardware("16xH100-80G")).host == width * N / 2


def test_the_problems_of_a_validation_are_those_of_its_file(tmp_path: Path) -> None:
    data = prepare("random").val
    given = ["+recipe=zero_7b_plain", f"data.val_files=[{data},{data}]"]
    assert read_job(job_config(given)).validation_rows == 16
    assert read_job(job_config([*given, "data.val_max_samples=5"])).validation_rows == 5
    assert read_job(job_config(["+recipe=zero_7b_plain", "data.val_files=/no/such.parquet"])).validation_rows == 30


def text(job: Job, price: float | None = None) -> str:
    console = Console(width=400)
    with console.capture() as capture:
        for piece in plan_tables(job, EIGHT, price):
            console.print(piece)
    return capture.get()


def test_a_plan_says_a_range_disk_and_cost(plain: Job) -> None:
    said = text(plain, price=2.0)
    assert "25 checkpoints of 91 GB, 2 are kept: 183 GB of disk." in said
    low, high = said.split("Expect ")[1].split(" GPU hours")[0].replace(",", "").split(" to ")
    assert 2.9 < int(high) / int(low) < 3.1
    cost = said.split("At 2 a GPU hour: ")[1].split(".")[0].replace(",", "").split(" to ")
    assert [int(value) for value in cost] == pytest.approx([2 * int(low), 2 * int(high)], abs=2)
    assert "Bound it" not in said and "Bound it: trainer.max_actor_ckpt_to_keep=2" in text(replace(plain, kept=None))


def test_hardware_is_compared_with_what_has_to_change_for_it(plain: Job) -> None:
    rows = {label: row(plain, parse_hardware(label)) for label in ("8xH100", "8xA100", "8x3090", "3x4xH100")}
    assert rows["8xH100"][0] == "yes" and float(rows["8xH100"][1]) < float(rows["8xA100"][1])
    assert rows["8x3090"][0].startswith("no: ") and rows["3x4xH100"][0] == "with data.train_batch_size=129"
    assert comparison(plain, [EIGHT]).row_count == 1
