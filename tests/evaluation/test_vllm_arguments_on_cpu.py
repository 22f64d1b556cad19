"""What vLLM's engine is given by name is an argument of it."""

import pytest

from still_verl.config_errors import ConfigError
from still_verl.evaluation.engines.base import EngineOptions
from still_verl.evaluation.engines.vllm_offline import VllmOffline

pytest.importorskip("vllm")


@pytest.mark.parametrize(
    ("name", "said"),
    [("temperature", "how samples are drawn is no part of it"), ("max_modle_len", "did you mean max_model_len")],
)
def test_what_is_no_argument_of_the_engine_is_refused_before_a_model_is_loaded(name: str, said: str) -> None:
    engine = VllmOffline(EngineOptions("nowhere", extra={"dtype": "float32", name: 1}))
    with pytest.raises(ConfigError, match=f"--engine-arg {name}: vLLM's engine has no such argument .*{said}"):
        engine._load()
