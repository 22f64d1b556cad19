"""The client of a SandboxFusion service, against a real HTTP server that runs programs or misbehaves."""

from collections.abc import Callable
from typing import Any

import pytest

from still_verl.interpreter.sandbox.base import Limits, SandboxUnavailable
from still_verl.interpreter.sandbox.fusion.client import Fusion
from still_verl.interpreter.sandbox.local.client import Local

PROGRAMS = {
    "prints": "print('a'); print('b')",
    "last value": "x = 20\nx + 1",
    "nothing": "x = 1",
    "raises": "def f():\n    return 1 / 0\nprint('before')\nf()",
    "syntax": "print(1\nx = = 2",
    "both streams in order": "import sys\nprint(1, flush=True)\nprint(2, file=sys.stderr)\nprint(3)",
    "input": "input()",
    "exits": "import sys\nsys.exit(3)",
    "ends its process": "import os\nos._exit(3)",
    "quotes and braces": "print('''{a} \"\"\" \\\\ {{''')",
    "unicode": "print('€ 漢 \\U0001f600')",
    "a lone surrogate in the code": "print('\ud800')",
    "a NUL in the output": "print('a\\0b')",
    "long": "print('a' * 5000)",
    "its own name": "print(__name__)",
}


@pytest.mark.parametrize("code", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_program_ends_as_it_does_locally(service: Any, fusion: Callable[..., Fusion], code: str) -> None:
    service.run_programs()
    remote, local = fusion().run(code), Local(Limits(output_chars=2000))
    here = local.run(code)
    local.close()
    assert (remote.stdout, remote.kind, remote.error) == (here.stdout, here.kind, here.error)
    assert remote.tier == "remote"


def test_a_program_that_does_not_end(service: Any, fusion: Callable[..., Fusion]) -> None:
    service.run_programs()
    result = fusion(seconds=1.0).run("print('x', flush=True)\nwhile True: pass")
    assert (result.stdout, result.kind, result.error) == ("x\n", "timeout", "stopped after 1 seconds")


def test_the_request_is_what_verls_client_sends(service: Any, fusion: Callable[..., Fusion]) -> None:
    fusion(seconds=7.0).run("print(1)")
    (request,) = service.requests
    assert request["path"] == "/run_code"
    assert set(request) - {"path"} == {
        *("language", "code", "stdin", "run_timeout", "compile_timeout", "memory_limit_MB", "files", "fetch_files")
    }
    assert (request["language"], request["run_timeout"], request["memory_limit_MB"]) == ("python", 7.0, 512 + 256)


@pytest.mark.parametrize("tail", ["", "/", "/run_code", "/run_code/"])
def test_the_url_may_end_as_verls_does(tail: str) -> None:
    assert Fusion("http://sandbox:8080" + tail).url == "http://sandbox:8080/run_code"


def test_it_has_no_sessions() -> None:
    with pytest.raises(SandboxUnavailable, match="stateful=false"):
        Fusion("http://sandbox").session()


def test_the_doctor_asks_the_service(service: Any) -> None:
    from still_verl.doctor import check_fusion

    service.run_programs()
    (healthy,) = check_fusion(service.url)
    assert healthy.ok and "tier remote" in healthy.found
    service.behave = lambda handler, request: handler.answer(b"oops", status=500)
    (ill,) = check_fusion(service.url)
    assert not ill.ok and "500" in ill.found and ill.fix


def test_a_job_whose_service_runs_programs_may_start(service: Any) -> None:
    from omegaconf import OmegaConf

    from still_verl.integration.checks.interpreter import check_interpreter
    from still_verl.interpreter.settings import InterpreterConfig

    service.run_programs()
    agent = {"rollout": {"agent": {"default_agent_loop": "still_code"}}}
    settings = InterpreterConfig(sandbox="fusion", url=service.url, stateful=False)
    check_interpreter(OmegaConf.create({"actor_rollout_ref": agent}), settings)
    assert len(service.requests) == 1


def test_the_settings_choose_the_sandbox() -> None:
    from still_verl.interpreter.build import build_async_sandbox
    from still_verl.interpreter.sandbox.bubblewrap import Bubblewrap
    from still_verl.interpreter.settings import InterpreterConfig

    remote = build_async_sandbox(InterpreterConfig(sandbox="fusion", url="http://x", stateful=False, max_concurrent=3))
    assert isinstance(remote.sandbox, Fusion) and remote.sandbox.tier == "remote"
    assert isinstance(build_async_sandbox(InterpreterConfig(sandbox="bubblewrap")).sandbox, Bubblewrap)
    assert isinstance(build_async_sandbox(InterpreterConfig()).sandbox, Local)
