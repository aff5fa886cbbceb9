"""The difference between two revisions of a PDF, object by object, by what each object is for.

Only objects whose cross-reference entry changed can differ, so the cost follows what was added and not the size of the
file. Whatever is not explained by a role with a rule is recorded as forbidden.
"""

from __future__ import annotations

import re
from typing import Any

import pikepdf

from congvan_core.signatures.pdf_changes import Changes, Placed, rectangle, visible
from congvan_core.signatures.pdf_page_rules import PageRules
from congvan_core.signatures.pdf_references import referred
from congvan_core.signatures.pdf_revision import Revision, canonical, shallow
from congvan_core.signatures.pdf_signatures import FieldNode, form_fields

MAX_CHANGED = 20_000
_CATALOG_FREE = {"/DSS", "/Extensions", "/Metadata", "/Version", "/AcroForm", "/PieceInfo"}
_FIELD_VALUE_KEYS = {"/V", "/AP", "/AS", "/RV", "/I", "/MK", "/DA", "/M", "/F", "/NM"}
_SIGNATURE_FIELD_KEYS = {
    "/V",
    "/AP",
    "/AS",
    "/MK",
    "/DA",
    "/M",
    "/F",
    "/NM",
    "/BS",
    "/DR",
    "/SV",
    "/Ff",
    "/Rect",
    "/P",
    "/Type",
    "/Subtype",
    "/Border",
    "/H",
}


