"""What names of the contract are called in older releases that are supported; None: not there, and not used there.

still_verl/integration/releases.py has the code for what differs.
"""

_LOOP = "verl.experimental.agent_loop.agent_loop:AgentLoopBase"
_TOKENS = "verl.utils.tokenizer"
_BUFFER = "verl.trainer.ppo.v1.replay_buffer:ReplayBufferAsync"

OLDER: dict[str, dict[str, str | None]] = {
    "0.9.0": {
        f"{_LOOP}.ct_merge_context_msg": f"{_LOOP}.ct_merge_non_assistant_msg",
        f"{_BUFFER}.wait_for_sampleable": f"{_BUFFER}.sample",
        # A vision model takes verl's older path there, and rows of padding have two tokens already.
        f"{_TOKENS}.continuous_token:VLContinuousTokenMixin.render_tokens_with_mm": None,
        f"{_TOKENS}.continuous_token_wiring:create_continuous_token_builder": None,
        "verl.trainer.ppo.padding_utils": None,
    }
}
