"""Attacks through harmless names, and files that readers see differently: none is intact, whoever signs after."""

from __future__ import annotations

from collections.abc import Callable

import attacks_roles
import pytest

from congvan_core.signatures.signing import sign_pdf
from congvan_core.signatures.trust_store import TrustStore
from support_pki import LivePki
from support_signed import codes, verdict

#: No DocMDP, and the three levels of a certification.
LEVELS = (None, 1, 2, 3)
SAID = {"INTEGRITY-SHADOW-CONTENT", "INTEGRITY-CONTENT-CHANGED", "INTEGRITY-BYTES-NOT-COVERED"}


def signed(pki: LivePki, pdf: bytes, level: int | None) -> bytes:
    if level is None:
        return sign_pdf(pdf, pki.signing_key("leader"), certify=False)
    return sign_pdf(pdf, pki.signing_key("leader"), certify=True, docmdp=level)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", list(attacks_roles.ROLES))
def test_a_harmless_name_excuses_nothing_that_pages_use(
    name: str, level: int | None, pki: LivePki, trust: TrustStore
) -> None:
    kind, attack = attacks_roles.ROLES[name]
    once = signed(pki, attacks_roles.original(kind=kind), level)
    assert verdict(once, trust)["outcome"] == "valid"
    out = verdict(attack(once), trust)
    assert (out["outcome"], out["integrity"]) == ("invalid", "modified"), out["findings"]
    assert codes(out) & SAID, codes(out)


@pytest.mark.parametrize("name", ["information", "extensions", "form-resources"])
def test_nor_does_a_trusted_signature_over_it(name: str, pki: LivePki, trust: TrustStore) -> None:
    kind, attack = attacks_roles.ROLES[name]
    once = signed(pki, attacks_roles.original(kind=kind), None)
    again = sign_pdf(attack(once), pki.signing_key("agency-a"), kind="agency")
    out = verdict(again, trust)
    assert (out["outcome"], out["integrity"]) == ("invalid", "modified"), out["findings"]


@pytest.mark.parametrize("signatures", [1, 2])
@pytest.mark.parametrize("attack", list(attacks_roles.DIFFERENTLY.values()), ids=list(attacks_roles.DIFFERENTLY))
def test_readers_may_not_see_different_files(
    attack: Callable[[bytes], bytes], signatures: int, pki: LivePki, trust: TrustStore
) -> None:
    data = signed(pki, attacks_roles.original(), None)
    if signatures == 2:
        data = sign_pdf(data, pki.signing_key("agency-a"), kind="agency")
    out = verdict(attack(data), trust)
    assert (out["outcome"], out["integrity"]) == ("invalid", "modified"), out["findings"]
    assert codes(out) & {*SAID, "INTEGRITY-SIGNATURE-REMOVED"}, codes(out)
