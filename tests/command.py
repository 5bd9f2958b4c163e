"""The `hearth` command as an operator runs it: a process of its own, its output and exit code."""

import os
import subprocess
import tempfile
from pathlib import Path

from tests import forks

WITHIN_S = 60


def hearth(*words: str | Path, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Run `hearth WORDS` to its end; `env` is added to the environment."""
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        given.write(stdin.encode())
        given.seek(0)
        said = [str(word) for word in words]
        running = forks.start(said, {**os.environ, **env}, err, stdin=given, stdout=out)
        try:
            code = running.wait(WITHIN_S)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
            raise
        for each in (out, err):
            each.seek(0)
        return subprocess.CompletedProcess(said, code, out.read().decode(), err.read().decode())
