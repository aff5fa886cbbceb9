"""What strangers write reaches the database: NUL, lone surrogates, endless names, impossible dates. Never a crash."""

from __future__ import annotations

from typing import Any

import pytest

from support_judgement import mail

HOSTILE: dict[str, bytes] = {
    "nul-in-subject": mail().replace(b"Subject: ", b"Subject: =?utf-8?b?AEEAQg==?= \x00"),
    "nul-in-message-id": mail().replace(b"<thu-1@", b"<thu\x00-1@"),
    "nul-in-from": mail().replace(b"<vanthu@a.example.vn>", b"<van\x00thu@a.example.vn>"),
    "nul-in-to": mail().replace(b"To: vanthu@b", b"To: van\x00thu@b"),
    "surrogates": mail().replace(b"Subject: ", b"Subject: \xed\xa0\x80\xff =?utf-8?q?=ED=A0=80?= "),
    "utf-7": mail().replace(b"Subject: ", b"Subject: =?utf-7?q?+2AA-+AAA-?= "),
    "long-message-id": mail().replace(b"<thu-1@", b"<" + b"x" * 5000 + b"@"),
    "long-subject": mail().replace(b"Subject: ", b"Subject: " + b"y" * 900 + b"\r\n " + b"y" * 900 + b" "),
    "reply-to-nul": mail().replace(
        b"Subject: ", b"In-Reply-To: <a\x00b@c>\r\nReferences: <\x00@x> <y\xff@z>\r\nSubject: Re: "
    ),
    "nul-in-names": mail(("a\x00b.pdf", b"%PDF-1.4\n\x00")),
    "year-1": mail().replace(b"Wed, 05 Aug 2026 10:00:00 +0700", b"Mon, 01 Jan 0001 00:00:00 +0700"),
    "year-9999": mail().replace(b"Wed, 05 Aug 2026 10:00:00 +0700", b"Fri, 31 Dec 9999 23:59:59 -1200"),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_a_hostile_plain_mail_is_judged(desk: Any, name: str) -> None:
    result = desk.take(HOSTILE[name])
    assert result["state"] in ("held", "ignored"), result
    assert desk.row(result["message"]).last_error is None
