"""The `hearth` command as an operator runs it: a process of its own, its output and exit code."""

import os
import subprocess
import sys
from pathlib import Path


def hearth(*words: str | Path, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Run `hearth WORDS` to its end; `env` is added to the environment."""
    return subprocess.run(
        [sys.executable, "-m", "hearth", *map(str, words)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **env},
        check=False,
    )
