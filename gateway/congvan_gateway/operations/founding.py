"""The first entries of an installation: the agency itself, its mailbox, the gateway's key."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from congvan_core.agencies.editing import add_body, add_contact_point, add_mailbox
from congvan_core.agencies.keys import enroll_key
from congvan_core.agencies.lookup import by_code
from congvan_core.agencies.model import ContactPoint
from congvan_core.ids import VIETNAM
from congvan_gateway.main import App


def found_agency(
    app: App,
    *,
    code: str,
    name: str,
    address: str,
    own: bool = True,
    gateway: bool = True,
    kind: str = "state",
    certificate: x509.Certificate | None = None,
    document_certificate: x509.Certificate | None = None,
    telephone: str | None = None,
    actor: str = "congvan init",
) -> ContactPoint:
    """Contact point, issuing body and mailbox under one code; made once, keys added as they are given.

    Raises InputError for a code or address that is none, ConflictError for an address that another agency has.
    """
    at = app.clock()
    with app.database.write() as connection:
        known = by_code(connection, code, at.astimezone(VIETNAM).date())
        if known is None:
            point = add_contact_point(
                connection, code, name, actor=actor, at=at, own=own, kind=kind, telephone=telephone
            )
            add_body(connection, point.id, code, name, actor=actor, at=at)
            add_mailbox(
                connection,
                point.id,
                address,
                actor=actor,
                at=at,
                kind="official" if kind == "state" else kind,
                gateway=gateway,
                test_environment=True,
            )
        else:
            point = known.contact_point
        for given, purpose in ((certificate, "gateway"), (document_certificate, "document")):
            if given is not None:
                enroll_key(connection, point.id, given.public_bytes(Encoding.DER), actor=actor, at=at, purpose=purpose)
    return point
