"""What may change on pages: widgets of signatures may join, content may not, whatever it is called."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import pikepdf

from congvan_core.signatures.pdf_changes import Changes, Placed, rectangle
from congvan_core.signatures.pdf_revision import Revision, canonical, inherited, shallow
from congvan_core.signatures.pdf_roles import Roles, additive
from congvan_core.signatures.pdf_signatures import FieldNode

_PAGE_FREE = {"/Annots", "/Tabs", "/StructParents", "/LastModified", "/PieceInfo"}


class PageRules(ABC):
    """The part of a comparison that looks at pages; ``explained`` collects the objects that a rule accounts for."""

    old: Revision
    new: Revision
    changes: Changes
    explained: set[int]
    roles: Roles
    _shown: dict[int, list[int]] | None = None

    @property
    @abstractmethod
    def fields_after(self) -> dict[str, FieldNode]:
        """The form fields of the newer revision."""

    def _pages_of(self, widget: Any) -> list[int]:
        """The pages that show it: those whose /Annots lists it, whatever its own /P says (ISO 32000-2 12.5.2)."""
        if self._shown is None:
            self._shown = {}
            for index, page in enumerate(self.new.pdf.pages):
                notes = page.obj.get("/Annots")
                for note in notes if isinstance(notes, pikepdf.Array) else ():
                    if isinstance(note, pikepdf.Object) and note.is_indirect:
                        self._shown.setdefault(note.objgen[0], []).append(index)
        if widget.objgen[0] in self._shown:
            return self._shown[widget.objgen[0]]
        page = widget.get("/P")
        if isinstance(page, pikepdf.Dictionary):
            return [i for i, p in enumerate(self.new.pdf.pages) if p.obj.objgen == page.objgen][:1]
        return []

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
                if (
                    isinstance(notes_b, pikepdf.Array)
                    and notes_b.objgen[0] in changed
                    and not (isinstance(notes_a, pikepdf.Array) and notes_a.objgen == notes_b.objgen)
                ):
                    self.roles.stands(notes_b.objgen[0])
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
            resources = inherited(page, "/Resources")
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
        for number in touched:
            self.explained.add(number)
            if additive(self.old.value(number), self.new.value(number)):
                # Forms and pages of some writers share their resources: a font more is none that a page uses.
                self.changes.everywhere = True
            else:
                self.changes.content_pages.add(index)
                self.changes.content_words.add("/Contents")

    def _annotations(self, index: int, a: Any, b: Any) -> None:
        before = [_identity(n) for n in a] if isinstance(a, pikepdf.Array) else []
        listed = list(b) if isinstance(b, pikepdf.Array) else []
        after = [_identity(n) for n in listed]
        if [n for n in after if n in before] != before:
            self.changes.refuse("annotation_removed", str(index + 1))
        known = {n for f in self.fields_after.values() if f.kind == "/Sig" for n in f.numbers} - {0}
        for note, key in zip(listed, after, strict=True):
            if key in before:
                continue
            kind = str(note.get("/Subtype")) if isinstance(note, pikepdf.Dictionary) else "?"
            if kind == "/Widget" and note.objgen[0] in known:
                continue
            if kind in ("/FreeText", "/Stamp", "/Widget"):
                self.changes.content_pages.add(index)
                self.changes.content_words.add(kind)
            elif kind in ("/Text", "/Popup") and (rect := rectangle(note)) and self._is_note(note, rect, kind):
                self.changes.notes.append(index)
                if "/AP" in note:
                    self.changes.placed.append(Placed(index, rect, kind, True))
            else:
                self.changes.refuse("annotation_added", f"{index + 1} {kind}")

    @staticmethod
    def _is_note(note: Any, rect: tuple[float, float, float, float], kind: str) -> bool:
        """A note shows as an icon and its window has no look of its own (ISO 32000-2 12.5.6.14): else it is content."""
        if kind == "/Popup":
            return "/AP" not in note
        return rect[2] - rect[0] <= 40 and rect[3] - rect[1] <= 40


def _identity(note: Any) -> Any:
    """An annotation by its number; what stands in the list itself, be it nonsense, by its text."""
    return note.objgen if isinstance(note, pikepdf.Object) and note.is_indirect else canonical(note)
