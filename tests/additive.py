"""What a migration does that programs of the release before cannot live with, read off its source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

GONE = {"drop_table", "drop_column", "rename_table"}
SQL = re.compile(r"\b(DROP\s+(TABLE|COLUMN)|RENAME|SET\s+NOT\s+NULL)\b", re.IGNORECASE)
#: A migration that bears this name takes away, in a release of its own, what the migration it names made needless.
MARK = "second_step_of"


def breaks_older_programs(source: str) -> list[str]:
    """The calls of an upgrade that take away or rename what is there, or ask for a value older programs never give."""
    tree = ast.parse(source)
    body = [node for node in tree.body if not (isinstance(node, ast.FunctionDef) and node.name == "downgrade")]
    return [ast.unparse(call) for part in body for call in ast.walk(part) if isinstance(call, ast.Call) and _bad(call)]


def second_step_of(source: str) -> str | None:
    """The migration of which this one is the declared second step."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [MARK]:
            return ast.literal_eval(node.value)
    return None


def _bad(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    said = {word.arg: word.value for word in call.keywords}
    if name == "alter_column":
        return "new_column_name" in said or _is_false(said.get("nullable"))
    if name == "add_column":
        return any(_asks(column) for column in _columns(call))
    if name in ("execute", "exec_driver_sql", "text"):
        words = [
            node.value for node in ast.walk(call) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        return any(SQL.search(one) for one in words)
    return name in GONE


def _columns(call: ast.Call) -> Iterator[ast.Call]:
    for node in ast.walk(call):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Column":
            yield node


def _asks(column: ast.Call) -> bool:
    said = {word.arg: word.value for word in column.keywords}
    return _is_false(said.get("nullable")) and "server_default" not in said


def _is_false(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is False
