"""Reads Python source, one text at a time.

CPython 3.11 and 3.12 count the depth of a syntax tree once for all threads: where another thread begins to read in the
middle, both end with a SystemError ("AST constructor recursion depth mismatch"). Graders read in threads.
"""

import ast
import threading
from typing import Any

_reading = threading.Lock()


def parse(code: str) -> ast.Module:
    """Return the syntax tree of a program.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: as `ast.parse` does.
    """
    with _reading:
        return ast.parse(code)


def literal(text: str) -> Any:
    """Return the value of a literal.

    Raises:
        SyntaxError, ValueError, TypeError, RecursionError, MemoryError: as `ast.literal_eval` does.
    """
    with _reading:
        return ast.literal_eval(text)
