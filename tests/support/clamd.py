"""A real ClamAV daemon on loopback with a private signature database (Debian ships none)."""

from __future__ import annotations

import hashlib
import shutil

from support.process import ServerProcess, free_port, server_folder
from support.programs import require

# In two halves, so that no scanner takes this file for the thing itself.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
#: A string of our own, found anywhere in a file of any type.
MARKER = b"CONGVAN-" + b"MALWARE-TEST-STRING"


class ClamdInstance:
    """Finds EICAR (whole file, also in archives) as ``Congvan.Eicar`` and MARKER anywhere as ``Congvan.Marker``.

    ``stream_max`` bytes is the longest stream it takes, as a real installation has one.
    """

    def __init__(self, stream_max: int = 25_000_000) -> None:
        self.folder = server_folder("clamd")
        self.host, self.port = "127.0.0.1", free_port()
        database = self.folder / "db"
        database.mkdir()
        digest = hashlib.md5(EICAR).hexdigest()
        (database / "congvan.hdb").write_text(f"{digest}:{len(EICAR)}:Congvan.Eicar\n")
        (database / "congvan.ndb").write_text(f"Congvan.Marker:0:*:{MARKER.hex()}\n")
        config = self.folder / "clamd.conf"
        config.write_text(
            f"Foreground yes\nDatabaseDirectory {database}\nTCPAddr {self.host}\nTCPSocket {self.port}\n"
            f"TemporaryDirectory {self.folder}\nStreamMaxLength {stream_max}\nMaxThreads 4\nLogTime no\n"
        )
        log = self.folder / "clamd.log"
        self._process = ServerProcess([require("clamd"), "--config-file", str(config)], log)

    def start(self) -> None:
        self._process.start([self.port])

    def stop(self) -> None:
        self._process.stop()

    def __enter__(self) -> ClamdInstance:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
