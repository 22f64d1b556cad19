"""Python that several threads read at once, while the garbage collector lets each of them in."""

import subprocess
import sys

import pytest

THREADS = """
import ast, gc, sys, time
from concurrent.futures import ThreadPoolExecutor
from still_verl.rewards.python_text import literal, parse

read = {read}
gc.callbacks.append(lambda *_: time.sleep(1e-5))
gc.set_threshold(50, 1, 1)
text = "[" + ", ".join(f"[{{i}}, ({{i}}, [1, {{{{1: {{i}}}}}}])]" for i in range(200)) + "]"
with ThreadPoolExecutor(8) as pool:
    print(len(list(pool.map(read, [text] * 200))))
"""


@pytest.mark.parametrize("read", ["parse", "literal"])
def test_threads_do_not_disturb_each_other(read: str) -> None:
    """With `ast.parse` in place of ours this fails in CPython 3.11."""
    code = THREADS.format(read=read)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stdout.strip() == "200", done.stderr[-2000:]
