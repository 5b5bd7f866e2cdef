"""What the portal answers. Only what has all that makes it valid is valid."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Optional, TypeVar, Union

from .errors import VerificationError

T = TypeVar("T")


@dataclass(frozen=True)
class RateLimit:
    """The limit that the key will reach first."""

    limit: int
    remaining: int
    #: When the whole limit is available again, in seconds since 1970.
    reset: int


@dataclass(frozen=True)
class Valid:
    """The key is valid for the request. True in an `if`."""

    key_id: str
    label: str
    org_id: str
    tenant_id: Optional[str]
    project_id: Optional[str]
    app_id: Optional[str]
    environment: str
    #: `live` or `test`.
    mode: str
    scopes: tuple[str, ...]
    #: RFC 3339.
    expires_at: Optional[str]
    #: `current`, or `previous` while the key is rotated.
    secret: str
    secret_expires_at: Optional[str]
    metadata: Mapping[str, Any]
    rate_limit: Optional[RateLimit]
    request_id: str
    valid: bool = field(default=True, init=False)
    code: str = field(default="valid", init=False)
    status: int = field(default=200, init=False)

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True)
class Refused:
    """The key is not valid for the request: answer your client with `status` and `error`. False in an `if`."""

    #: `revoked`, for example; later versions of the portal may have more.
    code: str
    status: int
    #: The body for your client, in the shape of the portal's profile.
    error: Any
    rate_limit: Optional[RateLimit]
    #: After how many seconds the same request can pass.
    retry_after: Optional[int]
    request_id: str
    valid: bool = field(default=False, init=False)

    def __bool__(self) -> bool:
        return False


Verification = Union[Valid, Refused]


def parsed(body: bytes) -> Verification:
    """The result in an answer with status 200."""
    try:
        answer = json.loads(body.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise VerificationError("unexpected_answer", "it is no JSON", status=200) from None
    if not isinstance(answer, dict):
        raise VerificationError("unexpected_answer", "it is no JSON object", status=200)
    try:
        return _valid(answer) if answer.get("valid") is True else _refused(answer)
    except _Wrong as wrong:
        raise VerificationError("unexpected_answer", f"its field {wrong} is wrong", status=200) from None


class _Wrong(Exception):
    """The name of a field."""


def _valid(answer: Mapping[str, Any]) -> Valid:
    if answer.get("code") != "valid":
        raise _Wrong("code")
    if _number(answer, "status") != 200:
        raise _Wrong("status")
    scopes = answer.get("scopes")
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        raise _Wrong("scopes")
    metadata = answer.get("metadata")
    if not isinstance(metadata, dict):
        raise _Wrong("metadata")
    return Valid(
        key_id=_id(answer, "key_id"),
        label=_text(answer, "label"),
        org_id=_id(answer, "org_id"),
        tenant_id=_optional(_id, answer, "tenant_id"),
        project_id=_optional(_id, answer, "project_id"),
        app_id=_optional(_id, answer, "app_id"),
        environment=_id(answer, "environment"),
        mode=_one_of(answer, "mode", ("live", "test")),
        scopes=tuple(scopes),
        expires_at=_optional(_text, answer, "expires_at"),
        secret=_one_of(answer, "secret", ("current", "previous")),
        secret_expires_at=_optional(_text, answer, "secret_expires_at"),
        metadata=metadata,
        rate_limit=_rate_limit(answer),
        request_id=_id(answer, "request_id"),
    )


def _refused(answer: Mapping[str, Any]) -> Refused:
    if answer.get("valid") is not False:
        raise _Wrong("valid")
    code, status = _id(answer, "code"), _number(answer, "status")
    if code == "valid":
        raise _Wrong("code")
    if not 400 <= status <= 499:
        raise _Wrong("status")
    return Refused(
        code=code,
        status=status,
        error=answer.get("error"),
        rate_limit=_rate_limit(answer),
        retry_after=_optional(_number, answer, "retry_after"),
        request_id=_id(answer, "request_id"),
    )


def _rate_limit(answer: Mapping[str, Any]) -> Optional[RateLimit]:
    limit = answer.get("rate_limit")
    if limit is None:
        return None
    if not isinstance(limit, dict):
        raise _Wrong("rate_limit")
    return RateLimit(_number(limit, "limit"), _number(limit, "remaining"), _number(limit, "reset"))


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str):
        raise _Wrong(name)
    return value


def _id(answer: Mapping[str, Any], name: str) -> str:
    value = _text(answer, name)
    if not value:
        raise _Wrong(name)
    return value


def _one_of(answer: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    value = _text(answer, name)
    if value not in allowed:
        raise _Wrong(name)
    return value


def _number(answer: Mapping[str, Any], name: str) -> int:
    value = answer.get(name)
    if type(value) is not int or value < 0:
        raise _Wrong(name)
    return value


def _optional(read: Callable[[Mapping[str, Any], str], T], answer: Mapping[str, Any], name: str) -> Optional[T]:
    return None if answer.get(name) is None else read(answer, name)


def _no_number(name: str) -> object:
    raise ValueError(name)
