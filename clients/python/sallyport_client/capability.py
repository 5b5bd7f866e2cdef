"""Verifies capability tokens without asking: with the portal's public keys, from `/.well-known/jwks.json`.

Only the portal itself knows what was revoked since (`POST /v1/capabilities/verify`)."""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
import warnings
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Sequence

from . import _ed25519 as ed25519

__all__ = ["Capability", "CapabilityError", "verify_capability"]

TYPE = "sallyport-capability+jwt"
LONGEST = 8 * 1024
#: How far clocks may differ, in seconds.
LEEWAY = 60

_UNSIGNED = "An unsigned capability token was accepted, because allow_unsigned is set: for development alone."


class CapabilityError(Exception):
    """Why a token is refused; `code` is one of those of `/v1/capabilities/verify`, or `wrong_subject`."""

    def __init__(self, code: str) -> None:
        super().__init__(f"The capability token is refused: {code}.")
        self.code = code


@dataclass(frozen=True)
class Capability:
    token_id: str
    subject: str
    modules: tuple[str, ...]
    channels: tuple[str, ...]
    #: In seconds since 1970.
    expires_at: int
    epoch: int
    is_signed: bool


def verify_capability(
    token: str,
    keys: Mapping[str, Any],
    *,
    issuer: str,
    app_id: str,
    subject: Optional[str] = None,
    modules: Sequence[str] = (),
    channels: Sequence[str] = (),
    epoch: Optional[int] = None,
    allow_unsigned: bool = False,
    now: Optional[float] = None,
) -> Capability:
    """What the token grants, if it is of this issuer and for this app, and grants all that is asked for.

    `keys` is the JWK Set as parsed JSON. After `unknown_key`, fetch it again: keys are rotated. `epoch` refuses tokens of
    earlier ones, which were revoked. `allow_unsigned` accepts unsigned tokens too: only set it while you develop.
    """
    header, claims, signed, signature = _parts(token)
    is_signed = header.get("alg") != "none"
    if is_signed:
        _check_signature(header, signed, signature, keys)
    elif header != {"alg": "none", "typ": TYPE} or not allow_unsigned:
        raise CapabilityError("wrong_type")
    elif signature:
        raise CapabilityError("malformed")
    capability = _judged(_object(claims), is_signed, issuer, app_id, time.time() if now is None else now)
    if subject is not None and capability.subject != subject:
        raise CapabilityError("wrong_subject")
    if epoch is not None and capability.epoch < epoch:
        raise CapabilityError("revoked")
    if not set(modules) <= set(capability.modules):
        raise CapabilityError("missing_module")
    if not set(channels) <= set(capability.channels):
        raise CapabilityError("missing_channel")
    if not is_signed:
        warnings.warn(_UNSIGNED, stacklevel=2)
    return capability


def _parts(token: str) -> tuple[Mapping[str, Any], bytes, bytes, bytes]:
    # Without one in the file it is None.
    parts = token.split(".") if isinstance(token, str) and len(token) <= LONGEST else []
    if len(parts) != 3:
        raise CapabilityError("malformed")
    header, claims, signature = (_decoded(part) for part in parts)
    return _object(header), claims, f"{parts[0]}.{parts[1]}".encode(), signature


def _decoded(part: str) -> bytes:
    """Base64url in its one spelling."""
    if re.fullmatch(r"[A-Za-z0-9_-]*", part) is None:
        raise CapabilityError("malformed")
    try:
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise CapabilityError("malformed") from None
    if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() != part:
        raise CapabilityError("malformed")
    return decoded


def _object(text: bytes) -> Mapping[str, Any]:
    try:
        parsed = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        raise CapabilityError("malformed") from None
    if not isinstance(parsed, dict):
        raise CapabilityError("malformed")
    return parsed


def _check_signature(header: Mapping[str, Any], signed: bytes, signature: bytes, keys: Mapping[str, Any]) -> None:
    # The token does not decide how it is verified.
    if header.get("alg") != "EdDSA" or header.get("typ") != TYPE:
        raise CapabilityError("wrong_type")
    if set(header) != {"alg", "kid", "typ"} or not isinstance(header["kid"], str) or len(signature) != 64:
        raise CapabilityError("malformed")
    for key in keys.get("keys", []):
        if key.get("kid") == header["kid"] and key.get("kty") == "OKP" and key.get("crv") == "Ed25519":
            if not ed25519.verify(_decoded(key.get("x", "")), signed, signature):
                raise CapabilityError("wrong_signature")
            return
    raise CapabilityError("unknown_key")


def _judged(claims: Mapping[str, Any], is_signed: bool, issuer: str, app_id: str, now: float) -> Capability:
    texts = ("iss", "aud", "sub", "jti")
    is_formed = (
        all(isinstance(claims.get(name), str) for name in texts)
        and all(type(claims.get(name)) is int for name in ("iat", "exp", "epoch"))
        and all(_are_texts(claims.get(name)) for name in ("modules", "channels"))
    )
    if not is_formed:
        raise CapabilityError("malformed")
    if claims["iss"] != issuer:
        raise CapabilityError("wrong_issuer")
    if claims["aud"] != app_id:
        raise CapabilityError("app_mismatch")
    if claims["iat"] > now + LEEWAY:
        raise CapabilityError("not_yet_valid")
    if claims["exp"] <= now:
        raise CapabilityError("expired")
    return Capability(
        token_id=claims["jti"],
        subject=claims["sub"],
        modules=tuple(claims["modules"]),
        channels=tuple(claims["channels"]),
        expires_at=claims["exp"],
        epoch=claims["epoch"],
        is_signed=is_signed,
    )


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
