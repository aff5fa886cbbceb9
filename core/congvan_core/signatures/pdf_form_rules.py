"""What may change in a form: signatures may join, values be filled in, resources be added; nothing may be put elsewhere."""

from __future__ import annotations

from typing import Any

import pikepdf

from congvan_core.signatures.pdf_changes import Placed, rectangle, visible
from congvan_core.signatures.pdf_page_rules import PageRules
from congvan_core.signatures.pdf_revision import canonical, shallow
from congvan_core.signatures.pdf_roles import additive, grown
from congvan_core.signatures.pdf_signatures import FieldNode, form_fields

_FIELD_VALUE_KEYS = {"/V", "/AP", "/AS", "/RV", "/I", "/MK", "/DA", "/M", "/F", "/NM"}
_SIGNATURE_FIELD_KEYS = {
    "/V", "/AP", "/AS", "/MK", "/DA", "/M", "/F", "/NM", "/BS", "/DR", "/SV", "/Ff", "/Rect", "/P", "/Type",
    "/Subtype", "/Border", "/H", "/StructParent",
}  # fmt: skip
#: Annotation flags (ISO 32000-2 table 167): not shown on a screen, shown only while a pointer is over it.
_NO_VIEW, _TOGGLE = 32, 256
#: Invisible, Hidden, NoView, ToggleNoView: what makes a field show or vanish.
_SHOWN = 1 | 2 | _NO_VIEW | _TOGGLE


