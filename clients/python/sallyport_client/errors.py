"""Why nothing can be said about a key. No message repeats the key, the token or what was answered."""

from __future__ import annotations

from typing import Optional

_MESSAGES = {
    "unreachable": "The portal could not be reached",
    "timed_out": "The portal did not answer in time",
    "unavailable": "The portal can't verify keys at the moment",
    "token_refused": "The portal refused the root token",
    "request_refused": "The portal did not understand the request",
    "unexpected_answer": "The answer is not one of a portal",
}


class VerificationError(Exception):
    """The result is not known: refuse your client, with 503 for example.

    `code` is one of `unreachable`, `timed_out`, `unavailable`, `token_refused`, `request_refused` and
    `unexpected_answer`; `status` the status of the portal's answer, if there was one; `retry_after` after how many seconds
    the portal wants to be asked again, if it said so.
    """

    def __init__(
        self, code: str, detail: str = "", *, status: Optional[int] = None, retry_after: Optional[int] = None
    ) -> None:
        super().__init__(f"{_MESSAGES[code]}{': ' if detail else ''}{detail}.")
        self.code = code
        self.status = status
        self.retry_after = retry_after
