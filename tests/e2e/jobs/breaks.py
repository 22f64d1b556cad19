"""A reward that works until the weights of step 2 are there, and an agent loop that never ends for one prompt then."""

import asyncio

from verl.experimental.agent_loop.agent_loop import register

from still_verl.integration.agent_loops.single_turn import SingleTurn

BREAKS_AFTER = 2  # updates of the weights


def compute_score(data_source, solution_str, ground_truth, extra_info=None, **kwargs):
    if (extra_info or {}).get("min_global_steps", 0) >= BREAKS_AFTER:
        raise ConnectionError("the judge of step 3 is away")
    return sum(c.isdigit() for c in solution_str) / (len(solution_str) + 1)


@register("still_lost")
class Lost(SingleTurn):
    """Loses one response of the second step for ever."""

    async def run(self, sampling_params, **kwargs):
        output = await super().run(sampling_params, **kwargs)
        if output.extra_fields["min_global_steps"] >= 1:
            await asyncio.sleep(100_000)
        return output
