"""Signs a request as docs/signatures.md says. Python's standard library is all it takes.

    SIGNING_SECRET=sgn_… python3 sign.py < body
"""

import hashlib
import hmac
import os
import sys
import time


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The timestamp as it is sent, then the body as it is sent, with nothing between."""
    return hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).hexdigest()


def headers(secret: str, body: bytes) -> dict[str, str]:
    """What goes with the request, beside the key. Sign each request anew, a retry too."""
    timestamp = str(int(time.time()))
    return {
        "X-Sallyport-Timestamp": timestamp,
        "X-Sallyport-Signature": signature(secret, timestamp, body),
    }


if __name__ == "__main__":
    for name, value in headers(os.environ["SIGNING_SECRET"], sys.stdin.buffer.read()).items():
        print(f"{name}: {value}")
