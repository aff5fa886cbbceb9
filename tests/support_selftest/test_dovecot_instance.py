"""The Dovecot of the tests does what a provider's mailbox does."""

from __future__ import annotations

import imaplib
import smtplib

import pytest

from support.authority import TlsAuthority
from support.dovecot import DovecotInstance

pytestmark = pytest.mark.real("dovecot")

MAIL = "From: a@example.vn\r\nTo: b@example.vn\r\nSubject: thử\r\n\r\nKính gửi\r\n".encode()


def test_password_over_starttls_and_token_over_tls(
    dovecot_server: DovecotInstance, tls_authority: TlsAuthority
) -> None:
    user = "dang-nhap@example.vn"
    dovecot_server.add_user(user, "mat-khau")
    context = tls_authority.client_context()
    with imaplib.IMAP4("localhost", dovecot_server.imap_port, timeout=20) as plain:
        plain.starttls(context)
        assert plain.login(user, "mat-khau")[0] == "OK"
    with imaplib.IMAP4_SSL("localhost", dovecot_server.imaps_port, ssl_context=context, timeout=20) as secure:
        answer = f"user={user}\x01auth=Bearer {dovecot_server.token(user)}\x01\x01".encode()
        assert secure.authenticate("XOAUTH2", lambda _: answer)[0] == "OK"
    with imaplib.IMAP4_SSL("localhost", dovecot_server.imaps_port, ssl_context=context, timeout=20) as late:
        stale = f"user={user}\x01auth=Bearer {dovecot_server.token(user, -60)}\x01\x01".encode()
        with pytest.raises(imaplib.IMAP4.error):
            late.authenticate("XOAUTH2", lambda challenge: b"" if challenge else stale)


def test_delivered_by_hand_and_by_lmtp(dovecot_server: DovecotInstance) -> None:
    user = "nhan@example.vn"
    dovecot_server.add_user(user)
    dovecot_server.deliver(user, MAIL)
    with smtplib.LMTP("127.0.0.1", dovecot_server.lmtp_port) as lmtp:
        assert lmtp.sendmail("a@example.vn", [user], MAIL) == {}
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            lmtp.sendmail("a@example.vn", ["khong-co@example.vn"], MAIL)
    first, second = dovecot_server.uids(user)
    assert dovecot_server.raw(user, first) == MAIL
    assert dovecot_server.raw(user, second).endswith(MAIL)
    assert dovecot_server.status(user)["messages"] == 2
    assert {"INBOX", "Sent"} <= set(dovecot_server.folders(user))
    dovecot_server.doveadm("flags", "add", "-u", user, "CongvanDone", "mailbox", "INBOX", "uid", str(first))
    assert "CongvanDone" in dovecot_server.flags(user, first)
    assert "CongvanDone" not in dovecot_server.flags(user, second)


def test_a_full_mailbox_refuses(dovecot_server: DovecotInstance) -> None:
    user = "day@example.vn"
    dovecot_server.add_user(user, quota_bytes=100)
    with smtplib.LMTP("127.0.0.1", dovecot_server.lmtp_port) as lmtp, pytest.raises(smtplib.SMTPException) as refusal:
        lmtp.sendmail("a@example.vn", [user], MAIL + b"x" * 500 + b"\r\n")
    assert refusal.value.args[0] in (452, 552)


def test_killed_and_started_again_it_keeps_its_mail(dovecot_own: DovecotInstance) -> None:
    user = "giu@example.vn"
    dovecot_own.add_user(user)
    dovecot_own.deliver(user, MAIL)
    before = dovecot_own.status(user)
    dovecot_own.kill()
    dovecot_own.start()
    assert dovecot_own.status(user) == before
    dovecot_own.change_uidvalidity(user)
    assert dovecot_own.status(user)["uidvalidity"] != before["uidvalidity"]
    assert len(dovecot_own.uids(user)) == 1
