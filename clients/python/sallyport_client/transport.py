"""Sends requests to the portal over connections that are kept, with one deadline for everything that a request does."""

from __future__ import annotations

import http.client
import io
import os
import select
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any, Mapping, Optional, cast
from urllib.parse import urlsplit

from .errors import VerificationError

#: The portal closes connections that were idle for 15 seconds.
_IDLE_SECONDS = 10.0
_LONGEST_ANSWER = 256 * 1024
_PAUSE_BEFORE_RETRY = 0.05


@dataclass(frozen=True)
class Answer:
    status: int
    retry_after: Optional[int]
    body: bytes


class Transport:
    """Thread-safe. Neither redirects nor proxies are followed: the token goes to this host only."""

    def __init__(
        self, base_url: str, headers: Mapping[str, str], timeout: float, max_idle: int, tls: Optional[ssl.SSLContext]
    ) -> None:
        parts = urlsplit(base_url)
        self._host, self._path = parts.hostname or "", parts.path
        self._is_tls = parts.scheme == "https"
        self._port = parts.port or (443 if self._is_tls else 80)
        self._headers = dict(headers)
        self._timeout, self._max_idle = timeout, max_idle
        self._tls = tls or (ssl.create_default_context() if self._is_tls else None)
        self._lock = threading.Lock()
        self._idle: list[tuple[float, _Connection]] = []
        self._process = os.getpid()

    def post(self, path: str, body: bytes, *, may_repeat: bool) -> Answer:
        """Tried again once if nothing can have been judged: no connection was made. With `may_repeat` also if a kept
        connection was closed before it answered."""
        deadline = time.monotonic() + self._timeout
        connection = self._kept()
        if connection is not None:
            try:
                return self._exchange(connection, path, body, deadline)
            except _ClosedBeforeAnswer:
                if not may_repeat:
                    raise VerificationError("unreachable", "the connection was closed") from None
        for attempt in (1, 2):
            try:
                connection = _Connection.open(self._host, self._port, self._tls if self._is_tls else None, deadline)
                break
            except ssl.SSLCertVerificationError as error:
                raise VerificationError("unreachable", f"its certificate is not accepted ({error.verify_message})") from None
            except socket.timeout:
                raise VerificationError("timed_out") from None
            except (OSError, UnicodeError) as error:
                if attempt == 2 or time.monotonic() + _PAUSE_BEFORE_RETRY >= deadline:
                    raise VerificationError("unreachable", _reason(error)) from None
                time.sleep(_PAUSE_BEFORE_RETRY)
        assert connection is not None
        try:
            return self._exchange(connection, path, body, deadline)
        except _ClosedBeforeAnswer:
            raise VerificationError("unreachable", "the connection was closed") from None

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()

    def _exchange(self, connection: _Connection, path: str, body: bytes, deadline: float) -> Answer:
        is_kept = False
        try:
            answer, is_kept = connection.exchange(self._path + path, body, self._headers, deadline)
        except socket.timeout:
            raise VerificationError("timed_out") from None
        except (http.client.RemoteDisconnected, ConnectionError):
            raise _ClosedBeforeAnswer from None
        except http.client.HTTPException:
            raise VerificationError("unexpected_answer", "it is no HTTP") from None
        except OSError as error:
            raise VerificationError("unreachable", _reason(error)) from None
        finally:
            if is_kept:
                self._keep(connection)
            else:
                connection.close()
        return answer

    def _kept(self) -> Optional[_Connection]:
        now = time.monotonic()
        with self._lock:
            if self._process != os.getpid():
                # Connections of the process that this one was forked from: both would read each other's answers.
                for _, connection in self._idle:
                    connection.close()
                self._idle, self._process = [], os.getpid()
            while self._idle:
                since, connection = self._idle.pop()
                if now - since < _IDLE_SECONDS and connection.is_silent():
                    return connection
                connection.close()
        return None

    def _keep(self, connection: _Connection) -> None:
        with self._lock:
            if len(self._idle) < self._max_idle and self._process == os.getpid():
                self._idle.append((time.monotonic(), connection))
                return
        connection.close()


