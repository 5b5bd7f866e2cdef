"""The rules for single values."""

from __future__ import annotations

from urllib.parse import urlsplit

from .errors import ConfigurationError

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def plain(field: str, value: object) -> str:
    """A text for a header: nothing in it can begin another line."""
    if not isinstance(value, str):
        raise ConfigurationError(f"{field} has to be a text in quotes.", field=field)
    if not value:
        raise ConfigurationError(f"{field} is empty.", field=field)
    if not all("!" <= character <= "~" for character in value):
        raise ConfigurationError(f"{field} has spaces or other characters that no id or key has.", field=field)
    return value


def url(field: str, value: object, allow_plain_http: bool = False) -> str:
    """Without the slash at its end."""
    text = plain(field, value)
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise ConfigurationError(f"{field} is no URL; write it like https://api.example.com.", field=field)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(f"{field} may only have a host and a path, no password and no query.", field=field)
    if parts.scheme == "http" and host not in LOOPBACK and not allow_plain_http:
        raise ConfigurationError(f"{field} has to begin with https://, so that nobody else reads the key.", field=field)
    return text.rstrip("/")
