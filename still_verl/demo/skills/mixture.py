"""All skills in one data set."""

import random
from pathlib import Path
from typing import Any

from still_verl.demo.files import TRAIN_FILE, VAL_FILE
from still_verl.demo.skills.programs import Programs
from still_verl.demo.skills.sisters import Sisters
from still_verl.demo.skills.skill import Skill, draw
from still_verl.demo.skills.sums import Sums
from still_verl.demo.tasks import row, write_rows

SKILLS: tuple[Skill, ...] = (Sums(), Programs(), Sisters())


def draw_example(rng: random.Random) -> tuple[str, str]:
    """Return a prompt and a response of some skill, for pre-training."""
    skill = rng.choice(SKILLS)
    problem = draw(skill, rng)
    return problem.prompt, skill.respond(problem, rng)


def write_skills(directory: Path, train: int, val: int, seed: int = 0) -> tuple[Path, Path]:
    """Write `train` and `val` problems of each skill, all in turn, and return the two files."""
    written = []
    for split, count, file in (("train", train, TRAIN_FILE), ("val", val, VAL_FILE)):
        rows = _rows(count, split, random.Random(seed))
        written.append(write_rows(directory / file, rows))
    return written[0], written[1]


def _rows(count: int, split: str, rng: random.Random) -> list[dict[str, Any]]:
    rows = []
    for index in range(count):
        for skill in SKILLS:
            problem = draw(skill, rng, validation=split == "val")
            prompt = [{"role": "user", "content": problem.prompt}]
            rows.append(row(skill.source, prompt, problem.prompt, problem.ground_truth, split, index))
    return rows
