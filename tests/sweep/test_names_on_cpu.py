"""The folder of a job: of what a sweep varies, whatever batch the job is in."""

import pytest

from still_verl.sweep.names import fixed_keys, job_name


@pytest.mark.parametrize(
    ("command", "job", "name"),
    [
        (["+recipe=zero_7b", "still/kl=none,cosine"], ["+recipe=zero_7b", "still/kl=none"], "kl=none"),
        (["still.entropy.start=0.1,0.2", "a=x/y"], ["still.entropy.start=0.1", "a=x/y"], "entropy.start=0.1"),
        (["data.train_files=/a,/c"], ["data.train_files=/a/b c.parquet"], "data.train_files=_a_b_c.parquet"),
        (["+recipe=zero_7b"], ["+recipe=zero_7b"], "job"),
        (["a=choice(1)", "b='x,y'", "c=[1,2]"], ["a=1", "b='x,y'", "c=[1,2]"], "a=1"),
        (["a=1", "a=1,2"], ["a=2"], "a=2"),
        (["b=1"], ["lr=0.00123", "b=1"], "lr=0.00123"),  # of hydra.sweeper.params, which the command line need not have
    ],
)
def test_a_folder_is_named_after_what_a_sweep_varies(command: list[str], job: list[str], name: str) -> None:
    """So in a batch of one job, too."""
    assert job_name(job, fixed_keys(command)) == name


def test_a_name_fits_into_a_file_system_and_stays_its_own() -> None:
    jobs = [[f"some.long.key_{key}={value}" for key in range(30)] for value in range(2)]
    names = [job_name(job, set()) for job in jobs]
    assert len(set(names)) == 2 and max(map(len, names)) <= 200