class Comparison(PageRules):
    """Compares an older with a newer revision. ``compare`` may raise pikepdf's errors on damaged objects."""

    def __init__(self, old: Revision, new: Revision, data: Any) -> None:
        self.old, self.new, self.data = old, new, data
        self.changes = Changes()
        self._old_fields: dict[str, FieldNode] | None = None
        self._new_fields: dict[str, FieldNode] | None = None
        self.explained: set[int] = set()
        self._numbers: dict[int, int] | None = None

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
        self._object_streams(before, after)
        changed = {n for n in differing if before.get(n, ("f",))[0] != "f" and self.old.key(n) != self.new.key(n)}
        fresh = {n for n in differing if before.get(n, ("f",))[0] == "f" and after[n][0] != "f"}
        for number in differing:
            # An honest writer appends what it changes; only a table that revives old bytes points back into them.
            if after[number][0] == "n" and after[number][1] < self.old.end:
                self.changes.refuse("hidden_object_revived", str(number))
        self.explained.clear()
        if not changed and self._root(self.old) == self._root(self.new):
            self._dangling(fresh)
            return self.changes
        self._catalog(changed)
        if changed - self.explained:
            self._pages(changed)
        if changed - self.explained:
            self._field_objects(changed)
        for number in sorted(changed - self.explained):
            self._unexplained(number)
        self._dangling(fresh)
        return self.changes

    @staticmethod
    def _root(revision: Revision) -> Any:
        return shallow(revision.pdf.trailer.get("/Root"))

    def _object_streams(self, before: dict[int, Any], after: dict[int, Any]) -> None:
        """An old object stream put in place of another would change all objects in it without a table entry."""
        used = {e[1] for n, e in after.items() if e[0] == "c" and before.get(n) == e}
        for number in used:
            if before.get(number) != after.get(number):
                self.changes.refuse("object_stream_replaced", str(number))

    def _catalog(self, changed: set[int]) -> None:
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
        self._security_store(a, b)
        info_a, info_b = self.old.pdf.trailer.get("/Info"), self.new.pdf.trailer.get("/Info")
        for info in (info_a, info_b):
            if isinstance(info, pikepdf.Dictionary) and not set(info.keys()) & {"/Type", "/Contents", "/Kids", "/Font"}:
                self.explained.add(info.objgen[0])
        for root in (a, b):
            metadata = root.get("/Metadata")
            if isinstance(metadata, pikepdf.Stream) and metadata.get("/Type") == "/Metadata":
                self.explained.add(metadata.objgen[0])
        extensions = b.get("/Extensions")
        if isinstance(extensions, pikepdf.Dictionary):
            self.explained.add(extensions.objgen[0])
        self._form(a.get("/AcroForm"), b.get("/AcroForm"), changed)

    def _signed_before(self) -> bool:
        return any(f.kind == "/Sig" and "/V" in f.obj for f in self.fields_before.values())

    def _security_store(self, a: Any, b: Any) -> None:
        """DSS (ISO 32000-2 12.8.4.3): dictionaries and arrays of it may grow; its streams never change."""
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
            for node in nodes:
                if isinstance(node, (pikepdf.Dictionary, pikepdf.Array)) and not isinstance(node, pikepdf.Stream):
                    self.explained.add(node.objgen[0])

    @property
    def fields_before(self) -> dict[str, FieldNode]:
        if self._old_fields is None:
            self._old_fields = form_fields(self.old.pdf)
        return self._old_fields

    @property
    def fields_after(self) -> dict[str, FieldNode]:
        if self._new_fields is None:
            self._new_fields = form_fields(self.new.pdf)
        return self._new_fields

    def _form(self, a: Any, b: Any, changed: set[int]) -> None:
        if canonical(a) == canonical(b) and not isinstance(b, pikepdf.Dictionary):
            return
        a = a if isinstance(a, pikepdf.Dictionary) else pikepdf.Dictionary()
        if not isinstance(b, pikepdf.Dictionary):
            self.changes.refuse("form_removed")
            return
        ordinary = any(f.kind != "/Sig" for f in self.fields_before.values())
        for key in set(a.keys()) | set(b.keys()):
            if shallow(a.get(key)) == shallow(b.get(key)) and key not in ("/DR", "/Fields"):
                continue
            if key == "/DR":
                self._resources(a.get(key), b.get(key), "form_resources_changed")
            elif (
                key in ("/Fields", "/SigFlags")
                or (key == "/DA" and not a.get(key))
                or (key == "/NeedAppearances" and not ordinary)
            ):
                continue
            else:
                self.changes.refuse("form_changed", key)
        self.explained.add(b.objgen[0])
        for form in (a, b):
            listed = form.get("/Fields")
            if isinstance(listed, pikepdf.Array):
                self.explained.add(listed.objgen[0])
        self._fields(changed)

    def _resources(self, a: Any, b: Any, word: str, depth: int = 0) -> None:
        """Additions only: whatever was named before must be the same thing now."""
        if isinstance(b, (pikepdf.Dictionary, pikepdf.Array)) and b.is_indirect:
            self.explained.add(b.objgen[0])
        if a is None:
            return
        if not isinstance(a, pikepdf.Dictionary) or not isinstance(b, pikepdf.Dictionary):
            if canonical(a) != canonical(b):
                self.changes.refuse(word)
            return
        for key in a.keys():  # noqa: SIM118 - pikepdf dictionaries iterate over keys only by keys()
            if key not in b:
                self.changes.refuse(word, key)
            elif depth < 1 and isinstance(a.get(key), pikepdf.Dictionary):
                self._resources(a.get(key), b.get(key), word, depth + 1)
            elif shallow(a.get(key)) != shallow(b.get(key)):
                self.changes.refuse(word, key)

    def _fields(self, changed: set[int]) -> None:
        before, after = self.fields_before, self.fields_after
        for name, node in before.items():
            if name not in after or after[name].kind != node.kind:
                self.changes.refuse("field_removed", name)
        for name, node in after.items():
            earlier = before.get(name)
            if earlier is None:
                self._new_field(name, node)
            else:
                self._same_field(name, earlier, node, changed)

    def _new_field(self, name: str, node: FieldNode) -> None:
        if node.kind != "/Sig":
            self.changes.content_words.add("field")
            for widget in node.widgets:
                page = self._page_of(widget)
                if page is None:
                    self.changes.refuse("field_added", name)
                else:
                    self.changes.content_pages.add(page)
            if not node.widgets:
                self.changes.refuse("field_added", name)
            return
        signed = "/V" in node.obj
        if signed:
            self.changes.signatures.append(name)
        for widget in [node.obj, *node.widgets]:
            if "/A" in widget or "/AA" in widget:
                self.changes.refuse("action_added", name)
            if not signed and "/AP" in widget and visible(widget):
                self.changes.refuse("unsigned_field_with_appearance", name)
        self._place(name, node, True)

    def _place(self, name: str, node: FieldNode, signature: bool) -> None:
        for widget in node.widgets:
            if not visible(widget):
                continue
            page = self._page_of(widget)
            if page is None:
                continue
            rect = rectangle(widget)
            if rect is not None:
                self.changes.placed.append(Placed(page, rect, name, signature))

    def _same_field(self, name: str, a: FieldNode, b: FieldNode, changed: set[int]) -> None:
        touched = (a.numbers | b.numbers) & changed
        streams = {n for w in (*a.widgets, *b.widgets) for n in _appearance_numbers(w)} & changed
        direct = 0 in a.numbers and any(canonical(x) != canonical(y) for x, y in ((a.obj, b.obj),))
        if not touched and not streams and not direct:
            return
        self.explained |= touched | streams
        signed = a.kind == "/Sig" and "/V" in a.obj
        allowed = _SIGNATURE_FIELD_KEYS if a.kind == "/Sig" else _FIELD_VALUE_KEYS
        pairs = [(a.obj, b.obj), *zip(a.widgets, b.widgets, strict=False)]
        if len(a.widgets) != len(b.widgets) and a.widgets:
            self.changes.refuse("field_changed", name)
        for x, y in pairs:
            for key in set(x.keys()) | set(y.keys()):
                if shallow(x.get(key)) == shallow(y.get(key)):
                    continue
                if signed:
                    self.changes.refuse("signature_field_changed", f"{name} {key}")
                elif key == "/Rect" and visible(x):
                    self.changes.refuse("field_moved", name)
                elif key == "/Kids" or key not in allowed:
                    self.changes.refuse("field_changed", f"{name} {key}")
        if signed:
            if streams:
                self.changes.refuse("signature_appearance_replaced", name)
            return
        if a.kind == "/Sig":
            if "/V" in b.obj:
                self.changes.signatures.append(name)
            elif streams or any("/AP" in w for w in b.widgets):
                self.changes.refuse("unsigned_field_with_appearance", name)
        else:
            self.changes.filled[name] = (_text(a.value), _text(b.value))
        self._place(name, b, a.kind == "/Sig")

    def _field_objects(self, changed: set[int]) -> None:
        """Parents of fields whose /Kids grew by a new field."""
        for number in changed - self.explained:
            a, b = self.old.value(number), self.new.value(number)
            if not isinstance(a, pikepdf.Dictionary) or not isinstance(b, pikepdf.Dictionary) or "/T" not in a:
                continue
            keys = {k for k in set(a.keys()) | set(b.keys()) if shallow(a.get(k)) != shallow(b.get(k))}
            kids_a = [k.objgen for k in a.get("/Kids") or () if isinstance(k, pikepdf.Dictionary)]
            kids_b = [k.objgen for k in b.get("/Kids") or () if isinstance(k, pikepdf.Dictionary)]
            if keys <= {"/Kids"} and kids_a and kids_b[: len(kids_a)] == kids_a:
                self.explained.add(number)

    def _unexplained(self, number: int) -> None:
        a = self.old.value(number)
        if isinstance(a, pikepdf.Stream) and str(a.get("/Type")) in ("/XRef", "/ObjStm"):
            return
        kind = "?"
        if isinstance(a, (pikepdf.Dictionary, pikepdf.Stream)):
            kind = str(a.get("/Subtype") or a.get("/Type") or ("FontFile" if "/Length1" in a else "?"))
        if self.new.value(number) is None:
            self.changes.refuse("object_removed", f"{number} {kind}")
        elif kind in (
            "/Type0",
            "/Type1",
            "/TrueType",
            "/CIDFontType2",
            "/CIDFontType0",
            "/FontDescriptor",
            "/Font",
            "/Encoding",
            "FontFile",
            "/Type1C",
            "/CIDFontType0C",
            "/OpenType",
            "/MMType1",
            "/Type3",
        ):
            self.changes.refuse("font_replaced", f"{number} {kind}")
        elif kind in ("/Link", "/FreeText", "/Stamp", "/Widget", "/Text", "/Redact", "/Highlight", "/Popup"):
            self.changes.refuse("annotation_changed", f"{number} {kind}")
        else:
            self.changes.refuse("object_replaced", f"{number} {kind}")

    def _dangling(self, fresh: set[int]) -> None:
        """A number that the signed revision already referred to, but only now has an object."""
        if not fresh:
            return
        for number in sorted(referred(self.data, self.old, fresh)):
            self.changes.refuse("missing_object_supplied", str(number))


def _appearance_numbers(widget: Any) -> set[int]:
    """Object numbers of a widget's appearance streams and the dictionaries that hold them."""
    found: set[int] = set()
    appearance = widget.get("/AP")
    nodes = [appearance]
    if isinstance(appearance, pikepdf.Dictionary):
        for key in list(appearance.keys())[:3]:
            state = appearance.get(key)
            nodes.append(state)
            if isinstance(state, pikepdf.Dictionary) and not isinstance(state, pikepdf.Stream):
                nodes += [state.get(k) for k in list(state.keys())[:50]]
    for node in nodes:
        if isinstance(node, pikepdf.Object) and node.is_indirect:
            found.add(node.objgen[0])
    return found


def _text(value: Any) -> str:
    return "" if value is None else str(value)[:200]
