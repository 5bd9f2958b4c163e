"""The caller's side of the operator's door (`admin.py`). A command is short: little is imported."""

import json
import socket
from pathlib import Path
from typing import Any


def ask(path: Path, call: dict[str, Any]) -> dict[str, Any]:
    """Call a running server, blocking; raises OSError when none listens at `path`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(str(path))
        connection.sendall(json.dumps(call).encode() + b"\n")
        with connection.makefile("rb") as answers:
            return json.loads(
                answers.readline() or b'{"error":{"message":"The server went away."}}'
            )
