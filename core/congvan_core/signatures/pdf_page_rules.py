"""What may change on pages: widgets of signatures may join, content may not, whatever it is called."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import pikepdf

from congvan_core.signatures.pdf_changes import Changes, Placed, rectangle
from congvan_core.signatures.pdf_revision import Revision, canonical, shallow
from congvan_core.signatures.pdf_signatures import FieldNode

_PAGE_FREE = {"/Annots", "/Tabs", "/StructParents", "/LastModified", "/PieceInfo"}


class PageRules(ABC):
    """The part of a comparison that looks at pages; ``explained`` collects the objects that a rule accounts for."""

    old: Revision
    new: Revision
    changes: Changes
    explained: set[int]
    _numbers: dict[int, int] | None = None

    @property
    @abstractmethod
    def fields_after(self) -> dict[str, FieldNode]:
        """The form fields of the newer revision."""

    def _page_of(self, widget: Any) -> int | None:
        page = widget.get("/P")
        numbers = self._page_numbers
        if isinstance(page, pikepdf.Dictionary) and page.objgen[0] in numbers:
            return numbers[page.objgen[0]]
        for index, found in enumerate(self.new.pdf.pages):
            annotations = found.obj.get("/Annots")
            if isinstance(annotations, pikepdf.Array) and any(
                isinstance(n, pikepdf.Object) and n.objgen == widget.objgen for n in annotations
            ):
                return index
        return None

    @property
    def _page_numbers(self) -> dict[int, int]:
        if self._numbers is None:
            self._numbers = {p.obj.objgen[0]: i for i, p in enumerate(self.new.pdf.pages)}
        return self._numbers

    def _pages(self, changed: set[int]) -> None:
        if len(self.old.pdf.pages) != len(self.new.pdf.pages):
            self.changes.refuse("pages_changed", f"{len(self.old.pdf.pages)} -> {len(self.new.pdf.pages)}")
            return
        for index, (page_a, page_b) in enumerate(zip(self.old.pdf.pages, self.new.pdf.pages, strict=True)):
            a, b = page_a.obj, page_b.obj
            if a.objgen != b.objgen:
                self.changes.refuse("page_replaced", str(index + 1))
                continue
            notes_a, notes_b = a.get("/Annots"), b.get("/Annots")
            arrays = {n.objgen[0] for n in (notes_a, notes_b) if isinstance(n, pikepdf.Array)}
            if a.objgen[0] in changed or arrays & changed:
                self.explained |= {a.objgen[0]} | arrays
                self._page(index, a, b)
                self._annotations(index, notes_a, notes_b)
            self._content_objects(index, a, b, changed)

    def _page(self, index: int, a: Any, b: Any) -> None:
        for key in set(a.keys()) | set(b.keys()):
            if key in _PAGE_FREE or shallow(a.get(key)) == shallow(b.get(key)):
                continue
            if key in ("/Contents", "/Resources"):
                self.changes.content_pages.add(index)
                self.changes.content_words.add(key)
            else:
                self.changes.refuse("page_changed", f"{index + 1} {key}")

    def _content_objects(self, index: int, a: Any, b: Any, changed: set[int]) -> None:
        """Content streams, resource dictionaries and arrays of them that were written anew in place."""
        nodes: list[Any] = []
        for page in (a, b):
            contents = page.get("/Contents")
            nodes += [contents, *(contents if isinstance(contents, pikepdf.Array) else ())]
            resources = page.get("/Resources")
            if isinstance(resources, pikepdf.Dictionary):
                nodes += [
                    resources,
                    *(
                        v
                        for v in (resources.get(k) for k in resources.keys())  # noqa: SIM118
                        if isinstance(v, pikepdf.Dictionary)
                    ),
                ]
        touched = {n.objgen[0] for n in nodes if isinstance(n, pikepdf.Object)} & changed
        if touched:
            self.explained |= touched
            self.changes.content_pages.add(index)
            self.changes.content_words.add("/Contents")

    def _annotations(self, index: int, a: Any, b: Any) -> None:
        before = [n.objgen if n.is_indirect else canonical(n) for n in a] if isinstance(a, pikepdf.Array) else []
        listed = list(b) if isinstance(b, pikepdf.Array) else []
        after = [n.objgen if n.is_indirect else canonical(n) for n in listed]
        if [n for n in after if n in before] != before:
            self.changes.refuse("annotation_removed", str(index + 1))
        known = {n for f in self.fields_after.values() if f.kind == "/Sig" for n in f.numbers}
        for note, key in zip(listed, after, strict=True):
            if key in before:
                continue
            kind = str(note.get("/Subtype")) if isinstance(note, pikepdf.Dictionary) else "?"
            if kind == "/Widget" and note.objgen[0] in known:
                continue
            if kind in ("/FreeText", "/Stamp", "/Widget"):
                self.changes.content_pages.add(index)
                self.changes.content_words.add(kind)
            elif kind in ("/Text", "/Popup") and (rect := rectangle(note)) and self._is_note(rect, kind):
                self.changes.notes.append(index)
                if "/AP" in note:
                    self.changes.placed.append(Placed(index, rect, kind, True))
            else:
                self.changes.refuse("annotation_added", f"{index + 1} {kind}")

    @staticmethod
    def _is_note(rect: tuple[float, float, float, float], kind: str) -> bool:
        """A note shows as an icon; a large one with an appearance of its own is content."""
        return kind == "/Popup" or (rect[2] - rect[0] <= 40 and rect[3] - rect[1] <= 40)
