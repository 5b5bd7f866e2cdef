"""On which line of a JSON text a field is; `json` does not tell."""

from __future__ import annotations

import json
import re
from typing import Optional, Sequence

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]', re.DOTALL)


def line_of(text: str, names: Sequence[str]) -> Optional[int]:
    """The line of the last field with these names, from the outermost object on. The text is valid JSON."""
    path: list[Optional[str]] = []
    previous, start = "", 0
    found: Optional[int] = None
    for token in _TOKEN.finditer(text):
        word = token.group()
        if word in "{[":
            path.append(None)
        elif word in "}]":
            path.pop()
        elif word == ":" and path:
            path[-1] = json.loads(previous)
            if path == list(names):
                found = text.count("\n", 0, start) + 1
        if word.startswith('"'):
            previous, start = word, token.start()
    return found
