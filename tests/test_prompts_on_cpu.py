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


@pytest.mark.parametrize("choice, last_words", [("short", "in \\boxed{}."), ("long", "complete answer.")])
def test_a_prompt_of_the_study_ends_in_the_think_that_the_response_continues(choice: str, last_words: str) -> None:
    assert rendered(choice).endswith(f"{last_words}\nUser: What is 1 + 1?\nAssistant: <think>\n")


def test_the_long_prompt_says_what_the_short_one_says_and_more() -> None:
    format_of_answers = rendered("short").splitlines()[0]
    assert rendered("long").startswith(format_of_answers) and "Alternatively" in rendered("long")


def test_raw_adds_nothing_and_own_is_the_models_template() -> None:
    assert rendered("raw") == "What is 1 + 1?"
    assert rendered("own") == "<|user|>What is 1 + 1?<|assistant|>"
