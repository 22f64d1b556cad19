"""What acts on a run: each idea is one callback of our trainers.

- `base`: the protocol, `Callback`, with its hooks.
- `build`: those of a job, in their order.
- `step_value`: one number of a step, which the next ones share.
- `kl`, `entropy`: the coefficients of a step; `schedules`: any other number of the loss, and the learning rate.
- `verl_kl`: verl's own adaptive KL coefficient, over a resume.
- `reference`: makes the reference a copy of the actor, or lets it follow.
- `sampling`: how long responses may be, and their temperature.
- `selection`: which samples a step is trained on.
- `monitor`: metrics, samples and alarms; called last, so that it sees what the others did.

To add one of your own, subclass `Callback` and name it in the job: `still.callbacks=[my_package.MyCallback]`. The
names of ours are in `still_verl.dynamics.registries.CALLBACKS`; docs/extend.md has an example.
"""
