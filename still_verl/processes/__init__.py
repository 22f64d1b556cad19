"""Fork servers: subprocesses that import once and fork many times. The sandbox and the graders use them.

- `fork_server.ForkServer`: the caller's side. It starts the subprocess, sends it file descriptors, and restarts it when
  it died.
- `children`: functions for the subprocess and its forked children.
- `after_fork`: what happens to the connections when the caller itself forks.

The graders of mathematical answers (`rewards.equivalence.pool`) and the local sandbox
(`interpreter.sandbox.local.client`) are built on it. The workers of Ray on a laptop (`integration.cpu.fork_server`)
use some of its functions; there Ray is the caller.

To add a fork server: write a function that takes the descriptor of a control socket. It imports what it needs, sends
one message when it is ready, and forks for every request; see `rewards.equivalence.worker`. Then make a `ForkServer`
with its name. Nothing here imports verl, Ray or torch.
"""
