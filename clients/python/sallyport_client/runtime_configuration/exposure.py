"""Whether others may read the file, which contains a key."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path
from typing import Iterator


def warnings(path: Path) -> Iterator[str]:
    if os.name == "posix":
        try:
            mode = path.stat().st_mode
        except OSError:
            mode = 0
        if mode & (stat.S_IRGRP | stat.S_IROTH):
            yield f"{path} contains a key, and other users of this machine can read it: chmod 600 it."
    if _is_open_to_git(path.resolve()):
        yield f"{path} contains a key, lies in a git work tree and is not ignored: add it to .gitignore."


def _is_open_to_git(path: Path) -> bool:
    if not any((folder / ".git").exists() for folder in path.parents):
        return False
    # A hook sets these for its own repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        # 1: not ignored, or tracked already. More: git can't tell.
        ended = subprocess.run(
            ["git", "-c", "core.fsmonitor=false", "check-ignore", "--quiet", "--", path.name],
            cwd=path.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return ended.returncode == 1
