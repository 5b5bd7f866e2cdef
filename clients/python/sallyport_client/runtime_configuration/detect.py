"""What is detected instead of configured."""

from __future__ import annotations

import hashlib
import sys
import uuid
from pathlib import Path
from typing import Mapping, Optional

FOLDER = ("synheart", "synheart-core")


def platform() -> str:
    return {"darwin": "macos", "win32": "windows", "cygwin": "windows"}.get(sys.platform, sys.platform)


def device_id() -> str:
    """The same on each start on this machine, and nothing that identifies it elsewhere."""
    own = ""
    for file in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            own = own or Path(file).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
    own = own or f"{uuid.getnode():012x}"
    return "dev_" + hashlib.sha256(f"runtime-configuration:{own}".encode()).hexdigest()[:32]


def app_version() -> str:
    """That of the program that was started."""
    main = sys.modules.get("__main__")
    version = getattr(main, "__version__", None)
    return version if isinstance(version, str) and version else "unknown"


def data_directory(environment: Mapping[str, str]) -> Optional[Path]:
    def under(variable: str, *parts: str) -> Optional[Path]:
        base = environment.get(variable)
        return Path(base, *parts) if base else None

    if platform() == "windows":
        return under("APPDATA", *FOLDER)
    if platform() == "macos":
        return under("HOME", "Library", "Application Support", *FOLDER)
    return under("HOME", ".synheart", FOLDER[1])
