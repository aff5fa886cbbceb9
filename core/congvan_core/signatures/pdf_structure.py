"""The tagged structure of a PDF (ISO 32000-2 14.7): a later signature's widget may join it, nothing else may change.

It draws nothing, but it is what a reader for the blind speaks: existing elements keep what they say.
"""

from __future__ import annotations

from typing import Any

import pikepdf

from congvan_core.signatures.pdf_revision import Revision, shallow
from congvan_core.signatures.pdf_roles import ANY, Roles, additive, grown

_ROOT_KEYS = {"/K", "/ParentTree", "/ParentTreeNextKey", "/RoleMap", "/ClassMap", "/IDTree"}
_MAX_NODES = 50_000
_MAX_NEW = 200


class Structure:
    """``explained`` collects the rewritten objects that only made room for new widgets."""

    def __init__(self, old: Revision, new: Revision, roles: Roles, changed: set[int]) -> None:
        self._old, self._new, self._roles, self._changed = old, new, roles, changed
        self.explained: set[int] = set()

    def explain(self, left: set[int]) -> None:
        a, b = self._old.pdf.Root.get("/StructTreeRoot"), self._new.pdf.Root.get("/StructTreeRoot")
        if not isinstance(a, pikepdf.Dictionary) or not isinstance(b, pikepdf.Dictionary) or a.objgen != b.objgen:
            return
        if not self._parents(a.get("/ParentTree"), b.get("/ParentTree"), a.objgen[0]):
            return
        if a.objgen[0] in left and self._root(a, b):
            self.explained.add(a.objgen[0])
        for number in left - self.explained:
            self._element(number)

    def _root(self, a: Any, b: Any) -> bool:
        for key in set(a.keys()) | set(b.keys()):
            x, y = a.get(key), b.get(key)
            if shallow(x) == shallow(y) or key in ("/ParentTree", "/ParentTreeNextKey"):
                continue
            if key == "/K":
                if not self._joined(x, y):
                    return False
            elif key not in _ROOT_KEYS or (x is not None and not additive(x, y)):
                return False
        return True

    def _element(self, number: int) -> None:
        """An element, or the array of its children, that gained children for new widgets."""
        a, b = self._old.value(number), self._new.value(number)
        if isinstance(a, pikepdf.Array) and isinstance(b, pikepdf.Array) and self._joined(a, b):
            self._roles.stands(number, (ANY, "/K"))
            self.explained.add(number)
        if not isinstance(a, pikepdf.Dictionary) or not isinstance(b, pikepdf.Dictionary):
            return
        keys = {k for k in set(a.keys()) | set(b.keys()) if shallow(a.get(k)) != shallow(b.get(k))}
        if "/S" in a and "/P" in a and keys <= {"/K"} and self._joined(a.get("/K"), b.get("/K")):
            self.explained.add(number)

    def _joined(self, x: Any, y: Any) -> bool:
        gained = grown(x, y)
        return gained is not None and len(gained) <= _MAX_NEW and all(self._is_new(g, 0) for g in gained)

    def _is_new(self, value: Any, depth: int) -> bool:
        """A new element over annotations only: no mark in a page's content may be claimed anew."""
        if not isinstance(value, pikepdf.Dictionary) or depth > 8:
            return False
        if value.is_indirect and self._old.xref.entries.get(value.objgen[0], ("f",))[0] != "f":
            return False
        if value.get("/Type") == "/OBJR":
            return isinstance(value.get("/Obj"), pikepdf.Dictionary)
        children = value.get("/K")
        listed = list(children)[:_MAX_NEW] if isinstance(children, pikepdf.Array) else [children]
        return "/S" in value and all(c is None or self._is_new(c, depth + 1) for c in listed)

    def _parents(self, a: Any, b: Any, root: int) -> bool:
        """The number tree from annotations and pages to elements: entries may join, none may change."""
        if shallow(a) == shallow(b) and not self._changed:
            return True
        before, after = _flat(a), _flat(b)
        if before is None or after is None:
            return False
        if any(after[0].get(key) != value for key, value in before[0].items()):
            return False
        for number in before[1] | after[1]:
            self.explained.add(number)
            if number in self._changed:
                self._roles.stands(number, (root, "/ParentTree"), (ANY, "/Kids"), (ANY, "/Nums"))
        return True


def _flat(tree: Any) -> tuple[dict[int, Any], set[int]] | None:
    """Entries of a number tree (ISO 32000-2 7.9.7) and the numbers of its nodes; None where it is damaged."""
    entries: dict[int, Any] = {}
    numbers: set[int] = set()
    stack = [tree]
    while stack:
        node = stack.pop()
        if not isinstance(node, pikepdf.Dictionary):
            continue
        if node.is_indirect:
            if node.objgen[0] in numbers:
                return None
            numbers.add(node.objgen[0])
        pairs, kids = node.get("/Nums"), node.get("/Kids")
        for part in (pairs, kids):
            if isinstance(part, pikepdf.Array) and part.is_indirect:
                numbers.add(part.objgen[0])
        listed: list[Any] = list(pairs) if isinstance(pairs, pikepdf.Array) else []
        for key, value in zip(listed[::2], listed[1::2], strict=False):
            if not isinstance(key, int) or key in entries or len(entries) > _MAX_NODES:
                return None
            entries[key] = shallow(value)
        stack += list(kids)[:_MAX_NODES] if isinstance(kids, pikepdf.Array) else []
        if len(stack) > _MAX_NODES:
            return None
    return entries, numbers
