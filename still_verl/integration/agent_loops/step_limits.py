"""What the step allows a response of verl's own loops: its budget and its temperature."""

from typing import Any


def apply_step(
    loop: Any, sampling_params: dict[str, Any], budget: int | None, temperature: float | None
) -> dict[str, Any]:
    """Return sampling parameters with the budget (tokens) and temperature of the step; None changes nothing.

    Args:
        loop: of one response; its `response_length` becomes the budget.
    """
    sampling_params = dict(sampling_params)
    if budget is not None:
        loop.response_length = sampling_params["max_tokens"] = min(budget, loop.response_length)
    if temperature is not None:
        sampling_params["temperature"] = temperature
    return sampling_params
