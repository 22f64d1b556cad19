"""Executes a block as a notebook does: the value of its last line is shown, kept as `_`, and hidden by a semicolon."""

import ast
import builtins
import linecache

from still_verl.interpreter.sandbox.inside import commands, errors


def run_block(code: str, variables: dict[str, object], name: str) -> str | None:
    """Execute a block, and show the value of its last line if that is an expression.

    Args:
        code: the block.
        variables: what it finds, and leaves to the next one.
        name: what it is called in tracebacks.

    Returns:
        How it failed, in the words that the model reads; None when it ran to its end.
    """
    try:
        code, body = commands.parse(code, name)
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)  # for tracebacks
        last = body.body[-1] if body.body else None
        if not isinstance(last, ast.Expr) or _ends_in_a_semicolon(code, last):
            exec(compile(body, name, "exec"), variables)
            return None
        body.body.pop()
        exec(compile(body, name, "exec"), variables)
        value = eval(compile(ast.Expression(last.value), name, "eval"), variables)
        if value is not None:
            builtins._ = value  # type: ignore[attr-defined]
            display(value)
    except BaseException as error:
        return errors.failure(error)
    return None


def _ends_in_a_semicolon(code: str, last: ast.Expr) -> bool:
    if last.end_lineno is None:
        return False
    written = code.split("\n")[last.end_lineno - 1].encode("utf-8", "surrogatepass")
    rest = written[last.end_col_offset :].partition(b"#")[0]
    return rest.rstrip().endswith(b";")


def display(*values: object) -> None:
    """Show values as the last line of a block is shown."""
    for value in values:
        print(repr(value))
