"""Verifies deliveries of webhooks (docs/webhooks.md): Standard Webhooks 1.0, or the headers that a profile names."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any, Mapping, Optional, Sequence, Union

#: How far a timestamp may be from the clock, in seconds.
TOLERANCE = 300

_TIMESTAMP = re.compile(r"[1-9][0-9]{0,10}", re.ASCII)


class WebhookError(Exception):
    """Why a delivery is refused; `code` is `missing_header`, `malformed`, `out_of_time` or `wrong_signature`."""

    def __init__(self, code: str) -> None:
        super().__init__(f"The delivery is refused: {code}.")
        self.code = code


@dataclass(frozen=True)
class WebhookForm:
    """The headers that a profile names (`[webhooks]`), instead of those of Standard Webhooks."""

    signature: str
    prefix: str = ""
    timestamp: str = "webhook-timestamp"


#: Those of the profile Helios.
HELIOS = WebhookForm(signature="X-Helios-Signature", prefix="sha256=", timestamp="X-Helios-Timestamp")


@dataclass(frozen=True)
class WebhookEvent:
    #: The same at each attempt: keep it, and ignore what you have seen. None in the form of a profile, which does not sign it.
    id: Optional[str]
    #: `key.revoked`, for example.
    type: Optional[str]
    #: When it was sent, in seconds since 1970.
    timestamp: int
    #: The number of the delivery at this endpoint: order by it.
    sequence: Optional[int]
    #: What `data` says.
    data: Mapping[str, Any]


@dataclass(frozen=True)
class WebhookVerifier:
    """`secrets` are all that may sign: two while a secret is regenerated. Each begins with `whsec_`."""

    secrets: Union[str, Sequence[str]] = field(repr=False)
    form: Optional[WebhookForm] = None
    tolerance: int = TOLERANCE

    def __post_init__(self) -> None:
        secrets = [self.secrets] if isinstance(self.secrets, str) else list(self.secrets)
        if not secrets:
            raise ValueError("A webhook needs at least one secret.")
        for secret in secrets:
            _key(secret)
        object.__setattr__(self, "secrets", tuple(secrets))

    def verify(self, body: bytes, headers: Mapping[str, str], *, now: Optional[float] = None) -> WebhookEvent:
        """The event, or WebhookError. `body` is what arrived, byte for byte, before anything parses it."""
        lower = {name.lower(): value for name, value in headers.items()}

        def header(name: str) -> str:
            value = lower.get(name.lower())
            if not value:
                raise WebhookError("missing_header")
            return value

        if self.form is None:
            event_id: Optional[str] = header("webhook-id")
            written, signatures = header("webhook-timestamp"), header("webhook-signature")
        else:
            event_id = None
            written, signatures = header(self.form.timestamp), header(self.form.signature)
        if _TIMESTAMP.fullmatch(written) is None:
            raise WebhookError("malformed")
        if abs((time.time() if now is None else now) - int(written)) > self.tolerance:
            raise WebhookError("out_of_time")
        if not self._is_signed(event_id, written, body, signatures):
            raise WebhookError("wrong_signature")
        return _event(event_id, int(written), body)

    def _is_signed(self, event_id: Optional[str], timestamp: str, body: bytes, signatures: str) -> bool:
        is_signed = False
        for secret in self.secrets:
            if self.form is not None:
                mac = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
                expected, given = self.form.prefix + mac.hexdigest(), [signatures]
            else:
                mac = hmac.new(_key(secret), f"{event_id}.{timestamp}.".encode("utf-8", "replace") + body, hashlib.sha256)
                expected, given = "v1," + base64.b64encode(mac.digest()).decode(), signatures.split(" ")
            for one in given:
                is_signed |= hmac.compare_digest(expected.encode(), one.encode("utf-8", "replace"))
        return is_signed


def _key(secret: str) -> bytes:
    text = secret[len("whsec_") :] if secret.startswith("whsec_") else ""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not 24 <= len(key) <= 64 or base64.b64encode(key).decode() != text:
        raise ValueError("A webhook's secret is `whsec_` and 24 to 64 bytes in base64.")
    return key


def _event(event_id: Optional[str], timestamp: int, body: bytes) -> WebhookEvent:
    try:
        parsed = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise WebhookError("malformed") from None
    if not isinstance(parsed, dict):
        raise WebhookError("malformed")
    kind, data = parsed.get("type"), parsed.get("data")
    data = data if isinstance(data, dict) else {}
    sequence = data.get("sequence")
    return WebhookEvent(
        id=event_id,
        type=kind if isinstance(kind, str) else None,
        timestamp=timestamp,
        sequence=sequence if type(sequence) is int else None,
        data=data,
    )
