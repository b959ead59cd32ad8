"""The code of a `with` block, as a hash: formatting and comments do not count.

A recording keeps the hash of the block that made it; when the block changes, a connected
notebook records it again without being told.
"""

from __future__ import annotations

import ast
import hashlib
import linecache
from types import FrameType


def block_hash(frame: FrameType) -> str:
    """Hash the body of the `with` statement that `frame` is entering.

    IPython and pytest both register their sources with linecache.

    Returns:
        Eight hex digits; an empty string where the source cannot be had.
    """
    source = "".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals))
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ""
    body = _body(tree, frame.f_lineno)
    if body is None:
        return ""
    return hashlib.sha256("\n".join(map(_dump, body)).encode()).hexdigest()[:8]


def _dump(node: object) -> str:
    """Write a syntax tree without its empty fields: which there are differs between Pythons."""
    if isinstance(node, ast.AST):
        fields = ((name, value) for name, value in ast.iter_fields(node) if value not in (None, []))
        inner = ",".join(f"{name}={_dump(value)}" for name, value in fields)
        return f"{type(node).__name__}({inner})"
    if isinstance(node, list):
        return f"[{','.join(map(_dump, node))}]"
    return repr(node)


def _body(tree: ast.AST, line: int) -> list[ast.stmt] | None:
    """Find the innermost `with` whose header stands on this line."""
    found: list[ast.stmt] | None = None
    for node in ast.walk(tree):
        if isinstance(node, ast.With | ast.AsyncWith):
            last = max(item.context_expr.end_lineno or node.lineno for item in node.items)
            if node.lineno <= line <= last:
                found = node.body
    return found
