"""What is wrong, and where. No message repeats a value, which may be a secret."""

from __future__ import annotations

from pathlib import Path
from typing import Optional


class ConfigurationError(Exception):
    def __init__(
        self, message: str, *, path: Optional[Path] = None, line: Optional[int] = None, field: Optional[str] = None
    ) -> None:
        place = "" if path is None else f"{path}: " if line is None else f"{path}:{line}: "
        super().__init__(place + message)
        self.path = path
        self.line = line
        self.field = field