class _ClosedBeforeAnswer(Exception):
    pass


class _Connection:
    def __init__(self, host: str, port: int, sock: socket.socket) -> None:
        # Makes requests and reads answers; it never connects by itself.
        self._http = http.client.HTTPConnection(host, port)
        self._http.auto_open = 0
        self._socket = sock

    @classmethod
    def open(cls, host: str, port: int, tls: Optional[ssl.SSLContext], deadline: float) -> _Connection:
        error: Optional[OSError] = None
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(_remaining(deadline))
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if tls is not None:
                    sock.settimeout(_remaining(deadline))
                    sock = tls.wrap_socket(sock, server_hostname=host)
                return cls(host, port, sock)
            except OSError as failed:
                sock.close()
                error = failed
        raise error or OSError("the name has no address")

    def exchange(
        self, path: str, body: bytes, headers: Mapping[str, str], deadline: float
    ) -> tuple[Answer, bool]:
        """The answer, and whether the connection can be used again."""
        sock = _DeadlineSocket(self._socket, deadline)
        self._http.sock = cast(Any, sock)
        try:
            self._http.request("POST", path or "/", body, dict(headers))
            response = self._http.getresponse()
            content = response.read(_LONGEST_ANSWER + 1)
        except ConnectionError:
            # It was judged, if there is some of the answer.
            if sock.was_answered():
                raise VerificationError("unreachable", "the answer ended too early") from None
            raise
        with response:
            if len(content) > _LONGEST_ANSWER:
                raise VerificationError("unexpected_answer", "it is too long", status=response.status)
            if response.length:
                raise VerificationError("unreachable", "the answer ended too early")
            is_kept = response.isclosed() and not response.will_close and not sock.has_more()
            answer = Answer(response.status, _seconds(response.getheader("Retry-After")), content)
        return answer, is_kept

    def is_silent(self) -> bool:
        """Something to read before a request was sent is the end of the connection, or no answer to us."""
        try:
            if hasattr(select, "poll"):
                poll = select.poll()
                poll.register(self._socket, select.POLLIN | select.POLLERR | select.POLLHUP)
                return not poll.poll(0)
            return not select.select([self._socket], [], [], 0)[0]
        except (OSError, ValueError):
            return False

    def close(self) -> None:
        self._socket.close()


class _DeadlineSocket:
    """What http.client uses of a socket. Each wait ends at the deadline, however little arrives at a time."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._socket, self._deadline = sock, deadline
        self._reader: Optional[_Reader] = None
        self._raw: Optional[_DeadlineReader] = None

    def sendall(self, data: bytes) -> None:
        self._socket.settimeout(_remaining(self._deadline))
        self._socket.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        self._raw = _DeadlineReader(self._socket, self._deadline)
        self._reader = _Reader(self._raw)
        return self._reader

    def was_answered(self) -> bool:
        """Whether anything was received."""
        return self._raw is not None and self._raw.was_answered

    def has_more(self) -> bool:
        """Whether more was received than the answer."""
        return self._reader is not None and self._reader.had_more

    def close(self) -> None:
        """The connection closes it, after the answer was read."""


class _DeadlineReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._socket, self._deadline = sock, deadline
        self.is_ended = False
        self.was_answered = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.is_ended:
            return 0
        self._socket.settimeout(_remaining(self._deadline))
        length = self._socket.recv_into(buffer)
        self.was_answered = self.was_answered or length > 0
        return length


class _Reader(io.BufferedReader):
    had_more = False

    def close(self) -> None:
        if not self.closed and isinstance(self.raw, _DeadlineReader):
            # So that only what was received already is looked at.
            self.raw.is_ended = True
            self.had_more = bool(self.peek(1))
        super().close()


def _remaining(deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise socket.timeout("timed out")
    return remaining


def _seconds(text: Optional[str]) -> Optional[int]:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
