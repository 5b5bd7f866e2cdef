"""The file: where it is, and what it says. Only the fields that are asked for are looked at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Callable, Mapping, Optional, Sequence

from .errors import ConfigurationError
from .lines import line_of
from .values import plain, url

#: A configuration has less than one KB.
LONGEST = 1024 * 1024


def find(explicit: Optional[Path], folders: Sequence[Optional[Path]], name: str) -> Optional[ConfigurationFile]:
    """The first file that is there. An explicit one has to be."""
    if explicit is not None:
        return ConfigurationFile(explicit)
    for folder in folders:
        if folder is not None and (folder / name).is_file():
            return ConfigurationFile(folder / name)
    return None


class ConfigurationFile:
    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                content = file.read(LONGEST + 1)
            self._text = content.decode("utf-8-sig")
        except OSError as error:
            raise ConfigurationError(f"The file can't be read: {error.strerror}.", path=path) from None
        except UnicodeDecodeError:
            raise ConfigurationError("The file is not in UTF-8.", path=path) from None
        if len(content) > LONGEST:
            raise ConfigurationError("The file is too long for a configuration: more than 1 MB.", path=path)
        self._object = self._parsed()

    def _parsed(self) -> Mapping[str, object]:
        try:
            parsed = json.loads(self._text, parse_constant=_no_number)
        except json.JSONDecodeError as error:
            # Not `from error`, which has the text.
            raise ConfigurationError(f"This is no JSON: {error.msg}.", path=self.path, line=error.lineno) from None
        except (RecursionError, ValueError):
            raise ConfigurationError("This is no JSON.", path=self.path, line=1) from None
        if not isinstance(parsed, dict):
            line = self._text[: len(self._text) - len(self._text.lstrip())].count("\n") + 1
            raise ConfigurationError("The file has to be a JSON object: { … }.", path=self.path, line=line)
        return parsed

    def text(self, field: str) -> Optional[str]:
        return self._checked([field], self._object.get(field), plain)

    def url(self, field: str) -> Optional[str]:
        return self._checked([field], self._object.get(field), url)

    def enterprise(self) -> Mapping[str, str]:
        block = self._object.get("enterprise")
        if block is None:
            return {}
        if not isinstance(block, dict):
            raise self._at(["enterprise"], "enterprise has to be an object: the URLs of services, by name.")
        urls = {name: self._checked(["enterprise", name], value, url) for name, value in block.items()}
        return {name: value for name, value in urls.items() if value is not None}

    def _checked(self, names: list[str], value: object, check: Callable[[str, object], str]) -> Optional[str]:
        if value is None:
            return None
        try:
            return check(".".join(names), value)
        except ConfigurationError as error:
            raise self._at(names, str(error)) from None

    def _at(self, names: list[str], message: str) -> ConfigurationError:
        return ConfigurationError(message, path=self.path, line=line_of(self._text, names), field=".".join(names))


def _no_number(name: str) -> object:
    raise ValueError(name)