class FormRules(PageRules):
    """The part of a comparison that looks at the form and its fields."""

    changed: set[int]
    _old_fields: dict[str, FieldNode] | None = None
    _new_fields: dict[str, FieldNode] | None = None

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

    def _form(self, a: Any, b: Any) -> None:
        if canonical(a) == canonical(b) and not isinstance(b, pikepdf.Dictionary):
            return
        root = self.old.pdf.Root.objgen[0]
        a = a if isinstance(a, pikepdf.Dictionary) else pikepdf.Dictionary()
        if not isinstance(b, pikepdf.Dictionary):
            self.changes.refuse("form_removed")
            return
        ordinary = any(f.kind != "/Sig" for f in self.fields_before.values())
        for key in set(a.keys()) | set(b.keys()):
            if shallow(a.get(key)) == shallow(b.get(key)) and key not in ("/DR", "/Fields"):
                continue
            if key == "/DR":
                self._resources(a.get(key), b.get(key), (a.objgen[0], "/DR"), (root, "/AcroForm"))
            elif (
                key in ("/Fields", "/SigFlags")
                or (key == "/DA" and not a.get(key))
                or (key == "/NeedAppearances" and not ordinary)
            ):
                continue
            else:
                self.changes.refuse("form_changed", key)
        self.explained.add(b.objgen[0])
        if b.objgen != a.objgen and b.objgen[0] in self.changed:
            self.roles.stands(b.objgen[0], (root, "/AcroForm"))
        for form in (a, b):
            listed = form.get("/Fields")
            number = listed.objgen[0] if isinstance(listed, pikepdf.Array) else 0
            self.explained.add(number)
            if number in self.changed and not self._more_fields(number):
                self.roles.stands(number, (a.objgen[0], "/Fields"), (root, "/AcroForm"))
        self._fields()

    def _more_fields(self, number: int) -> bool:
        """The list kept what it had and gained fields only; streams in it could be the content of a page."""
        gained = grown(self.old.value(number), self.new.value(number))
        return gained is not None and all(isinstance(g, pikepdf.Dictionary) and "/T" in g for g in gained)

    def _resources(self, a: Any, b: Any, *places: tuple[int, str], depth: int = 0) -> None:
        """Additions only: whatever was named before must be the same thing now. What pages share is looked at."""
        word = "form_resources_changed"
        number = b.objgen[0] if isinstance(b, (pikepdf.Dictionary, pikepdf.Array)) and b.is_indirect else 0
        if number:
            self.explained.add(number)
            if number in self.changed:
                if not additive(self.old.value(number), b):
                    self.changes.refuse(word, str(number))
                self.roles.stands(number, *places, shared=True)
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
                self._resources(a.get(key), b.get(key), *places, (a.objgen[0], key), depth=depth + 1)
            elif shallow(a.get(key)) != shallow(b.get(key)):
                self.changes.refuse(word, key)

    def _fields(self) -> None:
        before, after = self.fields_before, self.fields_after
        for name, node in before.items():
            if name not in after or after[name].kind != node.kind:
                self.changes.refuse("field_removed", name)
        for name, node in after.items():
            earlier = before.get(name)
            if earlier is None:
                self._new_field(name, node)
            else:
                self._same_field(name, earlier, node)

    def _new_field(self, name: str, node: FieldNode) -> None:
        if node.kind != "/Sig":
            self.changes.content_words.add("field")
            for widget in node.widgets:
                pages = self._pages_of(widget)
                self.changes.content_pages.update(pages)
                if not pages:
                    self.changes.refuse("field_added", name)
            if not node.widgets:
                self.changes.refuse("field_added", name)
            return
        signed = "/V" in node.obj
        if signed:
            self.changes.signatures.append(name)
        for widget in [node.obj, *node.widgets]:
            if "/A" in widget or "/AA" in widget:
                self.changes.refuse("action_added", name)
            if not signed and _coloured(widget):
                self.changes.refuse("unsigned_field_with_appearance", name)
        self._look(name, node)
        if signed:
            self._place(name, node, True)
        else:
            self._quiet(node)

    def _quiet(self, node: FieldNode) -> None:
        """An empty field for the next signer may have a look, if nothing is to be seen of it."""
        for widget in node.widgets:
            if "/AP" in widget:
                self.changes.quiet.update(self._pages_of(widget))

    def _look(self, name: str, node: FieldNode) -> None:
        """An appearance that shows at other times than when a person looks at the page cannot be compared."""
        for widget in node.widgets:
            flags = widget.get("/F", 0)
            unseen = isinstance(flags, int) and flags & (_NO_VIEW | _TOGGLE) and not flags & 2
            if "/AP" in widget and (unseen or "/OC" in widget):
                self.changes.refuse("appearance_not_always_shown", name)

    def _place(self, name: str, node: FieldNode, signature: bool, *, same_value: bool = False) -> None:
        for widget in node.widgets:
            rect = rectangle(widget)
            if rect is None or not visible(widget):
                continue
            for page in self._pages_of(widget):
                self.changes.placed.append(Placed(page, rect, name, signature, same_value))

    def _same_field(self, name: str, a: FieldNode, b: FieldNode) -> None:
        touched = (a.numbers | b.numbers) & self.changed
        streams = {n for w in (*a.widgets, *b.widgets) for n in appearance_numbers(w)} & self.changed
        direct = 0 in a.numbers and any(canonical(x) != canonical(y) for x, y in ((a.obj, b.obj),))
        moved = a.numbers != b.numbers
        if not touched and not streams and not direct and not moved:
            return
        self.explained |= touched | streams
        # What only now became a part of this field, or its appearance, stood nowhere before, or it shows there too.
        for number in touched - a.numbers:
            self.roles.stands(number)
        shown = {n for f in self.fields_before.values() for n in f.numbers}
        holders = {n for w in a.widgets for n in appearance_numbers(w)}
        for number in streams:
            self.roles.stands(number, *((w, "/AP") for w in shown), *((h, "*") for h in holders - {number}))
        signed = a.kind == "/Sig" and "/V" in a.obj
        allowed = _SIGNATURE_FIELD_KEYS if a.kind == "/Sig" else _FIELD_VALUE_KEYS
        if len(a.widgets) != len(b.widgets) and a.widgets:
            self.changes.refuse("field_changed", name)
        for x, y in [(a.obj, b.obj), *zip(a.widgets, b.widgets, strict=False)]:
            for key in set(x.keys()) | set(y.keys()):
                if shallow(x.get(key)) == shallow(y.get(key)):
                    continue
                if signed:
                    self.changes.refuse("signature_field_changed", f"{name} {key}")
                elif key == "/Rect" and visible(x):
                    self.changes.refuse("field_moved", name)
                elif key == "/F" and a.kind != "/Sig" and (_flags(x) ^ _flags(y)) & _SHOWN:
                    # Filling in shows and hides nothing: a prepared field that only now appears was never signed.
                    self.changes.refuse("field_shown_or_hidden", name)
                elif key == "/Kids" or key not in allowed:
                    self.changes.refuse("field_changed", f"{name} {key}")
        if signed:
            if streams:
                self.changes.refuse("signature_appearance_replaced", name)
            return
        if a.kind == "/Sig":
            if "/V" in b.obj:
                self.changes.signatures.append(name)
                self._look(name, b)
            elif any(_coloured(w) for w in b.widgets):
                self.changes.refuse("unsigned_field_with_appearance", name)
            else:
                self._quiet(b)
                return
            self._place(name, b, True)
            return
        self.changes.filled[name] = (_text(a.value), _text(b.value))
        self._place(name, b, False, same_value=canonical(a.value) == canonical(b.value) and self._drawn(a))

    def _drawn(self, node: FieldNode) -> bool:
        """It had a look of its own, which readers were not told to make anew (ISO 32000-2 table 224)."""
        form: Any = self.old.pdf.Root.get("/AcroForm")
        asked = isinstance(form, pikepdf.Dictionary) and bool(form.get("/NeedAppearances"))
        return not asked and bool(node.widgets) and all("/AP" in w for w in node.widgets)

    def _field_objects(self) -> None:
        """Parents of fields whose /Kids grew by a new field."""
        for number in self.changed - self.explained:
            a, b = self.old.value(number), self.new.value(number)
            if not isinstance(a, pikepdf.Dictionary) or not isinstance(b, pikepdf.Dictionary) or "/T" not in a:
                continue
            keys = {k for k in set(a.keys()) | set(b.keys()) if shallow(a.get(k)) != shallow(b.get(k))}
            kids_a = [k.objgen for k in a.get("/Kids") or () if isinstance(k, pikepdf.Dictionary)]
            kids_b = [k.objgen for k in b.get("/Kids") or () if isinstance(k, pikepdf.Dictionary)]
            if keys <= {"/Kids"} and kids_a and kids_b[: len(kids_a)] == kids_a:
                self.explained.add(number)


def _coloured(widget: Any) -> bool:
    """Readers draw an unsigned field's background and caption themselves (ISO 32000-2 table 192)."""
    look = widget.get("/MK")
    return isinstance(look, pikepdf.Dictionary) and any(k in look for k in ("/BG", "/CA", "/I"))


def appearance_numbers(widget: Any) -> set[int]:
    """Object numbers of a widget's appearance streams and the dictionaries that hold them."""
    found: set[int] = set()
    appearance = widget.get("/AP")
    nodes = [appearance]
    if isinstance(appearance, pikepdf.Dictionary):
        for key in list(appearance.keys())[:3]:
            state = appearance.get(key)
            nodes.append(state)
            if isinstance(state, pikepdf.Dictionary):
                nodes += [state.get(k) for k in list(state.keys())[:50]]
    for node in nodes:
        if isinstance(node, pikepdf.Object) and node.is_indirect:
            found.add(node.objgen[0])
    return found


def _flags(widget: Any) -> int:
    flags = widget.get("/F", 0)
    return flags if isinstance(flags, int) else 0


def _text(value: Any) -> str:
    return "" if value is None else str(value)[:200]
