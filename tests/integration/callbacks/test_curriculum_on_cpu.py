"""The callback that chooses problems: what it draws, learns, forgets and keeps. Only the queue is replaced."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import datasets
import numpy as np
import pytest
from omegaconf import OmegaConf

from still_verl.integration.callbacks import curriculum
from still_verl.integration.callbacks.curriculum import Curriculum
from still_verl.integration.chosen_prompts import problem_keys
from still_verl.monitor.rows import StepRows

DATA = {"prompt_key": "prompt", "reward_fn_key": "data_source", "train_batch_size": 4, "seed": 1}


class Rows:
    """A data set of verl's, as far as it is read here; every problem is there `copies` times."""

    def __init__(self, problems: int, copies: int = 1, offset: int = 0, **columns: Any) -> None:
        numbers = [offset + number % problems for number in range(problems * copies)]
        rows = {
            "prompt": [[{"role": "user", "content": f"{number} + 1?"}] for number in numbers],
            "data_source": ["sums"] * len(numbers),
            "reward_model": [{"ground_truth": str(number + 1)} for number in numbers],
            "extra_info": [{"index": index} for index in range(len(numbers))],
        }
        self.dataframe = datasets.Dataset.from_dict(rows | columns)

    def __len__(self) -> int:
        return len(self.dataframe)

    def __getitem__(self, row: int) -> dict[str, Any]:
        return dict(self.dataframe[row])


