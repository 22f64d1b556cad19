"""Two validations keep samples of the same prompts, whatever order they come in."""

import random

from still_verl.monitor.samples import same_prompts


def test_two_validations_in_another_order_keep_the_same_prompts() -> None:
    prompts = [f"{index}+{index}=" for index in range(256)]
    kept = []
    for seed in range(5):
        random.Random(seed).shuffle(prompts)
        indices = same_prompts(prompts, 16)
        assert len(indices) == 16 and indices == sorted(indices)
        kept.append({prompts[index] for index in indices})
    assert all(chosen == kept[0] for chosen in kept)


def test_a_prompt_that_is_added_moves_at_most_one_other() -> None:
    prompts = [f"problem {index}" for index in range(100)]
    before = {prompts[index] for index in same_prompts(prompts, 10)}
    more = [*prompts, "one more"]
    assert len(before & {more[index] for index in same_prompts(more, 10)}) >= 9


def test_one_sample_of_each_prompt_comes_before_a_second_one() -> None:
    prompts = ["a", "a", "a", "b", "b", "b"]
    assert same_prompts(prompts, 2) == [0, 3]
    assert same_prompts(prompts, 4) == [0, 1, 3, 4]
    assert same_prompts(prompts, 99) == list(range(6)) and same_prompts([], 3) == [] and same_prompts(prompts, 0) == []


def test_a_prompt_of_any_characters_has_a_hash() -> None:
    assert same_prompts(["\ud800", "", "\x00"], 2) == same_prompts(["\ud800", "", "\x00"], 2)
