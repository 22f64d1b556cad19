"""What is sent to a SandboxFusion service for a program, and what its answer says."""

import inspect
import json
from typing import Literal

from pydantic import BaseModel

from still_verl.interpreter.sandbox import exec_block
from still_verl.interpreter.sandbox.base import INTERPRETER_MB, Limits, Outcome, exit_error
from still_verl.interpreter.sandbox.inside import calls, cells, commands, errors, imports, scripts, values

# What a program needs of ours, each after what it imports.
MODULES = (errors, commands, imports, cells, scripts, exec_block)
TOOLS = (values, calls)  # and what a script of a reward by tests needs
# One thread for numpy: a service that limits memory gives each thread a stack of that size.
_SCRIPT = """
import json, os, sys, types
os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
for _name, _source in {sources}:
    for _end in range(len(_name)):
        if _name[_end] == ".":
            sys.modules.setdefault(_name[:_end], types.ModuleType(_name[:_end]))
    _module = sys.modules[_name] = types.ModuleType(_name)
    exec(compile("from __future__ import annotations\\n" + _source, _name, "exec"), _module.__dict__)
_inside, _report = sys.modules[{main}], os.dup(2)
_input = os.dup(0) if {has_input} else None
_inside.prepare()
os.dup2(1, 2)
if _input is not None:
    _inside.use_input(_input)
if {is_script}:
    _error = _inside.scripts.run_script({code}, _inside.FILE)
else:
    _error = _inside.cells.run_block({code}, _inside.new_main(), _inside.FILE)
    _inside.flush()
os.write(_report, json.dumps({{"error": _error}}).encode())
os._exit(0)
"""


class Command(BaseModel):
    """A process of the service: SandboxFusion's `CommandRunResult`."""

    status: Literal["Finished", "Error", "TimeLimitExceeded"]
    return_code: int | None = None
    stdout: str | None = None
    stderr: str | None = None


class Reply(BaseModel):
    """SandboxFusion's `RunCodeResponse`, as far as it is read here."""

    status: Literal["Success", "Failed", "SandboxError"]
    run_result: Command | None = None


def input_text(stdin: str | bytes | None) -> str | None:
    """Return a program's standard input as the service takes it.

    Raises:
        ValueError: it is not UTF-8.
    """
    if not isinstance(stdin, bytes):
        return stdin
    try:
        return stdin.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"stdin is not UTF-8 ({error}), and the service takes text: use the local sandbox") from error


def request_body(code: str, limits: Limits, stdin: str | None = None, is_script: bool = False) -> bytes:
    """Return the body of `POST /run_code`: the keys that verl's own client sends.

    Args:
        code: the program.
        limits: what it may use.
        stdin: its standard input; None is none.
        is_script: run it as `python FILE` would, and not as a cell of a notebook.
    """
    body: dict[str, object] = {
        "language": "python",
        "code": program(code, stdin is not None, is_script),
        "stdin": stdin,
        "run_timeout": limits.seconds,
        "compile_timeout": limits.seconds,
        "memory_limit_MB": limits.memory_mb + INTERPRETER_MB,
        "files": {},
        "fetch_files": [],
    }
    return json.dumps(body).encode()


def program(code: str, has_input: bool = False, is_script: bool = False) -> str:
    """Return a script that runs `code` as the local sandbox does, with the same words for values and errors.

    Of a cell, stdout and stderr come as one stream on stdout; stderr brings how it ended.
    """
    modules = (*MODULES, *TOOLS) if is_script else MODULES
    sources = [(module.__name__, inspect.getsource(module)) for module in modules]
    return _SCRIPT.format(
        sources=ascii(sources),
        main=ascii(exec_block.__name__),
        code=ascii(code),
        has_input=has_input,
        is_script=is_script,
    )


def outcome(reply: Reply, limits: Limits) -> Outcome:
    """Return what became of a program, in full and as it was written.

    Raises:
        ValueError: the answer has no result.
    """
    if reply.status == "SandboxError":
        return Outcome("", "unavailable", "The interpreter could not run this code.")
    run = reply.run_result
    if run is None:
        raise ValueError("the answer has no run_result")
    output = run.stdout or ""
    if run.status == "TimeLimitExceeded":
        return Outcome(output, "timeout", limits.timeout_error)
    report = None
    if run.return_code == 0:
        report = _report(run.stderr or "")
    if report is None:
        return Outcome(output, "crash", exit_error(run.return_code))
    error = report["error"]
    return Outcome(output, "ok" if error is None else "error", error)


def _report(stderr: str) -> dict[str, str | None] | None:
    """Read the last line, if our script wrote it: the service's own shell may have warned before it."""
    try:
        found = json.loads(stderr.strip().rpartition("\n")[2])
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("error", 0), str | None):
        return None
    return found
