"""What `make messages` collects beside marked texts: a step's docstring is the help people read on its form."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from typing import IO, Any

from babel.messages.extract import extract_python


def extract(fileobj: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[tuple[Any, ...]]:
    """Texts of a Python file as Babel wants them: line, function, text, comments."""
    yield from extract_python(fileobj, keywords, comment_tags, options)
    fileobj.seek(0)
    for node in ast.walk(ast.parse(fileobj.read())):
        if isinstance(node, ast.FunctionDef) and any(_declares_step(mark) for mark in node.decorator_list):
            words = ast.get_docstring(node, clean=False)
            if words:
                yield node.lineno, None, inspect.cleandoc(words), []


def _declares_step(mark: ast.expr) -> bool:
    return isinstance(mark, ast.Call) and isinstance(mark.func, ast.Attribute) and mark.func.attr == "step"
