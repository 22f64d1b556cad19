"""Runs the programs of a model, isolated from everything else.

`base` has the protocol `Sandbox`, its limits, results and sessions. There are three sandboxes: `local.client.Local` (a
fork server on this machine, milliseconds for a program), `bubblewrap.Bubblewrap` (the command `bwrap`, an
interpreter for each program), and `fusion.client.Fusion` (a service on another machine). `async_sandbox.AsyncSandbox`
makes any of them usable from coroutines. `exec_block` runs inside the process of a program, in all three.

To add a sandbox: write a class with `from_settings` and the methods of `base.Sandbox`, and give its dotted name as
`still.interpreter.sandbox`, see `base.BuildsSandbox` and docs/extend.md. You need not register it.
Nothing here imports verl, Ray or torch.
"""
