"""The Postfix of the tests carries, defers, bounces and survives as a real one does."""

from __future__ import annotations

import smtplib

import pytest

from support.authority import TlsAuthority
from support.dovecot import DovecotInstance
from support.postfix import ProviderPostfix
from support.process import free_port, wait_until

pytestmark = pytest.mark.real("postfix", "dovecot")

MAIL = b"From: a@a.example.vn\r\nTo: b@b.example.vn\r\nMessage-ID: <1@a.example.vn>\r\n\r\nxin chao\r\n"


def test_it_carries_defers_and_bounces(dovecot_server: DovecotInstance) -> None:
    sender, there, later = "gui@a.example.vn", "den@b.example.vn", "cham@b.example.vn"
    for user in (sender, there, later):
        dovecot_server.add_user(user)
    lmtp = f"lmtp:inet:127.0.0.1:{dovecot_server.lmtp_port}"
    with ProviderPostfix() as postfix:
        postfix.route("a.example.vn", lmtp)
        postfix.route("b.example.vn", lmtp)
        postfix.route(later, f"smtp:[127.0.0.1]:{free_port()}")  # nobody there
        with smtplib.SMTP("127.0.0.1", postfix.port) as client:
            assert client.ehlo()[0] == 250 and client.has_extn("dsn")
            client.sendmail(sender, [there, later, "khong-co@b.example.vn"], MAIL)
        postfix.answer("day@b.example.vn", "450 4.2.2 hop thu day")
        with smtplib.SMTP("127.0.0.1", postfix.port) as client:
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                client.sendmail(sender, ["day@b.example.vn"], MAIL)
            assert refused.value.recipients["day@b.example.vn"][0] == 450
        wait_until(lambda: len(dovecot_server.uids(there)) == 1, "the delivered mail")
        assert dovecot_server.raw(there, 1).endswith(b"\r\n\r\nxin chao\r\n")
        wait_until(lambda: len(dovecot_server.uids(sender)) == 1, "the bounce")
        bounce = dovecot_server.raw(sender, 1)
        assert b"message/delivery-status" in bounce and b"khong-co@b.example.vn" in bounce
        wait_until(lambda: len(postfix.waiting()) == 1, "the deferred mail alone")
        postfix.kill()
        postfix.resume()
        (waiting,) = postfix.waiting()
        assert [r["address"] for r in waiting["recipients"]] == [later]
        postfix.route(later, lmtp)
        postfix.flush()
        wait_until(lambda: len(dovecot_server.uids(later)) == 1, "the mail that waited")
        wait_until(lambda: not postfix.waiting(), "an empty queue")


def test_a_providers_submission_port(dovecot_server: DovecotInstance, tls_authority: TlsAuthority) -> None:
    user = "tram@c.example.vn"
    dovecot_server.add_user(user, "mat-khau")
    with ProviderPostfix(authority=tls_authority, sasl=dovecot_server.sasl_socket) as provider:
        provider.route("c.example.vn", f"lmtp:inet:127.0.0.1:{dovecot_server.lmtp_port}")
        with smtplib.SMTP("localhost", provider.port) as client:
            client.ehlo()
            assert not client.has_extn("auth")
            client.starttls(context=tls_authority.client_context())
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                client.sendmail(user, [user], MAIL)
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login(user, "sai")
            client.login(user, "mat-khau")
            client.sendmail(user, [user], MAIL)
        wait_until(lambda: len(dovecot_server.uids(user)) == 1, "the mail through the provider")
