"""A portal that answers what a test says, also what none would."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from pathlib import Path
from typing import Callable, List, Optional

VECTORS = Path(__file__).parents[2] / "vectors"


def vectors(name: str) -> dict:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


class Request:
    def __init__(self, head: bytes, body: bytes) -> None:
        self.line, *lines = head.decode("latin-1").split("\r\n")
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines if line)}
        self.body = body


class FakePortal:
    """Each connection is given to `serve(self, connection)`; `connections` and `requests` are what arrived."""

    def __init__(self, serve: Callable[[FakePortal, Connection], None], tls: Optional[ssl.SSLContext] = None) -> None:
        self._serve, self._tls = serve, tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.requests: List[Request] = []
        self.connections = 0
        self.ended = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._run, args=(accepted,), daemon=True).start()

    def _run(self, accepted: socket.socket) -> None:
        connection = None
        try:
            if self._tls is not None:
                accepted = self._tls.wrap_socket(accepted, server_side=True)
            connection = Connection(self, accepted)
            self._serve(self, connection)
        except OSError:
            pass
        finally:
            if connection is not None:
                connection.close()
            accepted.close()

    def __enter__(self) -> FakePortal:
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._listener.close()


class Connection:
    def __init__(self, portal: FakePortal, accepted: socket.socket) -> None:
        self._portal, self._socket = portal, accepted
        self._file = accepted.makefile("rb")

    def request(self) -> Request:
        """The next one; OSError at the end of the connection."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self._file.readline()
            if not line:
                raise OSError("ended")
            head += line
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
        request = Request(head[:-4], self._file.read(length))
        self._portal.requests.append(request)
        return request

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def answer(self, status: int, body: bytes, headers: dict = {}) -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        length = "" if status == 204 else f"Content-Length: {len(body)}\r\n"
        self.send(f"HTTP/1.1 {status} Said\r\n{length}{lines}\r\n".encode() + body)

    def reset(self) -> None:
        """Ends it with RST, at once."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        self._file.close()
        self._socket.close()


VALID = json.loads(next(v for v in vectors("verify.json")["answers"] if v["name"] == "valid")["body"])


def always(
    status: int, body: object, headers: dict = {}, tls: Optional[ssl.SSLContext] = None
) -> FakePortal:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def serve(portal: FakePortal, connection: Connection) -> None:
        while True:
            connection.request()
            connection.answer(status, content, headers)

    return FakePortal(serve, tls)
