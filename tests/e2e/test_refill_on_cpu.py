"""Dynamic sampling in a real run: it is killed in the middle of a refill, goes on, and ends at its bound."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PROMPTS, SAMPLES = 4, 4
ROWS = 200
KILLED_IN = 2  # the step in whose refill the run is killed
SETTINGS = [
    "data.shuffle=false",
    "still/selection=dynamic",
    "algorithm.filter_groups.max_num_gen_batches=8",
    "actor_rollout_ref.model.external_lib=alike",
    "actor_rollout_ref.rollout.agent.default_agent_loop=still_alike",
    "still.callbacks=[alike.Sent]",
    "trainer.save_freq=1",
    "trainer.max_actor_ckpt_to_keep=2",
    "trainer.total_training_steps=9",
]


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_refill_keeps_the_step_whole_through_a_kill_and_ends_at_its_bound(
    start_small: Callable[..., Any], demo_files: Callable[[str], list[str]], tmp_path: Path
) -> None:
    data = tmp_path / "train.parquet"
    rows = [
        {
            "data_source": "numbers",
            "prompt": [{"role": "user", "content": f"{number}=?"}],
            "reward_model": {"style": "rule", "ground_truth": str(number)},
            "extra_info": {"index": number},
        }
        for number in range(ROWS)
    ]
    pq.write_table(pa.Table.from_pylist(rows), data)
    reward = f"reward.custom_reward_function.path={Path(__file__).parent / 'jobs' / 'alike_reward.py'}"
    overrides = [*demo_files("random"), reward, f"data.train_files={data}", *SETTINGS]

    killed = start_small(tmp_path, *overrides, DIE_IN_REFILL=str(KILLED_IN))
    assert killed.wait(360) != 0, killed.log[-4000:]
    assert killed.left_behind() == []
    resumed = start_small(tmp_path, *overrides)
    assert resumed.wait(400) != 0, resumed.log[-4000:]
    assert resumed.left_behind() == []

    seen = rows_of(tmp_path / "run" / "sent.jsonl")
    before, after = (
        [row["sent"] for row in seen if "sent" in row and row["step"] == KILLED_IN and row["pid"] == pid]
        for pid in dict.fromkeys(row["pid"] for row in seen)
    )
    assert len(before) == 3  # the step's own batch, and two refills
    assert after[0] == before[0]  # the step begins where it began
    sent = sum(after, [])
    assert sent == list(range(sent[0], sent[0] + len(sent)))  # each prompt once, none left out

    learned = [row["learned"] for row in seen if "learned" in row]
    assert len(learned) >= 3
    for step in learned:
        assert len(step) == PROMPTS * SAMPLES and len(set(step)) == PROMPTS
        assert all(index % 4 == 3 for index in step)
    used = [index for step in learned for index in sorted(set(step))]
    assert used == sorted(set(used))  # fresh ones alone
    assert sorted(set(learned[KILLED_IN - 1])) == [i for i in sent if i % 4 == 3][:PROMPTS]
    for metrics in resumed.steps:
        assert metrics["still/groups/effective_batch"] == PROMPTS * SAMPLES
        assert metrics["training/filter_groups/evicted_samples"] >= 12

    assert "StalledRun" in resumed.log
    assert "8 batches of prompts gave" in resumed.log and "max_num_gen_batches=8" in resumed.log
