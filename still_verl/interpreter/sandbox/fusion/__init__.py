"""The sandbox of another machine: a service that speaks SandboxFusion's HTTP (github.com/bytedance/SandboxFusion).

`client.Fusion` is the entry point: it sends programs and turns whatever comes back, or does not, into results.
`protocol` says what is sent for a program and what the answer means; `circuit_breaker` leaves a service alone for a
while that fails again and again.

Another service with another protocol is a sandbox of its own: write a class as `base.BuildsSandbox` says, with
`submit` beside the methods of `base.Sandbox`, so that a program that runs elsewhere holds no thread here. `Breaker` can
be used as it is. tests/interpreter/sandbox/conftest.py has a small service to test against.
"""
