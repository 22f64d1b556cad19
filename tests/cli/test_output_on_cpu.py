"""What is printed where."""

import subprocess
import sys

NOISE = """
import os, subprocess, sys
from still_verl.cli.output import only_errors
print("before")
with only_errors():
    print("a library")
    subprocess.run([sys.executable, "-c", "print('its process')"])
    os.write(1, b"its C code\\n")
print("the result")
"""


def test_what_libraries_print_does_not_mix_with_results() -> None:
    done = subprocess.run([sys.executable, "-c", NOISE], capture_output=True, text=True, timeout=60)
    assert done.stdout == "before\nthe result\n"
    assert sorted(done.stderr.splitlines()) == ["a library", "its C code", "its process"]
