"""Valid results for at most a second."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import OrderedDict
from typing import Callable, Optional

from .answer import Valid

#: Longer, and a revocation would not be what the portal says it is.
LONGEST_SECONDS = 1.0
_MOST = 4096


class Cache:
    """Keys are not kept: a result is found by a digest of the whole request, with a secret of this process."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._secret = os.urandom(32)
        self._lock = threading.Lock()
        self._results: OrderedDict[bytes, tuple[float, Valid]] = OrderedDict()

    def digest(self, body: bytes) -> bytes:
        return hashlib.blake2b(body, key=self._secret, digest_size=32).digest()

    def get(self, digest: bytes) -> Optional[Valid]:
        with self._lock:
            at, result = self._results.get(digest, (0.0, None))
            if result is not None and self._clock() - at >= self._seconds:
                del self._results[digest]
                return None
            return result

    def put(self, digest: bytes, asked_at: float, result: Valid) -> None:
        """`asked_at`: before the portal was asked, so that the answer is not older than the cache allows."""
        with self._lock:
            self._results[digest] = (asked_at, result)
            self._results.move_to_end(digest)
            while len(self._results) > _MOST:
                self._results.popitem(last=False)

    def now(self) -> float:
        return self._clock()
