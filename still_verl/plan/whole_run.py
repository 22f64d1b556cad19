"""What a run takes beside its steps: validation, checkpoints, its start; and the disk and host memory that it fills."""

from dataclasses import dataclass, replace

from still_verl.plan import calibration as cal
from still_verl.plan.hardware import Hardware
from still_verl.plan.job import Job, Stage
from still_verl.plan.memory import shards
from still_verl.plan.roofline import generate

# A checkpoint of FSDP: weights and two moments, in fp32.
CHECKPOINT_BYTES = 12


@dataclass(frozen=True)
class WholeRun:
    """What comes on top of the steps.

    Attributes:
        seconds: of the whole run, by what takes them; each at least 0.
        validations, saves: how often.
        checkpoint: bytes of one checkpoint; `disk` those of all that are kept.
        host: bytes of one node's memory that offloaded parameters and moments fill, and a reference model.
    """

    seconds: dict[str, float]
    validations: int
    saves: int
    checkpoint: float
    disk: float
    host: float


def whole_run(job: Job, hardware: Hardware) -> WholeRun:
    """Count what a run takes beside its steps."""
    validations = _times(job.steps, job.test_every) + job.validates_before
    saves = _times(job.steps, job.save_every)
    checkpoint = CHECKPOINT_BYTES * job.shape.parameters
    kept = saves if job.kept is None else min(saves, job.kept)
    start = "cpu" if hardware.is_cpu else "gpu"
    seconds = {
        "validation": validations * validation(job, hardware),
        "checkpoints": saves * checkpoint / (hardware.nodes * cal.DISK_BANDWIDTH),
        "start": cal.START_SECONDS[start],
    }
    return WholeRun(seconds, validations, saves, checkpoint, kept * checkpoint, host_bytes(job, hardware))


def validation(job: Job, hardware: Hardware) -> float:
    """Estimate the seconds of one validation: its prompts are sampled, and nothing is learned from them."""
    samples = job.validation_rows * job.validation_n
    sampled = replace(job, prompts=job.validation_rows, samples=samples, generated=samples)
    last = job.stages[-1]
    mean = min(last.mean_response, job.validation_longest)
    return generate(sampled, hardware, Stage(1, job.validation_longest, mean))[0]


def host_bytes(job: Job, hardware: Hardware) -> float:
    """Return the bytes that offloading puts into the memory of one node; 0 without it, and on a processor.

    verl's FSDP offloads the reference in every job that has one.
    """
    if hardware.is_cpu:
        return 0.0
    each = 4 * job.param_offload + 8 * job.optimizer_offload + job.reference_width
    return float(each * job.shape.parameters / shards(job, hardware) * hardware.per_node)


def _times(steps: int, every: int) -> int:
    """Count how often something happens that verl does every so many steps, and at the end; never below 1."""
    if every < 1:
        return 0
    return -(-steps // every)
