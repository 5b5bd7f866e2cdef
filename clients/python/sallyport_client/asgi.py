"""Verifies the key of each request of an ASGI application: FastAPI, Starlette, or any other on asyncio.

    app.add_middleware(SallyportMiddleware, client=client, scopes=["read"])

The result is in `request.state.verification`.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
from typing import Any, Awaitable, Callable, Iterable, List, MutableMapping, Optional, Sequence, Tuple
from urllib.parse import quote

from .answer import RateLimit, Verification
from .client import Client
from .errors import VerificationError
from .signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, RequestSignature

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = List[Tuple[bytes, bytes]]


class SallyportMiddleware:
    """Refuses requests whose key is not valid, as the portal's profile says; with 503, if the portal can't be asked.

    Every request is verified, with its method and path, and the address in `scope["client"]`; `exempt` are paths that are
    not (exact ones, such as `/healthz`). `app_id`, `scopes`, `mode` and `ingestion` are required of each key.
    `signed=True` reads the body (at most `max_body` bytes) and passes the signature on: a key that requires signed requests
    is refused otherwise. `headers` are those with the key; `authorization` is read as a Bearer token. `app_id=None` and `mode=None`
    are no requirement. `on_error` is told why a request is answered with 503; the error has neither key nor token.
    """

    def __init__(
        self,
        app: App,
        *,
        client: Client,
        app_id: Optional[str] = None,
        scopes: Sequence[str] = (),
        mode: Optional[str] = None,
        ingestion: bool = False,
        signed: bool = False,
        max_body: int = 128 * 1024,
        exempt: Iterable[str] = (),
        headers: Sequence[str] = ("x-api-key", "authorization"),
        timestamp_header: str = TIMESTAMP_HEADER,
        signature_header: str = SIGNATURE_HEADER,
        challenge: str = "Bearer",
        on_error: Optional[Callable[[VerificationError], None]] = None,
    ) -> None:
        self._app, self._client = app, client
        self._required = {"app_id": app_id, "scopes": tuple(scopes), "mode": mode, "ingestion": ingestion}
        self._signed, self._max_body, self._exempt = signed, max_body, frozenset(exempt)
        self._headers = [name.lower().encode("ascii") for name in headers]
        self._signature_headers = [name.lower().encode("ascii") for name in (timestamp_header, signature_header)]
        self._challenge = challenge.encode("ascii")
        self._on_error = on_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "lifespan" or (kind == "http" and scope["path"] in self._exempt):
            return await self._app(scope, receive, send)
        if kind not in ("http", "websocket"):
            raise ValueError(f"Connections of the kind {kind} can't be verified.")
        key = self._key(scope)
        signature = None
        if self._signed and kind == "http" and key is not None:
            body = await self._body(receive)
            if body is None:
                return await _answer(send, 413, _problem(413, "Content Too Large", "The body is too long."), [])
            signature = self._signature(scope, body)
            receive = _again(body, receive)
        try:
            verification = await self._verify(scope, key, signature)
        except VerificationError as error:
            if self._on_error is not None:
                with contextlib.suppress(Exception):  # The client is answered all the same.
                    self._on_error(error)
            if kind == "websocket":
                return await _close(receive, send, 1013)
            return await _unavailable(send, error)
        if not verification.valid:
            if kind == "websocket":
                return await _close(receive, send, 1008)
            return await self._refuse(send, verification)
        state = scope.get("state")
        scope = {**scope, "state": {**(state or {}), "verification": verification}}
        await self._app(scope, receive, _with_headers(send, _limits(verification.rate_limit)))

    async def _verify(self, scope: Scope, key: Optional[str], signature: Optional[RequestSignature]) -> Verification:
        return await self._client.verify_async(
            key,
            method=scope.get("method", "GET"),
            path=_path(scope),
            ip=_address(scope),
            signature=signature,
            **self._required,
        )

    def _key(self, scope: Scope) -> Optional[str]:
        for name in self._headers:
            value = _header(scope, name)
            if value is not None and name == b"authorization":
                scheme, _, value = value.partition(" ")
                if scheme.lower() != "bearer":
                    continue
            if value is not None and value.strip():
                return value.strip()
        return None

    def _signature(self, scope: Scope, body: bytes) -> Optional[RequestSignature]:
        timestamp, signature = (_header(scope, name) for name in self._signature_headers)
        if timestamp is None and signature is None:
            return None
        return RequestSignature(timestamp or "", signature or "", body)

    async def _body(self, receive: Receive) -> Optional[bytes]:
        """None if it is too long."""
        parts, length = [], 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise ConnectionError("The client left before its request was read.")
            parts.append(message.get("body", b""))
            length += len(parts[-1])
            if length > self._max_body:
                return None
            if not message.get("more_body", False):
                return b"".join(parts)

    async def _refuse(self, send: Send, verification: Any) -> None:
        headers = _limits(verification.rate_limit)
        if verification.status == 401:
            headers.append((b"www-authenticate", self._challenge))
        if verification.retry_after is not None:
            headers.append((b"retry-after", str(verification.retry_after).encode()))
        await _answer(send, verification.status, verification.error, headers)


def _header(scope: Scope, name: bytes) -> Optional[str]:
    """Several are joined, as HTTP reads them: two keys are no key."""
    values = [value for held, value in scope["headers"] if held.lower() == name]
    return b", ".join(values).decode("latin-1") if values else None


def _path(scope: Scope) -> str:
    """As the client sent it, without the query."""
    raw = scope.get("raw_path")
    return raw.split(b"?")[0].decode("latin-1") if raw else quote(scope["path"])


def _address(scope: Scope) -> Optional[str]:
    host = (scope.get("client") or (None,))[0]
    try:
        return str(ipaddress.ip_address(str(host).split("%")[0]))
    except ValueError:
        return None


def _limits(limit: Optional[RateLimit]) -> Headers:
    if limit is None:
        return []
    values = (("limit", limit.limit), ("remaining", limit.remaining), ("reset", limit.reset))
    return [(f"x-ratelimit-{name}".encode(), str(value).encode()) for name, value in values]


def _problem(status: int, title: str, detail: str) -> Any:
    return {"type": "about:blank", "title": title, "status": status, "detail": detail}


async def _unavailable(send: Send, error: VerificationError) -> None:
    retry = str(1 if error.retry_after is None else error.retry_after).encode()
    problem = _problem(503, "Service Unavailable", "Keys can't be verified at the moment.")
    await _answer(send, 503, problem, [(b"retry-after", retry)])


async def _answer(send: Send, status: int, content: Any, headers: Headers) -> None:
    body = json.dumps(content).encode()
    is_problem = isinstance(content, dict) and "type" in content and "title" in content
    kind = b"application/problem+json" if is_problem else b"application/json"
    own = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": own + headers})
    await send({"type": "http.response.body", "body": body})


async def _close(receive: Receive, send: Send, code: int) -> None:
    """Before it was accepted: the server answers 403."""
    await receive()
    await send({"type": "websocket.close", "code": code})


def _with_headers(send: Send, headers: Headers) -> Send:
    async def sending(message: Message) -> None:
        if headers and message["type"] in ("http.response.start", "websocket.accept"):
            message = {**message, "headers": list(message.get("headers", [])) + headers}
        await send(message)

    return sending


def _again(body: bytes, receive: Receive) -> Receive:
    """The body that was read, then what follows: that the client left."""
    messages: List[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return messages.pop() if messages else await receive()

    return receiving
