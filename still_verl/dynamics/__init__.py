"""What changes from step to step of a run, as pure functions and settings. Nothing here imports verl.

- `schedules`: from a step to a value (constant, linear, cosine, piecewise, ...).
- `numbers`: the node `still.schedules`, a schedule for each of several numbers.
- `resets`: when the reference is reset.
- `coefficient`: a value that is scheduled, or adapts to what was measured (adaptive KL, adaptive entropy).
- `selection`: which samples a step is trained on.
- `context`: how long a response may be in a step.
- `settings`: the nodes `still.kl`, `still.entropy`, `still.temperature`, `still.reference`, `still.context` and
  `still.selection`.
- `registries`: the names of schedules, selection rules and callbacks.

The callbacks that act on a trainer with these values are in `still_verl.integration.callbacks`. A schedule or a rule
of your own needs no change here: write a function and give its dotted name, see docs/extend.md.
"""
