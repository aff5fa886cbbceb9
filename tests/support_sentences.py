"""Vietnamese sentences that stand in the program's code, with their blanks numbered as the English catalogue writes them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_VIETNAMESE = re.compile(r"[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹáàãéèíìóòõúùýĩũ]", re.IGNORECASE)
_BLANK = re.compile(r"\{(\d)\}")


def sentences(path: Path) -> Iterator[tuple[int, str]]:
    """(line, sentence) of every Vietnamese string of a file, docstrings left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    passed = set(_docstrings(tree))
    for node in ast.walk(tree):  # from the outside in: parts of a sentence are passed over
        if id(node) in passed:
            continue
        text = _template(node)
        if text is None:
            continue
        passed |= {id(inner) for inner in ast.walk(node) if isinstance(inner, ast.Constant) and _is_part(node, inner)}
        if _VIETNAMESE.search(text):
            yield getattr(node, "lineno", 0), _numbered(text)


def raised(path: Path) -> Iterator[tuple[int, str]]:
    """Those that are an error's message."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            text = _template(node.args[0]) if name.endswith("Error") else None
            if text and _VIETNAMESE.search(text):
                yield node.lineno, _numbered(text)


def _docstrings(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield id(first.value)


def _is_part(node: ast.AST, inner: ast.AST) -> bool:
    """Whether a constant is text of this sentence, not a string inside one of its blanks."""
    if isinstance(node, ast.JoinedStr):
        return inner in node.values
    if isinstance(node, ast.BinOp):
        return any(side is inner or _is_part(side, inner) for side in (node.left, node.right))
    return False


def _template(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        blanks = iter(range(10))
        return "".join(str(v.value) if isinstance(v, ast.Constant) else f"{{{next(blanks)}}}" for v in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [_template(side) for side in (node.left, node.right)]
        return None if parts == [None, None] else "".join("{?}" if part is None else part for part in parts)
    return None


def _numbered(text: str) -> str:
    """What was added after a sentence is its last blank."""
    following = max((int(one) for one in _BLANK.findall(text)), default=-1) + 1
    while "{?}" in text:
        text = text.replace("{?}", f"{{{following}}}", 1)
        following += 1
    return text
