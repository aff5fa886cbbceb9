"""A network link that can be cut: a TCP relay between a client and a server of the tests."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from support.process import free_port


class Link:
    """Listens on ``port`` and relays to ``target_port`` of 127.0.0.1, until it is told to misbehave.

    ``cut()`` ends every connection and refuses new ones; ``restore()`` mends it. ``lose_reply_after(octets)`` lets the
    client's next occurrence of ``octets`` through and then ends that connection without the server's answer: the
    server has done the work, and the client cannot know it. ``delay``: seconds that each piece of the server's answers
    is held up.
    """

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = free_port()
        self.lost_replies = 0
        self.delay = 0.0
        self._listener: socket.socket | None = None
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._lose_after: bytes | None = None

    def restore(self) -> None:
        """Listens (again), at full speed."""
        self.delay = 0.0
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self._spawn(self._accept, self._listener)

    def cut(self) -> None:
        """Ends every connection at once and refuses new ones."""
        listener, self._listener = self._listener, None
        if listener is not None:
            _end(listener)
        self.drop()

    def drop(self) -> None:
        """Ends every connection at once; new ones are welcome."""
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            for end in pair:
                _end(end)

    def lose_reply_after(self, octets: bytes = b"\r\n.\r\n") -> None:
        """By default: the reply to the final dot of DATA is lost, once."""
        self._lose_after = octets

    def __enter__(self) -> Link:
        self.restore()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        for thread in list(self._threads):
            thread.join(10)
        alive = [t.name for t in self._threads if t.is_alive()]
        assert not alive, f"the link still runs: {alive}"

    def _spawn(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, name=f"link-{self.port}", daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with listener:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                try:
                    server = socket.create_connection(("127.0.0.1", self.target_port))
                except OSError:
                    client.close()
                    continue
                self._spawn(self._relay, client, server)

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        pair = (client, server)
        with self._lock:
            self._pairs.add(pair)
        silenced = threading.Event()
        back = threading.Thread(target=self._pump, args=(server, client, silenced, False), daemon=True)
        back.start()
        self._pump(client, server, silenced, True)
        back.join()
        with self._lock:
            self._pairs.discard(pair)
        client.close()
        server.close()

    def _pump(self, source: socket.socket, target: socket.socket, silenced: threading.Event, forward: bool) -> None:
        window = b""
        try:
            while data := source.recv(65536):
                if forward and self._lose_after is not None:
                    window = (window + data)[-(len(data) + len(self._lose_after)) :]
                    if self._lose_after in window:
                        self._lose_after = None
                        silenced.set()
                elif not forward and silenced.is_set():
                    self.lost_replies += 1
                    _end(target)  # the server has answered: its work is done, and nobody hears of it
                    break
                if not forward and self.delay:
                    time.sleep(self.delay)
                target.sendall(data)
        except OSError:
            pass
        _end(source)
        _end(target)


def _end(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
