"""A tiny model learns to let Python compute: demonstrations of a teacher, supervised training, then RL.

- `powers`: the task, which the model cannot do by itself.
- `teacher`: a scripted server that demonstrates, not always well.
- `stages`: the commands of the chain, as a user would type them.
- `chain`: runs them, and goes on where it was.
- `results`: what came out, as a table.

The model is small enough for a laptop, and the trainings are those of any model: verl's own, with our recipes.
"""
