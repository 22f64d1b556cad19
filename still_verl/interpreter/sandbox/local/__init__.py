"""The sandbox of this machine: each program runs in an isolated child of a fork server.

In the caller's process: `client.Local`, the entry point; `child`, the handle of a child; `session`, blocks that share
variables; `input_file`, what a program reads; `budget`, memory of all together; `greeting`, what the server says first.
In the other processes: `server`, which forks, and `threads`, which it counts; `preload` and `generators`, what the
server loads once; `child_main`, what a child does; `memory`, which makes forks cheap. Isolation: `tiers` finds out what
this machine offers and whether it is enough; `jail` combines namespaces (`filetree`), `limits` of the kernel with the
`footprint` of the interpreter, `seccomp` (system calls: `allowed`, in the instructions of `bpf`) and `landlock`
(files); `syscalls` makes the calls.

To add a mechanism: add a field to `tiers.Mechanisms`, try it in `tiers.probe`, and use it in `jail.confine` or
`jail.drop_privileges`. Then add programs to tests/interpreter/sandbox/test_hostile_on_cpu.py that it must stop.
docs/sandbox.md says what each tier protects from.
"""
