"""What a job without an accelerator needs of its machine."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from omegaconf import DictConfig, OmegaConf

from still_verl.config_errors import ConfigError
from still_verl.demo.prepare import prepare
from still_verl.integration.checks import cpu


def job(**ray_init: str) -> DictConfig:
    bucket = {"checkpoint_engine": {"update_weights_bucket_megabytes": 256}, "tensor_model_parallel_size": 1}
    return OmegaConf.create(
        {
            "actor_rollout_ref": {"rollout": bucket},
            "trainer": {"n_gpus_per_node": 1, "v1": {"trainer_mode": "still_sync"}},
            "ray_kwargs": {"ray_init": ray_init},
        }
    )


def test_a_bucket_smaller_than_the_largest_weight() -> None:
    """verl would hang: its sender fails while the receiver waits."""
    with pytest.raises(ConfigError, match="the largest weight has 300 MB"):
        cpu.check_bucket(job(), largest=300 << 20, free_shm=1 << 40)


def test_too_little_memory() -> None:
    with pytest.raises(ConfigError, match="needs about 12.5 GiB of memory, 4.0 GiB are available"):
        cpu.check_ram(weights=960 << 20, available=4 << 30)


def test_weight_sizes_are_those_of_the_model() -> None:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(prepare("random").model)
    assert sorted(cpu.weight_bytes(prepare("random").model)) == sorted(4 * p.numel() for p in model.parameters())


HOLDER = """
import os
from omegaconf import OmegaConf
from still_verl.integration.checks.cpu import claim_machine
claim_machine(OmegaConf.create({"ray_kwargs": {"ray_init": {}}}))
print(os.getpid(), flush=True)
input()
"""


def test_one_job_at_a_time_with_a_ray_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one Ray cluster two jobs have different numbers; the claim ends with its process, however that ends."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(cpu.tempfile, "tempdir", None)
    monkeypatch.setattr(cpu, "_claim", None)
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    pid = int(holder.stdout.readline())
    with pytest.raises(ConfigError, match=rf"another CPU job runs on this machine \(process {pid}\)"):
        cpu.claim_machine(job())
    cpu.claim_machine(job(address="auto"))
    holder.kill()
    holder.wait()
    cpu.claim_machine(job())
    cpu.claim_machine(job())  # the next job of a sweep
    cpu.release_machine()


def test_a_job_of_a_sweep_waits_for_the_one_before_it_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(cpu.tempfile, "tempdir", None)
    monkeypatch.setattr(cpu, "_claim", None)
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    pid = int(holder.stdout.readline())
    threading.Timer(1, holder.kill).start()
    cpu.claim_machine(job(), wait=True)
    assert holder.wait() == -signal.SIGKILL
    assert f"waits for the CPU job of process {pid}: one runs at a time" in capsys.readouterr().out

    cpu.release_machine()  # as a job ends; another process may run now
    again = subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert again.stdout is not None and int(again.stdout.readline()) == again.pid
    again.kill()
    again.wait()


def test_kernels_of_torch_below_those_of_vllm() -> None:
    with pytest.raises(ConfigError, match="ATEN_CPU_CAPABILITY=avx2: .*unset the variable"):
        cpu.check_kernels("avx2", "flags : fpu avx2 avx512f avx512dq")
    cpu.check_kernels("avx2", "flags : fpu avx2")
    cpu.check_kernels("avx512", "flags : fpu avx2 avx512f")
    cpu.check_kernels("", "flags : fpu avx2 avx512f")
