"""A Word or ODF file as PDF, by LibreOffice without a screen: own profile, no macros, no network, limited time.

LibreOffice is not a part of the program; where it is missing the drafter uploads a PDF.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from congvan_core.errors import InputError, RefusedError, TemporaryError, UnreadableError

#: What may be converted, and how each begins; nothing that is a program or a template with macros.
_BEGINS = {".docx": b"PK\x03\x04", ".odt": b"PK\x03\x04", ".rtf": b"{\\rtf", ".doc": b"\xd0\xcf\x11\xe0"}
EXTENSIONS = tuple(_BEGINS)
MAX_SOURCE = 40 << 20
MAX_PDF = 150 << 20
SECONDS = 60.0

_UNREADABLE = "Không chuyển được tệp soạn thảo sang PDF: tệp hỏng hoặc không phải văn bản Word, ODF."

#: Macros never run, links are never followed, nothing is fetched or updated.
_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
 <prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
 <prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
 <prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
 <prop oor:name="DisableActiveContent" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update">
 <prop oor:name="Link" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""


def converter() -> Path | None:
    """LibreOffice's program, or None where it is not installed."""
    for name in ("soffice", "libreoffice"):
        found = shutil.which(name)
        if found:
            return Path(found)
    return None


def office_to_pdf(data: bytes, name: str, *, seconds: float = SECONDS) -> bytes:
    """The document as PDF. ``name`` tells its kind (.docx, .odt, .rtf, .doc).

    Raises InputError (another kind, too large), RefusedError (no LibreOffice here: upload a PDF), UnreadableError (it could
    not be converted), TemporaryError (it took longer than ``seconds``).
    """
    extension = Path(name).suffix.lower()
    if extension not in EXTENSIONS:
        raise InputError(f"Chỉ chuyển được sang PDF các tệp {', '.join(EXTENSIONS)}; tệp này là “{extension or name}”.")
    if not data or len(data) > MAX_SOURCE:
        raise InputError("Tệp dự thảo trống hoặc lớn hơn 40 MB; hãy chuyển sang PDF trên máy soạn thảo rồi tải lên.")
    if not data.startswith(_BEGINS[extension]):
        raise UnreadableError(_UNREADABLE)
    program = converter()
    if program is None:
        raise RefusedError(
            "Máy chủ chưa cài LibreOffice nên chưa chuyển được tệp soạn thảo sang PDF; hãy xuất PDF trên máy soạn thảo rồi tải "
            "lên, hoặc đề nghị quản trị viên cài gói libreoffice-writer-nogui."
        )
    with tempfile.TemporaryDirectory(prefix="congvan-office-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        (home / "profile" / "user").mkdir(parents=True)
        (home / "profile" / "user" / "registrymodifications.xcu").write_text(_SETTINGS, encoding="utf-8")
        source = home / f"du-thao{extension}"
        source.write_bytes(data)
        _run(program, home, source, seconds)
        made = home / "out" / "du-thao.pdf"
        if not made.is_file():
            raise UnreadableError(
                "Không chuyển được tệp soạn thảo sang PDF: tệp hỏng hoặc không phải văn bản Word, ODF."
            )
        if made.stat().st_size > MAX_PDF:
            raise InputError("Bản PDF chuyển từ tệp soạn thảo quá lớn; hãy giảm cỡ hình trong văn bản.")
        return made.read_bytes()


def _run(program: Path, home: Path, source: Path, seconds: float) -> None:
    command = [
        *_offline(), str(program), f"-env:UserInstallation=file://{home}/profile", "--headless", "--invisible",
        "--norestore", "--nologo", "--nodefault", "--nolockcheck", "--nofirststartwizard",
        "--convert-to", "pdf:writer_pdf_Export", "--outdir", str(home / "out"), str(source),
    ]  # fmt: skip
    environment = {
        "HOME": str(home), "TMPDIR": str(home), "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8",
        "SAL_USE_VCLPLUGIN": "svp", "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9",
    }  # fmt: skip
    # A session of its own, so that the time limit ends the office and whatever it started.
    running = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
        cwd=home, start_new_session=True,
    )  # fmt: skip
    try:
        running.wait(seconds)
    except subprocess.TimeoutExpired:
        raise TemporaryError(
            f"Chuyển tệp soạn thảo sang PDF quá {seconds:.0f} giây nên đã dừng; hãy xuất PDF trên máy soạn thảo rồi tải lên."
        ) from None
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


@lru_cache(maxsize=1)
def _offline() -> tuple[str, ...]:
    """A network namespace without any interface, where the system lets this user make one."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return ()
    command = (unshare, "--map-root-user", "--net", "--")
    try:
        tried = subprocess.run([*command, "true"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return ()
    return command if tried.returncode == 0 else ()
