"""The sandbox of this machine: each program runs in an isolated child of a fork server.

In the caller's process: `client.Local`, the entry point; `child`, the handle of a child; `session`, blocks that share
variables. In the other processes: `server`, which forks; `preload`, what the server imports and does once;
`child_main`, what a child does; `memory`, which makes forks cheap. Isolation: `tiers` finds out what this machine
offers and whether it is enough; `jail` combines namespaces, limits, `seccomp` (system calls) and `landlock` (files);
`syscalls` makes the system calls.

To add a mechanism: add a field to `tiers.Mechanisms`, try it in `tiers.probe`, and use it in `jail.confine` or
`jail.drop_privileges`. Then add programs to tests/interpreter/sandbox/test_hostile_on_cpu.py that it must stop.
docs/sandbox.md says what each tier protects from.
"""
