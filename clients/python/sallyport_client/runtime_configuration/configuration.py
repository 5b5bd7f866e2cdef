"""The configuration, and where each of its values comes from: an argument, else the file, else the environment (only the
base URL), else a default."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Mapping, Optional, Union

from . import detect, exposure
from .errors import ConfigurationError
from .file import ConfigurationFile, find
from .values import plain, url

__all__ = ["ConfigurationError", "RuntimeConfiguration", "load"]

DEFAULT_FILE = "synheart.json"
DEFAULT_BASE_URL = "https://api.synheart.ai"
BASE_URL_VARIABLE = "SYNHEART_API_URL"


@dataclass(frozen=True)
class RuntimeConfiguration:
    app_id: str
    org_id: str
    app_api_key: str = field(repr=False)
    api_base_url: str
    #: The URLs of single services, by name.
    enterprise: Mapping[str, str]
    capability_token: Optional[str] = field(repr=False)
    #: The end user: given by the caller, never read from the file.
    subject_id: Optional[str]
    device_id: str
    platform: str
    app_version: str
    #: Where the values were read from, if there is a file.
    path: Optional[Path]
    #: Who else may read the file.
    warnings: tuple[str, ...]

    def with_subject_id(self, subject_id: str) -> RuntimeConfiguration:
        return replace(self, subject_id=plain("subject_id", subject_id))


def load(
    path: Union[str, os.PathLike[str], None] = None,
    *,
    app_id: Optional[str] = None,
    org_id: Optional[str] = None,
    app_api_key: Optional[str] = None,
    api_base_url: Optional[str] = None,
    capability_token: Optional[str] = None,
    subject_id: Optional[str] = None,
    device_id: Optional[str] = None,
    app_version: Optional[str] = None,
    file_name: str = DEFAULT_FILE,
    working_directory: Union[str, os.PathLike[str], None] = None,
    data_directory: Union[str, os.PathLike[str], None] = None,
    environment: Optional[Mapping[str, str]] = None,
) -> RuntimeConfiguration:
    """Reads the file at `path`, else in the working directory, else in the platform's data directory.

    Raises ConfigurationError, which names file, line and field. A file that others may read gives a warning.
    """
    environment = os.environ if environment is None else environment
    given = {
        "app_id": app_id,
        "org_id": org_id,
        "app_api_key": app_api_key,
        "capability_token": capability_token,
    }
    working = Path.cwd() if working_directory is None else Path(working_directory)
    data = detect.data_directory(environment) if data_directory is None else Path(data_directory)
    found = find(None if path is None else Path(path), [working, data], file_name)

    values = {name: _value(name, value, found) for name, value in given.items()}
    for name in ("app_id", "org_id", "app_api_key"):
        if values[name] is None:
            where = f"Add it to the file, or pass {name}." if found else f"Pass {name}, or add a file {file_name}."
            raise ConfigurationError(f"{name} is missing. {where}", path=found.path if found else None, field=name)

    enterprise = found.enterprise() if found else {}
    told = tuple(exposure.warnings(found.path)) if found else ()
    for warning in told:
        warnings.warn(warning, stacklevel=2)
    return RuntimeConfiguration(
        app_id=values["app_id"] or "",
        org_id=values["org_id"] or "",
        app_api_key=values["app_api_key"] or "",
        capability_token=values["capability_token"],
        api_base_url=_base_url(api_base_url, found, enterprise, environment),
        enterprise=enterprise,
        subject_id=None if subject_id is None else plain("subject_id", subject_id),
        device_id=detect.device_id() if device_id is None else plain("device_id", device_id),
        platform=detect.platform(),
        app_version=detect.app_version() if app_version is None else plain("app_version", app_version),
        path=found.path if found else None,
        warnings=told,
    )


def _value(name: str, given: Optional[str], found: Optional[ConfigurationFile]) -> Optional[str]:
    if given is not None:
        return plain(name, given)
    return found.text(name) if found else None


def _base_url(
    given: Optional[str],
    found: Optional[ConfigurationFile],
    enterprise: Mapping[str, str],
    environment: Mapping[str, str],
) -> str:
    # The file is checked even if something else counts.
    in_file = found.url("api_base_url") if found else None
    if given is not None:
        return url("api_base_url", given)
    in_environment = environment.get(BASE_URL_VARIABLE)
    return (
        enterprise.get("api_base_url")
        or in_file
        or (url(BASE_URL_VARIABLE, in_environment) if in_environment else None)
        or DEFAULT_BASE_URL
    )
