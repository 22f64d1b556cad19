"""How dense the code is, and how well it is explained: python benchmarks/style.py [FOLDER]

Counts what a reader has to unfold (ternaries, comprehensions, lambdas and walruses) for each 100 lines of functions,
and comments and docstrings for each 100 lines of code. `tests/test_style_on_cpu.py` holds the figures.
"""

import ast
import io
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NESTED = (ast.IfExp, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda, ast.NamedExpr)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DOCUMENTED = (ast.Module, ast.ClassDef, *FUNCTIONS)


@dataclass
class Figures:
    """Counts of one file, or of many.

    Attributes:
        lines: that are not blank.
        function_lines: lines of functions, from `def` to the end; of nested functions once.
        nested: ternaries, comprehensions, lambdas and walruses in them.
        comments: lines that are, or end in, a comment.
        docstring_lines: lines of docstrings.
    """

    lines: int = 0
    function_lines: int = 0
    nested: int = 0
    comments: int = 0
    docstring_lines: int = 0

    def add(self, other: "Figures") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    @property
    def density(self) -> float:
        """Nested expressions for each 100 lines of functions."""
        return 100 * self.nested / max(self.function_lines, 1)


def measure(path: Path) -> Figures:
    """Count one file."""
    source = path.read_text()
    tree = ast.parse(source)
    figures = Figures(lines=sum(1 for line in source.splitlines() if line.strip()))
    for function in outermost_functions(tree):
        assert function.end_lineno is not None
        figures.function_lines += function.end_lineno - function.lineno + 1
        figures.nested += sum(isinstance(node, NESTED) for node in ast.walk(function))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        figures.comments += token.type == tokenize.COMMENT
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED):
            docstring = ast.get_docstring(node, clean=False)
            figures.docstring_lines += len(docstring.splitlines()) if docstring else 0
    return figures


def outermost_functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function that is not inside another one."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, FUNCTIONS):
            yield node
        else:
            yield from outermost_functions(node)


def main(folder: Path) -> None:
    """Print a row for each package, the densest files, and the whole."""
    total = Figures()
    by_package: dict[str, Figures] = {}
    by_file: dict[Path, Figures] = {}
    for path in sorted(folder.rglob("*.py")):
        figures = by_file[path] = measure(path)
        total.add(figures)
        by_package.setdefault(str(path.parent), Figures()).add(figures)
    print(f"{'nested/100':>10} {'comments/100':>12} {'doc/100':>8} {'lines':>6}")
    for name, figures in [*sorted(by_package.items()), ("all", total)]:
        comments, docs = (100 * count / figures.lines if figures.lines else 0.0 for count in _explained(figures))
        print(f"{figures.density:>10.1f} {comments:>12.1f} {docs:>8.1f} {figures.lines:>6}  {name}")
    print("\nthe densest files (nested, lines of functions):")
    for path, figures in sorted(by_file.items(), key=lambda item: -item[1].nested)[:20]:
        print(f"{figures.nested:>4} {figures.function_lines:>5}  {path}")


def _explained(figures: Figures) -> tuple[int, int]:
    return figures.comments, figures.docstring_lines


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "still_verl"))
