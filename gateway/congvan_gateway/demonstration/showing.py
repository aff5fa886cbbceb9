"""The main job, step by step, in words a newcomer understands."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from congvan_core.documents.finding_again import resolve_document
from congvan_core.errors import TemporaryError
from congvan_gateway.commands.console_io import say
from congvan_gateway.demonstration import agencies as cast
from congvan_gateway.dispatch.following import track_json
from congvan_gateway.dispatch.issuing import send
from congvan_gateway.dispatch.request import SendRequest, read_files
from congvan_gateway.main import App, open_app
from congvan_gateway.settings import load

#: The job takes seconds; a machine under load gets time.
_PATIENCE = 120.0


class Demonstration:
    """Runs both sides as processes of their own and tells what happens."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.started = time.monotonic()
        self.processes: list[subprocess.Popen[bytes]] = []
        self.console_port = cast.free_port()
        self.receiver: Path | None = None

    def step(self, text: str) -> None:
        say(f"[{time.monotonic() - self.started:5.1f} s] {text}")

    def run(self) -> bool:
        """The main job; True when the receipt arrived."""
        self.step(f"Dữ liệu trình diễn: {self.root} (cơ sở dữ liệu SQLite, không đụng tới dữ liệu thật)")
        pki = cast.make_pki(self.root / "pki")
        self.step(
            "Đã tạo chứng thư số THỬ NGHIỆM: gốc, cơ quan cấp, dấu thời gian, lãnh đạo, hai cơ quan, hai cổng văn bản"
        )
        ports = {agency.key: cast.free_port() for agency in cast.BOTH}
        sender = cast.make_station(
            self.root, pki, cast.SENDER, smtp_port=ports[cast.SENDER.key], peer_port=ports[cast.RECEIVER.key]
        )
        receiver = cast.make_station(
            self.root,
            pki,
            cast.RECEIVER,
            smtp_port=ports[cast.RECEIVER.key],
            peer_port=ports[cast.SENDER.key],
            console_port=self.console_port,
        )
        self.receiver = receiver
        for config in (sender, receiver):
            self._serve(config)
        self.step(
            f"Hai cơ quan đang chạy: {cast.SENDER.title} (SMTP 127.0.0.1:{ports[cast.SENDER.key]}), "
            f"{cast.RECEIVER.title} (SMTP 127.0.0.1:{ports[cast.RECEIVER.key]})"
        )
        document = cast.make_document(pki, self.root / "van-ban")
        self.step(f"Lãnh đạo ký, văn thư cấp số, cơ quan ký số: {document.name}")
        app_a, app_b = open_app(load(sender)), open_app(load(receiver))
        try:
            return self._exchange(app_a, app_b, document)
        finally:
            app_a.close()
            app_b.close()

    def _serve(self, config: Path) -> None:
        log = (config.parent / "congvan.log").open("ab")
        command = [sys.executable, "-m", "congvan_gateway.cli", "serve", "--config", str(config)]
        with log:
            self.processes.append(subprocess.Popen(command, stderr=log, stdout=log))

    def _exchange(self, app_a: App, app_b: App, document: Path) -> bool:
        files, packet = read_files(document, [])
        sent = send(
            app_a,
            SendRequest(
                files=files, to=(cast.RECEIVER.code,), symbol=f"{cast.NUMBER}/{cast.SYMBOL}", subject=cast.SUBJECT,
                packet=packet, actor="Văn thư Sở Mẫu Thử",
            ),
        )  # fmt: skip
        self.step(
            f"{cast.SENDER.title} kiểm tra tính toàn vẹn (Điều 15, Điều 20) và phát hành {sent.number}/{sent.symbol} "
            f"tới {cast.RECEIVER.title}"
        )
        final = self._follow(app_a, app_b, sent.document_id)
        if final is None or final["state"] != "received":
            self.step(f"KHÔNG THÀNH: trạng thái cuối {final['state'] if final else 'không rõ'}; xem congvan.log")
            return False
        proof = final["proof"]
        self.step(
            f"{cast.SENDER.title} thấy: đã tiếp nhận, số đến {proof['register_number']}, lúc {final['received_at']}; "
            "thông báo có chữ ký của khóa đã đăng ký, Điều 20.2.b hoàn tất"
        )
        return True

    def _follow(self, app_a: App, app_b: App, document_id: str) -> dict[str, Any] | None:
        told: set[str] = set()
        words = {
            "sending": "Đang gửi thư đã ký qua SMTP",
            "accepted": f"Máy chủ của {cast.RECEIVER.title} đã nhận thư (250 sau khi ghi bền vững)",
            "deferred": "Tạm hoãn, sẽ tự gửi lại",
        }
        deadline = time.monotonic() + _PATIENCE
        item: dict[str, Any] | None = None
        while time.monotonic() < deadline:
            with app_a.database.read() as connection:
                row = resolve_document(connection, document_id)
                item = track_json(connection, row, app_a.clock())["recipients"][0]
            self._tell(told, item["state"], words.get(item["state"]))
            self._tell_receiver(told, app_b)
            if item["state"] in ("received", "refused", "failed"):
                return item
            if any(p.poll() is not None for p in self.processes):
                raise TemporaryError("Một trong hai cơ quan đã dừng; xem congvan.log trong thư mục trình diễn")
            time.sleep(0.1)
        return item

    def _tell(self, told: set[str], key: str, text: str | None) -> None:
        if text and key not in told:
            told.add(key)
            self.step(text)

    def _tell_receiver(self, told: set[str], app_b: App) -> None:
        from sqlalchemy import select

        from congvan_gateway.storage.schema import message

        with app_b.database.read() as connection:
            rows = connection.execute(select(message).where(message.c.kind == "package")).all()
        for row in rows:
            if row.state == "registered":
                self._tell(
                    told, "registered",
                    f"{cast.RECEIVER.title} kiểm tra nguồn gửi, chữ ký số, tính toàn vẹn: hợp lệ; tự động vào sổ văn bản đến",
                )  # fmt: skip
            elif row.state in ("held", "conflict"):
                self._tell(told, "held", f"Chờ văn thư kiểm tra: {', '.join(row.codes or [])}")

    def open_desk(self) -> str:
        """Where the receiver's clerk works, with a log-in that is made now and told once."""
        from congvan_gateway.commands.account import first_account

        assert self.receiver is not None
        app = open_app(load(self.receiver))
        try:
            password = first_account(
                app, login="vanthu", name="Nguyễn Thị Văn Thư", roles=["clerk", "administrator"], position="Văn thư",
                telephone="0225 3000 000", actor="congvan demo", must_change=False,
            )  # fmt: skip
        finally:
            app.close()
        return f"http://127.0.0.1:{self.console_port}  tài khoản: vanthu  mật khẩu: {password}"

    def stop(self) -> None:
        """End both sides in order."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def run(*, once: bool) -> int:
    """Exit 0 only if the receipt arrived. Without ``once`` both agencies keep running until Ctrl-C.

    The data are removed at the end, but after a failure they stay: its logs are what a person needs then.
    """
    folder = Path(tempfile.mkdtemp(prefix="congvan-demo-"))
    demonstration = Demonstration(folder)
    done = False
    try:
        done = demonstration.run()
        if not once and done:
            say(
                f"Hai cơ quan vẫn đang chạy; dữ liệu ở {folder}. Xem: congvan track --config "
                f"{folder}/{cast.SENDER.key}/congvan.toml {cast.NUMBER}/{cast.SYMBOL}"
            )
            say(f"Trang làm việc của {cast.RECEIVER.title}: {demonstration.open_desk()}")
            say("Nhấn Ctrl-C để dừng.")
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        say("Đang dừng…")
        done = True
    finally:
        demonstration.stop()
        if done:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            _show_logs(folder)
    return 0 if done else 1


def _show_logs(folder: Path) -> None:
    """The end of each agency's log, and where the rest lies."""
    for log in sorted(folder.glob("*/congvan.log")):
        lines = log.read_text("utf-8", "replace").splitlines()[-8:]
        say(f"--- {log} (các dòng cuối):")
        for line in lines:
            say(f"    {line[:400]}")
    say(f"Dữ liệu của lần trình diễn không thành còn ở {folder}; xem xong có thể xóa.")
