"""Rules about source files that no linter knows.

Each checker takes a tree and returns what breaks its rule, so that it can be tried on a wrong tree.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

LONGEST_MODULE = 300

IMPURE_MODULES = frozenset({"asyncio", "random", "secrets", "socket", "subprocess", "threading", "time"})
"""Of the standard library, what a pure function has no use for: waiting, chance, the outside."""

CLOCK_READINGS = frozenset({"now", "today", "utcnow"})


def modules(tree: Path) -> Iterator[Path]:
    return (path for path in sorted(tree.rglob("*.py")) if "__pycache__" not in path.parts)


def too_long(tree: Path, *, limit: int = LONGEST_MODULE) -> list[str]:
    """Modules with more lines than the limit."""
    counted = ((path, len(path.read_text().splitlines())) for path in modules(tree))
    return [f"{path.relative_to(tree)}: {lines} lines" for path, lines in counted if lines > limit]


def foreign_imports(tree: Path, *, allowed: str) -> list[str]:
    """Imports of anything but the package `allowed` and the pure part of the standard library."""
    return [
        f"{path.relative_to(tree)}:{line}: {name}"
        for path in modules(tree)
        for line, name in _imports(ast.parse(path.read_text()))
        if not _is_allowed(name, allowed)
    ]


def clock_readings(tree: Path) -> list[str]:
    """Places that ask the machine what time it is, by call or by reference: `datetime.now()`, `default_factory=date.today`."""
    return [
        f"{path.relative_to(tree)}:{node.lineno}: {ast.unparse(node)}"
        for path in modules(tree)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in CLOCK_READINGS
        and ast.unparse(node.value).split(".")[-1] in {"datetime", "date"}
    ]


def coroutines(tree: Path) -> list[str]:
    """Places that wait, or could. A signature alone does neither: ports are declared in the domain and live elsewhere."""
    return [
        f"{path.relative_to(tree)}:{node.lineno}"
        for path in modules(tree)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.AsyncFor | ast.AsyncWith | ast.Await)
        or (isinstance(node, ast.AsyncFunctionDef) and not _is_signature(node))
    ]


def _imports(module: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")
            # `from poolwright import cloud` names its module only behind the `import`.
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names if node.module == "poolwright")


def _is_signature(function: ast.AsyncFunctionDef) -> bool:
    """Whether the body is nothing but a docstring or an ellipsis."""
    return all(isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) for line in function.body)


def _is_allowed(name: str, package: str) -> bool:
    top = name.split(".", maxsplit=1)[0]
    if top in sys.stdlib_module_names:
        return top not in IMPURE_MODULES
    # The parent of the package appears in `from poolwright import domain`; the second name of that line is checked on its own.
    return name == package or name.startswith(f"{package}.") or name == package.split(".", maxsplit=1)[0]
