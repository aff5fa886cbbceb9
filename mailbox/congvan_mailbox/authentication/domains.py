"""Organisational domains (RFC 7489 3.2) and alignment, by a small rule set instead of a downloaded suffix list.

Rule: a domain's last label is its suffix; under the country suffixes below the named second-level labels belong to the
suffix too; every other country suffix of two letters has the usual second-level labels (``co``, ``com``, ``gov``, …).
Under ``.vn`` the second-level labels are those that the registry delegates by kind, and the provinces. ``gov.vn`` is a
suffix: ``haiphong.gov.vn`` and ``hanoi.gov.vn`` are two organisations. What the rule does not know it joins less, not
more: two domains count as one organisation only when they surely are.
"""

from __future__ import annotations

_VN = frozenset(
    """
    com net org edu gov int ac biz info name pro health io id ai angiang bacgiang backan baclieu bacninh
    baria-vungtau bentre binhdinh binhduong binhphuoc binhthuan camau cantho caobang daklak daknong danang
    dienbien dongnai dongthap gialai hagiang haiduong haiphong hanam hanoi hatinh haugiang hoabinh hungyen
    khanhhoa kiengiang kontum laichau lamdong langson laocai longan namdinh nghean ninhbinh ninhthuan phutho
    phuyen quangbinh quangnam quangngai quangninh quangtri soctrang sonla tayninh thaibinh thainguyen thanhhoa
    thanhphohochiminh thuathienhue tiengiang travinh tuyenquang vinhlong vinhphuc yenbai
    """.split()  # noqa: SIM905
)
_USUAL = frozenset(
    """
    com co net org edu gov go ac or ne mil nom gob gouv ltd plc sch id web
    """.split()  # noqa: SIM905
)
#: Suffixes under which strangers rent names; two names below them are two owners.
_SHARED = frozenset(
    """
    blogspot.com github.io gitlab.io herokuapp.com azurewebsites.net cloudfront.net appspot.com web.app
    firebaseapp.com netlify.app vercel.app pages.dev workers.dev onrender.com fly.dev amazonaws.com duckdns.org
    no-ip.org ddns.net eu.org uk.com us.com cn.com onmicrosoft.com mail.protection.outlook.com
    """.split()  # noqa: SIM905
)


def ascii_domain(domain: str) -> str:
    """Lower case, no final dot, non-ASCII labels in their A-label form where they have one."""
    text = domain.strip().strip(".").lower()
    if text.isascii():
        return text
    try:
        return text.encode("idna").decode("ascii")
    except UnicodeError:
        return text


def organisational(domain: str) -> str:
    """The domain that one owner holds: ``mail.vp.so.haiphong.gov.vn`` gives ``haiphong.gov.vn``."""
    labels = ascii_domain(domain).split(".")
    return ".".join(labels[-(_suffix_length(labels) + 1) :])


def _suffix_length(labels: list[str]) -> int:
    for size in (4, 3, 2):
        if len(labels) > size and ".".join(labels[-size:]) in _SHARED:
            return size
    if len(labels) < 3:
        return 1
    top, second = labels[-1], labels[-2]
    if top == "vn":
        return 2 if second in _VN else 1
    return 2 if len(top) == 2 and second in _USUAL else 1


def aligned(one: str | None, other: str | None, *, strict: bool = False) -> bool:
    """RFC 7489 3.1: strict wants equality, relaxed the same organisational domain."""
    if not one or not other:
        return False
    a, b = ascii_domain(one), ascii_domain(other)
    return a == b if strict else a == b or organisational(a) == organisational(b)
