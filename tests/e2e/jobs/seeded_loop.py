"""The agent loop `still`, whose responses follow from the weights: each has a seed, made of prompt and session."""

import zlib

from verl.experimental.agent_loop.agent_loop import register

from still_verl.integration.agent_loops.single_turn import SingleTurn


@register("still_seeded")
class SeededLoop(SingleTurn):
    async def run(self, sampling_params, **kwargs):
        seed = zlib.crc32(f"{list(kwargs['raw_prompt'])} {kwargs['session_id']}".encode())
        return await super().run({**sampling_params, "seed": seed}, **kwargs)
