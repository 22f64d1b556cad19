"""How a response is written: verl's rollout makes one agent loop for each sample and awaits its `run`.

- `single_turn`: `still`, verl's single turn for any tokenizer, with the budget and temperature of the step.
- `code`: `still_code`, which stops at code, runs it in a sandbox, adds the masked output, and continues.
- `tool_agent`: `still_tool_agent`, verl's loop of tools, which also says what the model wrote itself.
- `prepared`, `workers`: the workers that build the loops and say why a response failed.
- `tool_calls`: the code format `tool_call`, read by verl's own parsers.

Each loop leaves in `extra_fields` what rewards and the monitor read: `finish_reason`, `response_tokens`,
`response_budget`. With code they also have the counts `tool_*`, and `tool_spans`: where the output of tools is.

A code format of your own needs no new loop: give `still.interpreter.format` the dotted name of a class with the methods
of `still_verl.interpreter.formats.CodeFormat`, see docs/extend.md. A loop of your own can subclass
`single_turn.SingleTurn` and be registered by verl's decorator.
"""
