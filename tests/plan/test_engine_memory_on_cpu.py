"""The planner's memory of an update beside the bytes that verl's FSDP2 engine holds of the real 1.5B and 7B models."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

ENGINE = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "plan_engine.py")))


@pytest.mark.process
@pytest.mark.parametrize("name", ["zero_1_5b", "zero_7b: temperature 1.2"])
def test_a_recipes_update_is_planned_within_10_percent_of_the_engine(name: str) -> None:
    """Tied weights on 8 devices, and untied ones on 32 with logits that a temperature copies."""
    counted = ENGINE.compare(ENGINE.CASES[name], name)
    engine, plan = counted.engine, counted.plan
    assert abs(counted.error) < 0.1, (engine, plan)
    # Beyond the state, which is arithmetic, too.
    state = plan["parameters"] + plan["gradients"] + plan["optimizer"]
    working = sum(engine.values()) - state
    assert sum(plan.values()) - state == pytest.approx(working, rel=0.1)
    assert engine["Sharded Param"] == pytest.approx(plan["parameters"], rel=0.001)
