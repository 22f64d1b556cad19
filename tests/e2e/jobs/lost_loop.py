"""The agent loop `still`, which loses the responses of the second step for ever."""

import asyncio

from verl.experimental.agent_loop.agent_loop import register

from still_verl.integration.agent_loops.single_turn import SingleTurn


@register("still_lost")
class Lost(SingleTurn):
    async def run(self, sampling_params, **kwargs):
        output = await super().run(sampling_params, **kwargs)
        if output.extra_fields["min_global_steps"] >= 1:
            await asyncio.sleep(100_000)
        return output
