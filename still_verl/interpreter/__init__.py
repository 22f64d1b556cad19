"""The code interpreter of a rollout: a model writes programs in its response and reads what they print.

`settings` is the node `still.interpreter`, and `build` makes the sandbox of a worker from it. `formats` and `fences`
find the programs in the text. `turns` lets model and interpreter take turns, and `response` writes one response that
way. `token_buffer` keeps its tokens with their mask. `tool_stats` counts how the programs ended. `finish_reason` says
why a response ended. `sandbox` runs the programs, `packages` says what they can import, and `checks` tries all of it
before a run. The agent loop `still_verl.integration.agent_loops.code` uses this in training, and imports verl;
`still_verl.evaluation.engines.interpreted` uses it in an evaluation.

To add a format of code: write a class with the methods of `formats.CodeFormat` and give its dotted name as
`still.interpreter.format`. To add a sandbox, see `sandbox`. The short names are in `registries`; docs/extend.md has an
example of each. Nothing here imports verl, Ray or torch.
"""
