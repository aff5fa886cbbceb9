"""Which programs a real server needs, and where Debian puts them."""

from __future__ import annotations

import glob
import os
import shutil
from pathlib import Path

#: server -> (programs that must be there, the Debian packages that bring them)
SERVERS: dict[str, tuple[tuple[str, ...], str]] = {
    "postfix": (("postfix", "postconf"), "postfix"),
    "dovecot": (("dovecot", "doveadm"), "dovecot-core dovecot-imapd dovecot-lmtpd"),
    "postgresql": (("initdb", "pg_ctl"), "postgresql"),
    "clamav": (("clamd",), "clamav-daemon"),
    "softhsm": (("softhsm2-util", "libsofthsm2.so"), "softhsm2"),
    "chromium": (("chromium",), "chromium"),
    "openssl": (("openssl",), "openssl"),
    "swaks": (("swaks",), "swaks"),
    "poppler": (("pdftotext", "pdftoppm", "pdfsig"), "poppler-utils"),
    "libreoffice": (("soffice",), "libreoffice-writer-nogui"),
    "xmlsec1": (("xmlsec1",), "xmlsec1"),
    "tesseract": (("tesseract",), "tesseract-ocr tesseract-ocr-vie"),
}

#: Beside PATH: daemons live in sbin, PostgreSQL keeps one folder per version, SoftHSM is a library.
_EXTRA = ("/usr/sbin", "/usr/local/sbin", "/usr/lib/postgresql/*/bin", "/usr/lib/softhsm", "/usr/lib/*/softhsm")


def find(program: str) -> Path | None:
    """The full path of a program or library, or None. The newest version of PostgreSQL wins."""
    found = shutil.which(program)
    if found:
        return Path(found)
    for pattern in _EXTRA:
        for folder in sorted(glob.glob(pattern), reverse=True):
            if os.path.exists(candidate := os.path.join(folder, program)):
                return Path(candidate)
    return None


def require(program: str) -> str:
    """The full path of a program; an error that names it where it is absent."""
    found = find(program)
    if found is None:
        raise FileNotFoundError(f"{program} is not installed")
    return str(found)


def missing(servers: tuple[str, ...]) -> list[str]:
    """One sentence per server of which a program is absent: what is missing and the package that brings it."""
    out = []
    for server in servers:
        if server not in SERVERS:
            raise ValueError(f"unknown server {server!r}; known: {', '.join(SERVERS)}")
        programs, package = SERVERS[server]
        absent = [p for p in programs if find(p) is None]
        if server == "postfix" and not absent and os.getuid() != 0:
            out.append("postfix is installed, but only root can start one")
        if absent:
            out.append(f"{server} is missing ({', '.join(absent)} not found; apt-get install {package})")
    return out
