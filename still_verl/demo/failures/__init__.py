"""Real runs of the demo that fail, each in a way of its own: `still-verl demo --failure NAME`.

Nothing is faked: each has settings that a user may set by mistake, a reward with a loophole, or data that teaches
nothing. The tiny model learns from that as any model would, and the monitor sees it.

- `failure.DemoFailure`: what a failure is. `table`: ours, by name in `demo.registries`.
- `data`: problems that are too hard or too easy.

To add one, make a `DemoFailure` in a module of yours and give its dotted name: `--failure my_package.failures.MINE`. To
add one to still_verl, write it in `table`, name it in `demo.registries.FAILURES` and in docs/alarms.md; the slow test
`tests/e2e/test_failures_on_cpu.py` runs it.
"""
