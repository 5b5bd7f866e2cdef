"""Signed requests (docs/signatures.md): HMAC-SHA256 over the timestamp, directly followed by the body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from dataclasses import dataclass, field
from typing import Optional, Sequence, Union

TIMESTAMP_HEADER = "X-Sallyport-Timestamp"
SIGNATURE_HEADER = "X-Sallyport-Signature"
#: How far a timestamp may be from the clock, in seconds.
TOLERANCE = 300

_TIMESTAMP = re.compile(r"[1-9][0-9]{0,10}", re.ASCII)
_SIGNATURE = re.compile(r"[0-9a-f]{64}", re.ASCII)


class SignatureError(Exception):
    """Why a signature is refused; `code` is `malformed`, `out_of_time` or `wrong`."""

    def __init__(self, code: str) -> None:
        super().__init__(f"The signature is refused: {code}.")
        self.code = code


@dataclass(frozen=True)
class RequestSignature:
    """The signature of a request as it arrived, to be passed to `Client.verify`."""

    timestamp: str
    signature: str = field(repr=False)
    body: bytes = field(repr=False)

    def as_json(self) -> dict[str, str]:
        encoded = base64.b64encode(self.body).decode()
        return {"timestamp": self.timestamp, "signature": self.signature, "body_base64": encoded}


def sign_request(
    secret: str,
    body: bytes,
    *,
    now: Optional[float] = None,
    timestamp_header: str = TIMESTAMP_HEADER,
    signature_header: str = SIGNATURE_HEADER,
) -> dict[str, str]:
    """The headers of a signed request, in addition to the key. Sign the bytes that are sent, and each request by itself."""
    timestamp = str(int(time.time() if now is None else now))
    return {timestamp_header: timestamp, signature_header: _hmac(secret, timestamp, body)}


def verify_request(
    secrets: Union[str, Sequence[str]],
    timestamp: str,
    signature: str,
    body: bytes,
    *,
    tolerance: int = TOLERANCE,
    now: Optional[float] = None,
) -> None:
    """Raises SignatureError unless one of the secrets made this signature at about the current time.

    It does not know which signatures were used before: the portal does (`Client.verify`).
    """
    if not isinstance(timestamp, str) or _TIMESTAMP.fullmatch(timestamp) is None:
        raise SignatureError("malformed")
    if not isinstance(signature, str) or _SIGNATURE.fullmatch(signature) is None:
        raise SignatureError("malformed")
    if abs((time.time() if now is None else now) - int(timestamp)) > tolerance:
        raise SignatureError("out_of_time")
    is_signed = False
    for secret in [secrets] if isinstance(secrets, str) else secrets:
        is_signed |= hmac.compare_digest(_hmac(secret, timestamp, body), signature)
    if not is_signed:
        raise SignatureError("wrong")


def _hmac(secret: str, timestamp: str, body: bytes) -> str:
    if not secret:
        raise ValueError("The signing secret is empty.")
    return hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).hexdigest()
