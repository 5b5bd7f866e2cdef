"""Asks the portal whether a key is valid for a request."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import functools
import json
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Optional, Sequence

from .answer import Valid, Verification, parsed
from .cache import LONGEST_SECONDS, Cache
from .errors import VerificationError
from .runtime_configuration.values import plain, url
from .signing import RequestSignature
from .transport import Answer, Transport

PATH = "/v1/keys/verify"
_THREADS = 16


class Client:
    """A client of `POST /v1/keys/verify`. Make one for the process: it keeps its connections, and may be used by all threads.

    `token` is a root token that may verify. `timeout` is how many seconds a call takes at most, with everything that it does
    except the look-up of the host's name. `allow_plain_http` sends token and keys unencrypted to hosts other than
    this machine. `ssl_context` is for a certificate authority of your own.

    `cache_seconds`, at most 1, remembers valid results: a revoked key is then accepted for that much longer, and requests
    that are answered from memory count against no limit and are in no usage. Signed requests are always asked.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        timeout: float = 2.0,
        cache_seconds: float = 0.0,
        max_idle_connections: int = 16,
        allow_plain_http: bool = False,
        ssl_context: Optional[ssl.SSLContext] = None,
    ) -> None:
        if not 0 < timeout <= 60:
            raise ValueError("timeout is more than 0 and at most 60 seconds.")
        if not 0 <= cache_seconds <= LONGEST_SECONDS:
            raise ValueError("cache_seconds is at most 1: revocations have to take effect.")
        base_url = url("base_url", base_url, allow_plain_http)
        headers = {
            "Authorization": "Bearer " + plain("token", token),
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": "sallyport-client-python/0.1",
        }
        self._timeout = timeout
        self._transport = Transport(base_url, headers, timeout, max_idle_connections, ssl_context)
        self._cache = Cache(cache_seconds) if cache_seconds else None
        self._threads: Optional[ThreadPoolExecutor] = None

    def verify(
        self,
        key: Optional[str],
        *,
        app_id: Optional[str] = None,
        scopes: Sequence[str] = (),
        mode: Optional[str] = None,
        ingestion: bool = False,
        method: Optional[str] = None,
        path: Optional[str] = None,
        any_path: bool = False,
        ip: Optional[str] = None,
        cost: Optional[int] = None,
        signature: Optional[RequestSignature] = None,
    ) -> Verification:
        """`Valid` or `Refused`; raises VerificationError if nothing can be said: then refuse your client, too.

        `key` is what your client sent; None is refused as `missing`. The others are required of the key
        (docs/verifier.md); `path` is without the query. None is no requirement: with `app_id=None` a key of any app is valid.
        """
        if isinstance(scopes, str):
            raise TypeError("scopes is a list of texts.")
        asked = {
            "key": key,
            "app_id": app_id,
            "scopes": list(scopes) or None,
            "mode": mode,
            "ingestion": ingestion or None,
            "method": method,
            "path": path,
            "any_path": any_path or None,
            "ip": ip,
            "cost": cost,
            "signature": None if signature is None else signature.as_json(),
        }
        body = json.dumps({name: value for name, value in asked.items() if value is not None}).encode("ascii")
        if self._cache is None or signature is not None:
            return self._ask(body, may_repeat=signature is None)
        digest = self._cache.digest(body)
        known = self._cache.get(digest)
        if known is not None:
            return _apart(known)
        now = self._cache.now()
        result = self._ask(body, may_repeat=True)
        if isinstance(result, Valid):
            self._cache.put(digest, now, _apart(result))
        return result

    async def verify_async(self, key: Optional[str], **required: Any) -> Verification:
        """`verify` on a thread of this client's own, for asyncio. Waiting for a thread counts towards the timeout."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="sallyport")
        call = functools.partial(self.verify, key, **required)
        asked = asyncio.get_running_loop().run_in_executor(self._threads, call)
        try:
            return await asyncio.wait_for(asked, self._timeout)
        except asyncio.TimeoutError:
            raise VerificationError("timed_out") from None

    def close(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=False)
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, body: bytes, *, may_repeat: bool) -> Verification:
        answer = self._transport.post(PATH, body, may_repeat=may_repeat)
        if answer.status == 200:
            return parsed(answer.body)
        raise _error(answer)


def _apart(valid: Valid) -> Valid:
    """With metadata of its own: what one caller changes, others don't get."""
    return dataclasses.replace(valid, metadata=copy.deepcopy(valid.metadata))


def _error(answer: Answer) -> VerificationError:
    status = answer.status
    if status >= 500 or status == 429:
        code = "unavailable"
    elif status in (401, 403):
        code = "token_refused"
    elif status >= 400:
        code = "request_refused"
    else:
        code = "unexpected_answer"
    return VerificationError(code, f"status {status}", status=status, retry_after=answer.retry_after)
