"""The sandbox of another machine: a service that speaks SandboxFusion's HTTP (github.com/bytedance/SandboxFusion).

`client.Fusion` is the entry point: it sends programs and turns every answer, and a missing answer, into a result.
`protocol` defines what is sent for a program and what the answer means. `circuit_breaker` stops calling a service for
a while after it failed several times.

For a service with another protocol write another sandbox: a class as `base.BuildsSandbox` says. Give it `submit` as
well as the methods of `base.Sandbox`, so that a program that runs elsewhere blocks no thread here. You can use
`Breaker` as it is. tests/interpreter/sandbox/conftest.py has a small service to test against.
"""
