"""Signed files of every ordinary kind, made once a session, and what a receiver trusts."""

from __future__ import annotations

import pytest

from congvan_core.signatures.trust_store import TrustStore
from support_pki import LivePki
from support_signed import PERSON_RECT, page_pdf, picture, seal, store


@pytest.fixture(scope="session")
def trust(pki: LivePki) -> TrustStore:
    return store(pki)


@pytest.fixture(scope="session")
def plain() -> bytes:
    """One page with a heading that has room for number and date, a body, and the place of a signature."""
    return page_pdf()


@pytest.fixture(scope="session")
def person_signed(pki: LivePki, plain: bytes) -> bytes:
    """An approval signature without DocMDP, visible."""
    from congvan_core.signatures.appearance import person_appearance
    from congvan_core.signatures.signing import sign_pdf

    return sign_pdf(
        plain,
        pki.signing_key("leader"),
        appearance=person_appearance(picture("sign")),
        page=0,
        rect=PERSON_RECT,
        certify=False,
    )


@pytest.fixture(scope="session")
def certified(pki: LivePki, plain: bytes) -> bytes:
    """A certification signature that permits form filling and signatures (P=2)."""
    from congvan_core.signatures.signing import sign_pdf

    return sign_pdf(plain, pki.signing_key("leader"), certify=True, docmdp=2)


@pytest.fixture(scope="session")
def two_signed(pki: LivePki, person_signed: bytes) -> bytes:
    """The agency's seal over a third of the person's signature."""
    return seal(pki, person_signed)