class Run:
    """A trainer, as far as the callback sees one: it fetches prompts, has them answered, and updates."""

    def __init__(self, dataset: Any, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
        node = {"choose": "thompson"} | settings
        config = OmegaConf.create({"still": {"curriculum": node}, "data": DATA})
        self.callback = Curriculum(config)
        self.trainer: Any = SimpleNamespace(
            train_dataset=dataset,
            global_steps=1,
            replay_buffer=SimpleNamespace(),
            samples=SimpleNamespace(rows=lambda batch: batch),
        )
        self.alive: set[str] = set()
        monkeypatch.setattr(curriculum, "waiting_prompts", lambda partition: self.alive)
        self.callback.on_data(self.trainer)
        self.callback.on_init_end(self.trainer)
        self.iterator = iter(self.trainer.train_dataloader)
        self.fetched = 0

    def fetch(self) -> dict[str, str]:
        """Return the question of each uid."""
        batch = next(self.iterator)
        uids = [f"u{self.fetched + number}" for number in range(len(batch["prompt"]))]
        self.fetched += len(uids)
        self.callback.on_prompts(self.trainer, {"uid": np.array(uids, dtype=object)})  # type: ignore[arg-type]
        return {uid: prompt[0]["content"] for uid, prompt in zip(uids, batch["prompt"], strict=True)}

    def answer(self, right: dict[str, list[float]]) -> None:
        """Have responses to some prompts, right ones as 1."""
        uids = [uid for uid, scores in right.items() for _ in scores]
        scores = np.array([score for scores in right.values() for score in scores])
        empty: list[Any] = [{} for _ in uids]
        self.callback.on_batch(self.trainer, StepRows(uids, scores, uids, empty, empty, [[1]] * len(uids)), {})  # type: ignore[arg-type]

    def update(self) -> dict[str, Any]:
        metrics: dict[str, Any] = {}
        self.callback.on_update(self.trainer, metrics)
        self.trainer.global_steps += 1
        self.callback.on_step_begin(self.trainer)
        return {name.rpartition("/")[2]: value for name, value in metrics.items()}


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    def run(dataset: Any, **settings: Any) -> Run:
        made = Run(dataset, monkeypatch, **settings)
        made.callback.on_step_begin(made.trainer)
        return made

    return run


def test_what_a_step_is_told_and_says(start: Callable[..., Run]) -> None:
    run = start(Rows(20))
    first = list(run.fetch())
    run.answer({first[0]: [1, 0], first[1]: [1, 1], first[2]: [0, 0], first[3]: [1, 0]})
    said = run.update()
    assert said.pop("error") == pytest.approx(0.25), "expected a half of each"
    assert said == {"resting": 1, "coverage": 0.2, "signal": 0.5, "expected": 0.5, "seen": 0.5, "lag": 0.0}


def test_groups_that_verl_replaces_are_learned_from(start: Callable[..., Run]) -> None:
    run = start(Rows(20))
    first = run.fetch()
    uids = list(first)
    run.trainer.replay_buffer.on_replaced(uids[0], 1.0, 8)
    run.answer({uid: [1, 0] for uid in uids[1:]})
    assert run.callback.draw.beliefs.right.max() == 8
    said = run.update()
    assert said["signal"] == 0.75 and said["resting"] == 1


def test_copies_of_a_problem_are_one(start: Callable[..., Run]) -> None:
    run = start(Rows(8, copies=5))
    questions = [*run.fetch().values(), *run.fetch().values()]
    assert sorted(questions) == sorted(f"{number} + 1?" for number in range(8))


def test_a_prompt_that_never_comes_back_may_be_asked_again(start: Callable[..., Run]) -> None:
    run = start(Rows(8))
    uids = list(run.fetch())
    run.alive = {uids[0]}  # the others failed
    assert "signal" not in run.update()
    assert set(run.callback.waiting) == {uids[0]}
    run.fetch(), run.answer({uids[0]: [1, 0]})
    assert run.update()["lag"] == 1.0


def test_what_a_checkpoint_keeps(start: Callable[..., Run], tmp_path: Path) -> None:
    runs = [start(Rows(30)), start(Rows(30))]
    uids = list(runs[0].fetch())
    runs[0].answer({uids[0]: [1, 0], uids[1]: [1, 1]})
    runs[1].alive = set(uids[2:])  # the last one made is asked
    runs[0].update()
    state = runs[0].callback.state_dict()
    runs[0].callback.save(runs[0].trainer, tmp_path)
    runs[1].callback.load_state_dict(state)
    runs[1].callback.load(runs[1].trainer, tmp_path)
    assert runs[1].callback.waiting == runs[0].callback.waiting and len(runs[1].callback.waiting) == 2
    runs[1].trainer.global_steps = 2
    for _ in range(3):
        assert list(runs[0].fetch().values()) == list(runs[1].fetch().values())


def test_a_resume_with_other_data_keeps_what_is_known_of_the_rest(
    start: Callable[..., Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = start(Rows(6))
    questions = run.fetch()
    run.answer({uid: [1, 0, 0] for uid in questions})
    state = run.callback.state_dict()
    run.callback.save(run.trainer, tmp_path)
    other = start(Rows(6, offset=3))
    other.callback.load_state_dict(state)
    other.callback.load(other.trainer, tmp_path)
    kept = sum(int(question.split()[0]) >= 3 for question in questions.values())
    assert (other.callback.draw.beliefs.right > 0).sum() == kept
    assert "of the 6 problems of the checkpoint 3 are among the 6 of this job" in capsys.readouterr().out


def test_grades_are_where_it_begins(start: Callable[..., Run]) -> None:
    run = start(Rows(4, pass_rate=[0.25, None, 1.0, 0.0], n=[8, 0, 4, 12]), graded=True)
    beliefs = run.callback.draw.beliefs
    assert beliefs.right.tolist() == [2, 0, 4, 0] and beliefs.wrong.tolist() == [6, 0, 0, 12]
    assert beliefs.prior != (1.0, 1.0)


def test_rows_with_images_are_a_problem_each() -> None:
    data: Any = OmegaConf.create(DATA | {"image_key": "images"})
    twice = Rows(2, copies=2)
    assert len(set(problem_keys(twice, data))) == 2
    assert len(set(problem_keys(Rows(2, copies=2, images=[["a"], ["b"], ["c"], ["d"]]), data))) == 4
    assert len(set(problem_keys([{}] * 5, data))) == 5
