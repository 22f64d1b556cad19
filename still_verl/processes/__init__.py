"""Subprocesses that import once and fork many times: the one way in which still_verl starts processes of its own.

Here are: `fork_server.ForkServer`, the caller's side, which starts such a subprocess, hands descriptors over to it and
restarts it when it died; `children`, what the subprocess and its forked children share; `after_fork`, what happens to
all of it when the caller itself forks.

The graders of mathematical answers (`rewards.equivalence.pool`) and the local sandbox
(`interpreter.sandbox.local.client`) are built on it. The workers of Ray on a laptop (`integration.cpu.fork_server`)
share some pieces: there Ray is the caller.

To add a fork server: write a function that takes the descriptor of a control socket, imports what it needs, sends one
message that says that it is ready, and forks for every request, see `rewards.equivalence.worker`. Then make a
`ForkServer` of its name. Nothing here imports verl, Ray or torch.
"""
