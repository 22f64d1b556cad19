"""What a fork of `fork_server` does to become the process that was asked for."""

import atexit
import contextlib
import fcntl
import gc
import os
import runpy
import signal
import sys
import types
from pathlib import Path

from still_verl.integration.cpu.fork_request import Request
from still_verl.processes import children


def become(request: Request, files: list[int]) -> None:
    """Go on as `python` would with the request's arguments, environment and files."""
    put_in_place(files, request.files)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if request.argv[0] == "-c":  # vLLM's engine names itself
        find_title()
    atexit.register(gc.unfreeze)  # extension modules complain at exit of what was not collected
    for name in os.environ.keys() - request.env.keys():
        del os.environ[name]
    os.environ.update(request.env.items() - os.environ.items())  # what is the same stays in its place, see find_title
    os.chdir(request.cwd)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()  # the standard library's generator does so by itself
    os.setpgid(0, 0)  # Ray kills a worker's process group
    if request.status is not None:
        os.set_inheritable(request.status, False)  # else a program that this process leaves behind would hold it open
    try:
        run(request.argv)
    except SystemExit as ended:
        if request.status is not None:
            os.write(request.status, bytes([exit_status(ended)]))
        raise


def exit_status(ended: SystemExit) -> int:
    """Return what a process that ends so tells its parent."""
    if ended.code is None:
        return 0
    return ended.code & 0xFF if isinstance(ended.code, int) else 1


def find_title() -> None:
    """Let this process name itself: setproctitle finds the place by variables that are where they were at first."""
    with contextlib.suppress(ImportError):
        import setproctitle

        setproctitle.getproctitle()


def put_in_place(files: list[int], numbers: list[int]) -> None:
    """Give files other numbers, whatever has these now."""
    if not files:
        return
    aside = [fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, max(numbers) + 1) for file in files]
    children.close_all(files)
    for file, number in zip(aside, numbers, strict=True):
        os.dup2(file, number)
    children.close_all(aside)


def run(argv: list[str]) -> None:
    """Run a script, the program of -c or the module of -m."""
    match argv:
        case ["-c", program, *arguments]:
            sys.argv = ["-c", *arguments]
            sys.modules["__main__"] = types.ModuleType("__main__")
            exec(program, sys.modules["__main__"].__dict__)
        case ["-m", module, *arguments]:
            sys.argv = [module, *arguments]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case [script, *_]:
            sys.argv = argv
            sys.path[0] = str(Path(script).parent)
            runpy.run_path(script, run_name="__main__")
