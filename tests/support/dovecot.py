"""A real Dovecot on loopback: IMAP, IMAPS, STARTTLS, LMTP, passwords and OAuth tokens, one Maildir per user."""

from __future__ import annotations

import base64
import grp
import hashlib
import hmac
import json
import os
import pwd
import shutil
import subprocess
import time

from support.authority import TlsAuthority
from support.process import ServerProcess, free_ports, server_folder
from support.programs import require

_OAUTH_KEY = b"khoa-chi-dung-trong-kiem-thu-0123"


class DovecotInstance:
    """``imap_port`` speaks STARTTLS, ``imaps_port`` TLS from the start, ``lmtp_port`` LMTP. Certificate: ``localhost``.

    Users are named as given to :meth:`add_user` (whole addresses). Stopped and started again, it keeps its mail.
    """

    def __init__(self, authority: TlsAuthority | None = None) -> None:
        self.folder = server_folder("dovecot")
        self.authority = authority or TlsAuthority(self.folder)
        self.imap_port, self.imaps_port, self.lmtp_port = free_ports(3)
        #: Where a Postfix asks whether a log-in is good (``smtpd_sasl_type = dovecot``).
        self.sasl_socket = self.folder / "run" / "sasl"
        self._mail = self.folder / "mail"
        self._users = self.folder / "users"
        self._config = self.folder / "dovecot.conf"
        self._log = self.folder / "dovecot.log"
        for part in ("run", "state", "mail", "users", "oauth/default/HS256"):
            (self.folder / part).mkdir(parents=True)
        self._write_configuration()
        self._process = ServerProcess([require("dovecot"), "-F", "-c", str(self._config)], self._log)

    # --- running ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._process.start([self.imap_port, self.imaps_port, self.lmtp_port])

    def stop(self) -> None:
        self._process.stop()

    def kill(self) -> None:
        """kill -9 of the master and every session; the mail stays."""
        self._process.kill()
        shutil.rmtree(self.folder / "run", ignore_errors=True)
        (self.folder / "run").mkdir()

    def close(self) -> None:
        self._process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> DovecotInstance:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def log(self) -> str:
        return self._process.tail(200)

    # --- users and mail -----------------------------------------------------------------------------------------------

    def add_user(self, address: str, password: str = "mat-khau", quota_bytes: int | None = None) -> None:
        """One more mailbox; ``quota_bytes`` makes it full beyond that size (LMTP answers 552 or 452 then)."""
        extra = f"userdb_quota_rule=*:bytes={quota_bytes}" if quota_bytes is not None else ""
        # A file per user: Dovecot looks at a changed file again only in the next second.
        (self._users / address).write_text(f"{address}:{{PLAIN}}{password}::::::{extra}\n")

    def token(self, address: str, seconds: int = 3600) -> str:
        """An OAuth 2.0 access token (a JWT of RFC 7519) for XOAUTH2 and OAUTHBEARER; negative seconds: expired."""

        def part(data: bytes) -> str:
            return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

        now = int(time.time())
        head = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
        claims = {"sub": address, "username": address, "iat": now - 7200, "nbf": now - 7200, "exp": now + seconds}
        body = f"{head}.{part(json.dumps(claims).encode())}"
        return f"{body}.{part(hmac.new(_OAUTH_KEY, body.encode(), hashlib.sha256).digest())}"

    def doveadm(self, *arguments: str, given: bytes | None = None) -> str:
        """The administrator's tool; what it prints. Raises AssertionError with its complaint."""
        done = subprocess.run(
            [require("doveadm"), "-c", str(self._config), *arguments], input=given, capture_output=True, timeout=60
        )
        if done.returncode != 0:
            raise AssertionError(f"doveadm {' '.join(arguments)}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode(errors="replace")

    def deliver(self, address: str, message: bytes, folder: str = "INBOX") -> None:
        """Puts a message into a folder as if it had arrived."""
        self.doveadm("save", "-u", address, "-m", folder, given=message)

    def uids(self, address: str, folder: str = "INBOX") -> list[int]:
        """The UIDs of a folder, in order."""
        out = self.doveadm("-f", "tab", "fetch", "-u", address, "uid", "mailbox", folder)
        return [int(line) for line in out.splitlines()[1:] if line.strip()]

    def raw(self, address: str, uid: int, folder: str = "INBOX") -> bytes:
        """The bytes of one message, as Dovecot serves them (CRLF)."""
        done = subprocess.run(
            [
                require("doveadm"),
                "-c",
                str(self._config),
                "fetch",
                "-u",
                address,
                "text",
                "mailbox",
                folder,
                "uid",
                str(uid),
            ],
            capture_output=True,
            timeout=60,
            check=True,
        )
        text = done.stdout.split(b"\n", 1)[1]  # the first line is "text:"
        return text.rstrip(b"\f\n").replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + b"\r\n"

    def flags(self, address: str, uid: int, folder: str = "INBOX") -> set[str]:
        """The flags and keywords of one message."""
        out = self.doveadm("-f", "tab", "fetch", "-u", address, "flags", "mailbox", folder, "uid", str(uid))
        return set(out.splitlines()[1].split()) if out.count("\n") > 1 else set()

    def folders(self, address: str) -> list[str]:
        return self.doveadm("mailbox", "list", "-u", address).split("\n")[:-1]

    def status(self, address: str, folder: str = "INBOX") -> dict[str, int]:
        """messages, uidnext, uidvalidity of a folder."""
        out = self.doveadm("-f", "tab", "mailbox", "status", "-u", address, "messages uidnext uidvalidity", folder)
        names, values = (line.split("\t") for line in out.splitlines()[:2])
        return {n: int(v) for n, v in zip(names, values, strict=True) if n != "mailbox"}

    def change_uidvalidity(self, address: str, folder: str = "INBOX") -> None:
        """What a restored or recreated mailbox looks like to a client: the same mail under a new UIDVALIDITY."""
        new = self.status(address, folder)["uidvalidity"] + 1
        self.doveadm("mailbox", "update", "-u", address, "--uid-validity", str(new), folder)

    def disconnect(self, address: str) -> None:
        """Ends every session of a user, as a provider's restart does."""
        self.doveadm("kick", address)

    # --- configuration ------------------------------------------------------------------------------------------------

    def _write_configuration(self) -> None:
        chain, key = self.authority.issue("localhost", "127.0.0.1")
        (self.folder / "oauth/default/HS256/default").write_bytes(base64.b64encode(_OAUTH_KEY))
        (self.folder / "oauth.conf").write_text(
            "introspection_mode = local\n"
            f"local_validation_key_dict = fs:posix:prefix={self.folder}/oauth/\n"
            "username_attribute = username\n"
        )
        if os.getuid() == 0:
            owner = pwd.getpwnam("nobody")
            os.chown(self._mail, owner.pw_uid, owner.pw_gid)
            uid, gid, users = owner.pw_uid, owner.pw_gid, ""
        else:
            me = pwd.getpwuid(os.getuid())
            uid, gid = me.pw_uid, me.pw_gid
            users = f"default_internal_user = {me.pw_name}\ndefault_login_user = {me.pw_name}\n"
            users += f"default_internal_group = {grp.getgrgid(gid).gr_name}\n"
            for service in ("imap-login", "anvil", "stats"):
                users += f"service {service} {{\n  chroot =\n}}\n"
        special = "".join(
            f'  mailbox {n} {{\n    special_use = "\\\\{n}"\n    auto = create\n  }}\n'
            for n in ("Sent", "Junk", "Trash")
        )
        self._config.write_text(
            f"""base_dir = {self.folder}/run
state_dir = {self.folder}/state
log_path = {self._log}
listen = 127.0.0.1
protocols = imap lmtp
{users}first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_uid = {uid}
mail_gid = {gid}
mail_plugins = quota
mail_max_userip_connections = 100
lmtp_save_to_detail_mailbox = no
ssl = yes
ssl_cert = <{chain}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
imap_idle_notify_interval = 10 s
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = username_format=%u {self._users}/%u
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {self.folder}/oauth.conf
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {self._users}/%u
  default_fields = uid={uid} gid={gid} home={self._mail}/%u
  override_fields = uid={uid} gid={gid} home={self._mail}/%u
}}
plugin {{
  quota = maildir:User quota
}}
namespace inbox {{
  inbox = yes
{special}}}
service imap-login {{
  inet_listener imap {{
    port = {self.imap_port}
  }}
  inet_listener imaps {{
    port = {self.imaps_port}
    ssl = yes
  }}
}}
service auth {{
  unix_listener {self.sasl_socket} {{
    mode = 0666
  }}
}}
# No growing delay for an address that failed to log in: here every client has the same one.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {self.lmtp_port}
  }}
}}
"""
        )
