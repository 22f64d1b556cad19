"""The sandbox of this machine: each program in a confined child of a fork server that is warm.

On the caller's side: `client.Local`, the entry point; `child`, a process seen from outside; `session`, blocks that
share variables. On the other side: `server`, which forks; `preload`, what it imports and does once; `child_main`, the
life of a child; `memory`, which makes forks cheap. What confines a child: `tiers` finds out what this machine gives and
what is enough; `jail` puts it together from namespaces and limits, `seccomp` (system calls) and `landlock` (files), by
way of `syscalls`.

To add a mechanism: add a field to `tiers.Mechanisms`, a trial of it to `tiers.probe`, and use it in `jail.confine` or
`jail.drop_privileges`. Then add programs to tests/interpreter/sandbox/test_hostile_on_cpu.py that it must stop.
docs/sandbox.md says what each tier holds off.
"""
