"""The prompts of `still/prompt`, as verl's rollout renders them."""

import pytest
import verl  # noqa: F401  (puts our recipes on the search path)
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf
from verl.utils.tokenizer.continuous_token_wiring import create_continuous_token_builder

from still_verl.demo.tokenizer import character_tokenizer

QUESTION = [{"role": "user", "content": "What is 1 + 1?"}]


def rendered(choice: str) -> str:
    with initialize_config_module("verl.trainer.config", version_base=None):
        config = compose("ppo_trainer", ["+recipe=base", f"still/prompt={choice}"])
    tokenizer = character_tokenizer()
    kwargs = OmegaConf.to_container(config.data.apply_chat_template_kwargs)
    builder = create_continuous_token_builder(tokenizer, hf_model_type=None, chat_template_kwargs=kwargs)
    return tokenizer.decode(builder.build_initial_tokens(QUESTION))


ENDS = {
    "short": "<answer> 12 </answer>.",
    "short_boxed": "in \\boxed{}.",
    "long": "complete answer.",
    "long_boxed": "complete answer.",
}


@pytest.mark.parametrize("choice, last_words", ENDS.items())
def test_a_prompt_of_the_study_ends_in_the_think_that_the_response_continues(choice: str, last_words: str) -> None:
    assert rendered(choice).endswith(f"{last_words}\nUser: What is 1 + 1?\nAssistant: <think>\n")


def test_the_long_prompt_says_what_the_short_one_says_and_more() -> None:
    format_of_answers = rendered("short").splitlines()[0]
    assert rendered("long").startswith(format_of_answers) and "Alternatively" in rendered("long")


@pytest.mark.parametrize("choice", ["short", "long"])
def test_the_study_asks_for_no_box_and_a_prompt_that_does_says_the_rest_alike(choice: str) -> None:
    box = " In the answer, the result is put in \\boxed{}."
    assert "boxed" not in rendered(choice)
    assert rendered(f"{choice}_boxed").replace(box, "") == rendered(choice)


def test_prompts_for_r1_distill_ask_what_their_names_say() -> None:
    """Between the marks of these models, and without the `<think>` that their template has come to end in."""
    bare, steps, code = rendered("bare"), rendered("step_by_step"), rendered("r1_code")
    assert bare == "<｜User｜>What is 1 + 1?<｜Assistant｜>"
    for prompt in (steps, code):
        assert prompt.startswith("<｜User｜>What is 1 + 1?\n") and prompt.endswith("\\boxed{}.<｜Assistant｜>")
    assert "```python" in code and "```output" in code and "```" not in steps


def test_bare_leaves_out_a_system_prompt_of_the_data_and_begins_as_the_model_does() -> None:
    """R1-Distill was asked without one; its tokenizer has a token that begins a text."""
    with initialize_config_module("verl.trainer.config", version_base=None):
        template = compose("ppo_trainer", ["+recipe=base", "still/prompt=bare"]).data.apply_chat_template_kwargs
    tokenizer = character_tokenizer()
    tokenizer.bos_token = "<|user|>"
    messages = [{"role": "system", "content": "Be brief."}, *QUESTION]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, **template)
    assert text == "<|user|><｜User｜>What is 1 + 1?<｜Assistant｜>"


def test_raw_adds_nothing_and_own_is_the_models_template() -> None:
    assert rendered("raw") == "What is 1 + 1?"
    assert rendered("own") == "<|user|>What is 1 + 1?<|assistant|>"
