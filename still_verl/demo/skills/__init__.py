r"""Three skills of one tiny model: sums, programs and a puzzle. Each has its own reward, in one run of `demo_skills`.

- `sums`: the additions of the demo, paid by the answer in `\boxed{}`.
- `programs`: an expression in words; the model writes a Python program, which is paid by tests.
- `sisters`: a puzzle of reasoning-gym (Alice in Wonderland), paid by its set.
- `skill`: what each of them is: problems, what a response looks like, rows of data.
- `mixture`: all three in one data set.

As with the demo's sums, mistakes are planted in what the model reads before RL: it can do each when it decodes
greedily, and mostly fails when it is sampled.
"""
