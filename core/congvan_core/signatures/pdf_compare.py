"""The difference between two revisions of a PDF, object by object, by what each object is for.

Only objects whose cross-reference entry changed can differ, so the cost follows what was added and not the size of the
file. Whatever is not explained by a role with a rule is recorded as forbidden, and so is an object that was rewritten
in a harmless role while it stands in another (``pdf_roles``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pikepdf

from congvan_core.signatures.pdf_changes import Changes
from congvan_core.signatures.pdf_form_rules import FormRules
from congvan_core.signatures.pdf_references import referred
from congvan_core.signatures.pdf_revision import Revision, shallow
from congvan_core.signatures.pdf_roles import Roles
from congvan_core.signatures.pdf_structure import Structure

MAX_CHANGED = 20_000
_CATALOG_FREE = {"/DSS", "/Extensions", "/Metadata", "/Version", "/AcroForm", "/PieceInfo"}
_FONTS = {
    "/Type0", "/Type1", "/TrueType", "/CIDFontType2", "/CIDFontType0", "/FontDescriptor", "/Font", "/Encoding",
    "FontFile", "/Type1C", "/CIDFontType0C", "/OpenType", "/MMType1", "/Type3",
}  # fmt: skip
_ANNOTATIONS = {"/Link", "/FreeText", "/Stamp", "/Widget", "/Text", "/Redact", "/Highlight", "/Popup"}


class Comparison(FormRules):
    """Compares an older with a newer revision. ``compare`` may raise pikepdf's errors on damaged objects, and what
    ``check`` raises when time is up.
    """

    def __init__(self, old: Revision, new: Revision, data: Any, check: Callable[[], None] = lambda: None) -> None:
        self.old, self.new, self.data = old, new, data
        self.changes = Changes()
        self.changed = set()
        self.explained = set()
        self.roles = Roles(old, check)

    def compare(self) -> Changes:
        before, after = self.old.xref.entries, self.new.xref.entries
        differing = [n for n, e in after.items() if before.get(n) != e]
        gone = [n for n, e in before.items() if e[0] != "f" and n not in after]
        if gone:
            # A table without /Prev: what it does not list is no longer there.
            self.changes.refuse("object_removed", ", ".join(str(n) for n in gone[:5]))
            return self.changes
        if len(differing) > MAX_CHANGED:
            self.changes.refuse("too_many_changes", str(len(differing)))
            return self.changes
        self._size(after)
        self._object_streams(before, after)
        fresh = {n for n in differing if before.get(n, ("f",))[0] == "f" and after[n][0] != "f"}
        self.changed |= {n for n in differing if before.get(n, ("f",))[0] != "f" and self.old.key(n) != self.new.key(n)}
        for number in differing:
            # An honest writer appends what it changes; only a table that revives old bytes points back into them.
            kind, place, _ = after[number]
            if (kind == "n" and place < self.old.end) or (kind == "c" and before.get(place) == after.get(place)):
                self.changes.refuse("hidden_object_revived", str(number))
        if self.changed or self._root(self.old) != self._root(self.new):
            self._explain()
        self._dangling(fresh)
        return self.changes

    def _explain(self) -> None:
        self._catalog()
        self._pages(self.changed)
        if self.changed - self.explained:
            self._field_objects()
        if left := self.changed - self.explained:
            structure = Structure(self.old, self.new, self.roles, self.changed)
            structure.explain(left)
            self.explained |= structure.explained
        for number in sorted(self.changed - self.explained):
            self._unexplained(number)
        if self.changes.forbidden:
            return
        strict, shared = self.roles.misplaced()
        for number in sorted(strict):
            self.changes.refuse("object_in_two_roles", str(number))
        self.changes.everywhere = self.changes.everywhere or bool(shared)

    @staticmethod
    def _root(revision: Revision) -> Any:
        return shallow(revision.pdf.trailer.get("/Root"))

    def _size(self, after: dict[int, Any]) -> None:
        """Objects at or above /Size do not exist for some readers (ISO 32000-2 7.5.5): lowering it hides them."""
        before, now = self.old.xref.trailer.get("Size"), self.new.xref.trailer.get("Size")
        if isinstance(before, int) and isinstance(now, int) and now < before:
            hidden = [n for n, e in after.items() if n >= now and e[0] != "f"]
            if hidden:
                self.changes.refuse("object_removed", ", ".join(str(n) for n in hidden[:5]))

    def _object_streams(self, before: dict[int, Any], after: dict[int, Any]) -> None:
        """An old object stream put in place of another would change all objects in it without a table entry."""
        used = {e[1] for n, e in after.items() if e[0] == "c" and before.get(n) == e}
        for number in used:
            if before.get(number) != after.get(number):
                self.changes.refuse("object_stream_replaced", str(number))
        slots: dict[int, dict[int, int]] = {}
        for number, entry in after.items():
            if entry[0] == "c" and before.get(number) != entry:
                slots.setdefault(entry[1], {})[number] = entry[2]
        for stream, named in slots.items():
            self._slots(stream, named)

    def _slots(self, stream: int, named: dict[int, int]) -> None:
        """Readers go by the table's index or by the stream's own list of numbers (ISO 32000-2 7.5.7): both must agree."""
        value = self.new.value(stream)
        try:
            words = value.read_bytes()[: int(value.First)].split()
            listed = [int(w) for w in words[: 2 * int(value.N) : 2]]
        except (AttributeError, ValueError, TypeError, pikepdf.PdfError):
            listed = []
        if len(set(listed)) < len(listed) or any(listed[i : i + 1] != [n] for n, i in named.items()):
            self.changes.refuse("broken_cross_reference", f"object stream {stream}")

    def _catalog(self) -> None:
        a, b = self.old.pdf.Root, self.new.pdf.Root
        if bool(self.old.pdf.is_encrypted) != bool(self.new.pdf.is_encrypted):
            self.changes.refuse("encryption_changed")
        for key in set(a.keys()) | set(b.keys()):
            if shallow(a.get(key)) == shallow(b.get(key)):
                continue
            if key == "/Perms":
                if "/Perms" in a and self._signed_before():
                    self.changes.refuse("permissions_changed")
            elif key not in _CATALOG_FREE:
                self.changes.refuse("catalog_changed", key)
        self.explained.add(b.objgen[0])
        if b.objgen != a.objgen and b.objgen[0] in self.changed:
            self.roles.stands(b.objgen[0])
        self._security_store(a, b)
        self._information()
        for root in (a, b):
            metadata = root.get("/Metadata")
            if isinstance(metadata, pikepdf.Stream) and metadata.get("/Type") == "/Metadata":
                self._excuse(metadata, (a.objgen[0], "/Metadata"))
        extensions = b.get("/Extensions")
        if isinstance(extensions, pikepdf.Dictionary):
            self._excuse(extensions, (a.objgen[0], "/Extensions"))
        self._form(a.get("/AcroForm"), b.get("/AcroForm"))

    def _excuse(self, node: Any, *places: tuple[int, str]) -> None:
        """The node may have been rewritten, where only these places of the older revision refer to it."""
        number = node.objgen[0]
        self.explained.add(number)
        if number in self.changed:
            self.roles.stands(number, *places)

    def _information(self) -> None:
        """The document information (ISO 32000-2 14.3.3). Texts alone draw nothing, wherever they stand."""
        for revision in (self.old, self.new):
            info: Any = revision.pdf.trailer.get("/Info")
            if not isinstance(info, pikepdf.Dictionary) or not info.is_indirect:
                continue
            number = info.objgen[0]
            if _texts(self.old.value(number)) and _texts(self.new.value(number)):
                self.explained.add(number)
            else:
                self._excuse(info)

    def _signed_before(self) -> bool:
        return any(f.kind == "/Sig" and "/V" in f.obj for f in self.fields_before.values())

    def _security_store(self, a: Any, b: Any) -> None:
        """DSS (ISO 32000-2 12.8.4.3): dictionaries and arrays of it may grow; its streams never change."""
        before: set[int] = set()
        for root in (a, b):
            store = root.get("/DSS")
            if not isinstance(store, pikepdf.Dictionary):
                continue
            if not set(store.keys()) <= {"/Type", "/VRI", "/Certs", "/OCSPs", "/CRLs"}:
                self.changes.refuse("security_store_misused")
                return
            self.changes.security_data = True
            nodes = [store, *(store.get(k) for k in ("/Certs", "/OCSPs", "/CRLs"))]
            vri = store.get("/VRI")
            if isinstance(vri, pikepdf.Dictionary):
                if not all(re.fullmatch(r"/[0-9A-Fa-f]{40}", k) or k == "/Type" for k in vri.keys()):  # noqa: SIM118
                    self.changes.refuse("security_store_misused")
                    return
                nodes.append(vri)
                for entry in (vri.get(k) for k in list(vri.keys())[:1000] if k != "/Type"):
                    if isinstance(entry, pikepdf.Dictionary):
                        nodes += [entry, *(entry.get(k) for k in ("/Cert", "/OCSP", "/CRL"))]
            found: list[Any] = [n for n in nodes if isinstance(n, (pikepdf.Dictionary, pikepdf.Array))]
            found = [n for n in found if n.is_indirect]
            before |= {n.objgen[0] for n in found} if root is a else set()
            for node in found:
                self._excuse(node, (a.objgen[0], "/DSS"), *((n, "*") for n in before))

    def _unexplained(self, number: int) -> None:
        a = self.old.value(number)
        kind = "?"
        if isinstance(a, (pikepdf.Dictionary, pikepdf.Stream)):
            kind = str(a.get("/Subtype") or a.get("/Type") or ("FontFile" if "/Length1" in a else "?"))
        if isinstance(a, pikepdf.Stream) and str(a.get("/Type")) in ("/XRef", "/ObjStm"):
            self.roles.stands(number, (-1, "/Extends"))
        elif self.new.value(number) is None:
            self.changes.refuse("object_removed", f"{number} {kind}")
        elif kind in _FONTS:
            self.changes.refuse("font_replaced", f"{number} {kind}")
        elif kind in _ANNOTATIONS:
            self.changes.refuse("annotation_changed", f"{number} {kind}")
        else:
            self.changes.refuse("object_replaced", f"{number} {kind}")

    def _dangling(self, fresh: set[int]) -> None:
        """A number that the signed revision already referred to, but only now has an object."""
        if not fresh:
            return
        entries = self.new.xref.entries
        generations = {n: entries[n][2] if entries[n][0] == "n" else 0 for n in fresh}
        for number in sorted(referred(self.data, self.old, generations)):
            self.changes.refuse("missing_object_supplied", str(number))


def _texts(value: Any) -> bool:
    """A dictionary of strings only (and /Trapped, a name)."""
    if not isinstance(value, pikepdf.Dictionary):
        return value is None
    for key in value.keys():  # noqa: SIM118 - pikepdf dictionaries iterate over keys only by keys()
        entry = value.get(key)
        listed = list(entry)[:50] if isinstance(entry, pikepdf.Array) else [entry]
        if key != "/Trapped" and not all(isinstance(e, pikepdf.String) for e in listed):
            return False
    return True
