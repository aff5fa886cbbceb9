"""A session with a mailbox: enter, open a folder, list, fetch, flag, move, append, wait."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from congvan_mailbox.imap import answers
from congvan_mailbox.imap.account import Account, LinkLost, LogInRefused, MailboxError
from congvan_mailbox.imap.answers import Fetched, Folder, Selected
from congvan_mailbox.imap.names import quoted, quoted_name
from congvan_mailbox.imap.wire import Exchange, Reply, Wire


async def connect(account: Account) -> Client:
    """A session that is logged in. Raises LinkLost, LogInRefused, MailboxError, ConfigurationError."""
    loop = asyncio.get_running_loop()
    context = account.tls_context() if account.tls != "none" else None
    try:
        async with asyncio.timeout(account.timeout):
            _, wire = await loop.create_connection(
                lambda: Wire(loop), account.host, account.port, ssl=context if account.tls == "implicit" else None,
                server_hostname=account.host if account.tls == "implicit" else None,
            )  # fmt: skip
    except TimeoutError as error:
        raise LinkLost(f"Không kết nối được {account.host}:{account.port} trong {account.timeout:g} giây") from error
    except OSError as error:  # ssl.SSLError is one
        raise LinkLost(f"Không kết nối được máy chủ IMAP {account.host}:{account.port}: {error}") from error
    client = Client(account, wire)
    try:
        await client.enter()
    except MailboxError:
        client.abort()
        await client.gone()
        raise
    except BaseException:
        client.abort()
        raise
    return client


@dataclass(frozen=True, slots=True)
class AskedBodies:
    """A question for whole mails that is under way."""

    uids: Sequence[int]
    exchange: Exchange


class Client:
    """One session; commands follow one another."""

    def __init__(self, account: Account, wire: Wire) -> None:
        self.account = account
        self.capabilities: frozenset[str] = frozenset()
        self.folder: Selected | None = None
        self._wire = wire

    # --- entering and leaving -----------------------------------------------------------------------------------------

    async def enter(self) -> None:
        """Greeting, STARTTLS where asked, log-in, capabilities."""
        account, wire = self.account, self._wire
        try:
            greeting = await asyncio.wait_for(asyncio.shield(wire.greeting), account.timeout)
        except TimeoutError as error:
            raise LinkLost(f"Máy chủ IMAP {account.host} không chào") from error
        if greeting[:3].upper() == b"BYE":
            raise LinkLost(f"Máy chủ IMAP từ chối phiên: {_text(greeting)}")
        await self._learn_capabilities(greeting)
        if account.tls == "starttls":
            await self._start_tls()
        await self._learn_capabilities(await self._log_in() if greeting[:7].upper() != b"PREAUTH" else b"")

    async def _learn_capabilities(self, told: bytes) -> None:
        """From the code in a greeting or an answer to the log-in, where it is there (RFC 3501 7.1): no question more."""
        words = answers.code(told, "CAPABILITY")
        if words:
            self.capabilities = frozenset(word.decode("ascii", "replace").upper() for word in words)
        else:
            await self._ask_capabilities()

    async def _ask_capabilities(self) -> None:
        reply = await self._ok("CAPABILITY")
        for answer in reply.answers:
            if answer[0][:11].upper() == b"CAPABILITY ":
                self.capabilities = frozenset(answer[0].decode("ascii", "replace").upper().split()[1:])

    async def _start_tls(self) -> None:
        if "STARTTLS" not in self.capabilities:
            raise MailboxError(f"Máy chủ IMAP {self.account.host} không có STARTTLS; mật khẩu không được gửi đi")
        await self._ok("STARTTLS")
        if self._wire.unread:
            # Octets behind the answer came in the clear and might be taken for the server's (CVE-2011-0411's kind).
            raise MailboxError("Máy chủ IMAP gửi dữ liệu không mã hóa sau STARTTLS")
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.account.timeout):
                self._wire.transport = await loop.start_tls(
                    self._wire.transport, self._wire, self.account.tls_context(), server_hostname=self.account.host
                )
        except (OSError, TimeoutError) as error:
            raise LinkLost(f"TLS với máy chủ IMAP {self.account.host} không thành: {error}") from error
        await self._ask_capabilities()  # what was said in the clear does not count (RFC 3501 6.2.1)

    async def _log_in(self) -> bytes:
        """The text of the server's yes."""
        account = self.account
        token = account.token()
        if token:
            given = base64.b64encode(f"user={account.username}\1auth=Bearer {token}\1\1".encode()).decode()
            # On failure the server sends its reason as a challenge, which is answered with nothing.
            reply = await self._authenticate("XOAUTH2", given, then=b"\r\n")
        else:
            password = account.secret()
            if password is None:
                raise LogInRefused(f"Chưa có mật khẩu của hộp thư {account.name} (password_file hoặc token_file)")
            if "LOGINDISABLED" in self.capabilities and "AUTH=PLAIN" not in self.capabilities:
                raise LogInRefused(f"Máy chủ IMAP {account.host} chỉ cho đăng nhập qua TLS; đặt imap.tls")
            if "AUTH=PLAIN" in self.capabilities or not (account.username + password).isascii():
                given = base64.b64encode(f"\0{account.username}\0{password}".encode()).decode()
                reply = await self._authenticate("PLAIN", given, then=b"*\r\n")
            else:
                reply = await self._run("LOGIN", quoted(account.username), quoted(password))
        if reply.status != "OK":
            raise LogInRefused(
                f"Hộp thư {account.name} không cho đăng nhập: {_text(reply.text)}; xem lại tên, mật khẩu hoặc mã truy cập"
            )
        return reply.text

    async def _authenticate(self, mechanism: str, given: str, *, then: bytes) -> Reply:
        if "SASL-IR" in self.capabilities:
            return await self._run("AUTHENTICATE", mechanism, given, on_continue=lambda _text: then)
        first = iter((given.encode() + b"\r\n",))
        return await self._run("AUTHENTICATE", mechanism, on_continue=lambda _text: next(first, then))

    async def leave(self) -> None:
        """LOGOUT, and the connection closed whatever is answered."""
        with contextlib.suppress(MailboxError):
            await self._wire.run("LOGOUT", silence=5)
        self._wire.transport.close()
        await self.gone()

    async def gone(self) -> None:
        """Until the connection has ended: uvloop may not be closed over one that is only half closed."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wire.ended.wait(), 2)

    def abort(self) -> None:
        """The connection closed at once."""
        if self._wire.transport is not None:
            self._wire.transport.abort()

    def has(self, capability: str) -> bool:
        return capability in self.capabilities

    # --- folders ------------------------------------------------------------------------------------------------------

    async def folders(self) -> list[Folder]:
        """All folders with their special uses (RFC 6154)."""
        reply = await self._ok("LIST", '""', '"*"')
        return answers.folders(reply.answers)

    async def select(self, name: str, *, read_only: bool = False) -> Selected:
        """Open a folder. Raises MailboxError where there is none, or one without UIDVALIDITY."""
        reply = await self._run("EXAMINE" if read_only else "SELECT", quoted_name(name))
        if reply.status != "OK":
            self.folder = None
            raise MailboxError(f"Không mở được thư mục {name} của hộp thư {self.account.name}: {_text(reply.text)}")
        opened = answers.selected(name, reply.answers, reply.text)
        if opened is None:
            raise MailboxError(f"Thư mục {name} không có UIDVALIDITY; không thể đọc mỗi thư đúng một lần")
        self.folder = opened
        return opened

    async def create(self, name: str) -> None:
        """Make a folder and subscribe to it, so that webmail shows it; one that is there already is no error."""
        reply = await self._run("CREATE", quoted_name(name))
        if reply.status == "OK":
            await self._run("SUBSCRIBE", quoted_name(name))
        elif not any(folder.name == name for folder in await self.folders()):
            raise MailboxError(f"Không tạo được thư mục {name}: {_text(reply.text)}")

    # --- mails --------------------------------------------------------------------------------------------------------

    async def uids_after(self, uid: int) -> list[int]:
        """All UIDs above ``uid``, ascending."""
        self._wire.news = False
        # "n:*" always names the last mail, even where n is beyond it (RFC 3501 6.4.8).
        return [u for u in await self.search(f"UID {uid + 1}:*") if u > uid]

    async def search(self, criteria: str) -> list[int]:
        """UIDs that match; ``criteria`` is ours, in ASCII."""
        words = ("RETURN", "(ALL)", criteria) if self.has("ESEARCH") else (criteria,)
        reply = await self._ok("UID SEARCH", *words)
        return answers.searched(reply.answers)

    async def facts(self, uids: Sequence[int]) -> list[Fetched]:
        """Size, flags and INTERNALDATE of these mails (those that still exist)."""
        return await self._fetch(uids, "(UID FLAGS INTERNALDATE RFC822.SIZE)")

    async def bodies(self, uids: Sequence[int]) -> list[Fetched]:
        """Whole mails, octet for octet, ``\\Seen`` untouched; give few and small ones."""
        return await self._fetch(uids, "(UID BODY.PEEK[])")

    async def ask_bodies(self, uids: Sequence[int]) -> AskedBodies:
        """The same asked for now and waited for later, so that the server is at it while the last ones are stored."""
        words = (answers.compact(uids), "(UID BODY.PEEK[])")
        return AskedBodies(uids, await self._wire.ask("UID FETCH", *words, uids=uids))

    async def asked_bodies(self, asked: AskedBodies) -> list[Fetched]:
        """What :meth:`bodies` gives, of an earlier question."""
        reply = await self._wire.end(asked.exchange, self.account.timeout)
        return self._picked(asked.uids, self._accepted("UID FETCH", reply), "BODY")

    async def part(self, uid: int, offset: int, length: int) -> bytes | None:
        """Octets ``offset`` to ``offset + length`` of a mail; shorter at its end, None where it is gone."""
        for one in await self._fetch([uid], f"(UID BODY.PEEK[]<{offset}.{length}>)"):
            return one.body
        return None

    async def header_ids(self, uids: Sequence[int]) -> list[Fetched]:
        """The Message-ID field of these mails, as ``body``."""
        return await self._fetch(uids, "(UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")

    async def _fetch(self, uids: Sequence[int], items: str) -> list[Fetched]:
        if not uids:
            return []
        return self._picked(uids, await self._ok("UID FETCH", answers.compact(uids), items), items)

    @staticmethod
    def _picked(uids: Sequence[int], reply: Reply, items: str) -> list[Fetched]:
        wanted = set(uids)
        merged: dict[int, Fetched] = {}
        for one in answers.fetched(reply.answers):
            if one.uid in wanted and (one.body is not None or "BODY" not in items):
                merged.setdefault(one.uid, one)
        return [merged[uid] for uid in sorted(merged)]

    async def flag(self, uids: Sequence[int], flags: Sequence[str], *, remove: bool = False) -> None:
        """Set or remove flags and keywords."""
        if uids:
            action = "-FLAGS.SILENT" if remove else "+FLAGS.SILENT"
            await self._ok("UID STORE", answers.compact(uids), action, f"({' '.join(flags)})")

    async def move(self, uid: int, folder: str) -> tuple[int, int] | None:
        """Move a mail; its (UIDVALIDITY, UID) there where the server tells (RFC 4315), else None.

        Without MOVE (RFC 6851): copied, then removed alone where UID EXPUNGE is possible; never a plain EXPUNGE, which
        would remove what a person marked.
        """
        if self.has("MOVE"):
            reply = await self._ok("UID MOVE", str(uid), quoted_name(folder))
            return self._moved_to(reply)
        reply = await self._ok("UID COPY", str(uid), quoted_name(folder))
        await self.flag([uid], ["\\Deleted"])
        if self.has("UIDPLUS"):
            await self._ok("UID EXPUNGE", str(uid))
        return self._moved_to(reply)

    async def remove(self, uids: Sequence[int]) -> None:
        """Delete these mails and no others: without UID EXPUNGE they are only marked deleted."""
        await self.flag(uids, ["\\Deleted"])
        if uids and self.has("UIDPLUS"):
            await self._ok("UID EXPUNGE", answers.compact(uids))

    @staticmethod
    def _moved_to(reply: Reply) -> tuple[int, int] | None:
        for text in (*(a[0] for a in reply.answers), reply.text):
            words = answers.code(text, "COPYUID")
            if words is not None and len(words) == 3 and words[0].isdigit() and words[2].isdigit():
                return int(words[0]), int(words[2])
        return None

    async def append(
        self, folder: str, mail: bytes, *, flags: Sequence[str] = (), at: datetime | None = None
    ) -> tuple[int, int] | None:
        """Put a mail into a folder; its (UIDVALIDITY, UID) where the server tells."""
        words = [quoted_name(folder)]
        if flags:
            words.append(f"({' '.join(flags)})")
        if at is not None:
            month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[at.month - 1]
            words.append(f'"{at.day:02d}-{month}-{at:%Y %H:%M:%S %z}"')
        given = iter((mail + b"\r\n",))
        reply = await self._run("APPEND", *words, f"{{{len(mail)}}}", on_continue=lambda _text: next(given, b""))
        if reply.status != "OK":
            raise MailboxError(f"Không ghi được thư vào thư mục {folder}: {_text(reply.text)}")
        placed = answers.code(reply.text, "APPENDUID")
        if placed is not None and len(placed) == 2 and all(word.isdigit() for word in placed):
            return int(placed[0]), int(placed[1])
        return None

    # --- waiting ------------------------------------------------------------------------------------------------------

    async def wait(self, seconds: float, wake: asyncio.Event | None = None) -> bool:
        """Until something new may be there: IDLE where the server has it, else a pause and a NOOP. True where told.

        What was told since the last ``uids_after`` counts: an answer to another command may have brought it.
        """
        if self._wire.news:
            return True
        if self.has("IDLE"):
            return await self._wire.idle(seconds, self.account.timeout, wake)
        if wake is None:
            await asyncio.sleep(seconds)
        else:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), seconds)
        await self.check()
        return False

    async def check(self) -> None:
        """NOOP: the link lives."""
        await self._ok("NOOP")

    async def _run(self, name: str, *words: str, on_continue: Callable[[bytes], bytes | None] | None = None) -> Reply:
        return await self._wire.run(name, *words, silence=self.account.timeout, on_continue=on_continue)

    async def _ok(self, name: str, *words: str) -> Reply:
        return self._accepted(name, await self._run(name, *words))

    @staticmethod
    def _accepted(name: str, reply: Reply) -> Reply:
        if reply.status != "OK":
            raise MailboxError(f"Máy chủ IMAP không làm được {name}: {_text(reply.text)}")
        return reply


def _text(raw: bytes) -> str:
    return raw[:300].decode("utf-8", "replace")
