"""Log set-up: one fact a line, `key=value`, to standard error."""

import logging
import sys
import time
from typing import Literal

Level = Literal["debug", "info", "warning", "error"]


class Line(logging.Formatter):
    """Writes `2026-01-31T12:00:00.123Z info hearth.net: session opened id=5`, tracebacks below."""

    def format(self, record: logging.LogRecord) -> str:
        """The line: UTC with milliseconds, level, logger, message."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        # One fact a line: a line break inside a value must not look like a second record.
        message = record.getMessage().replace("\r", "\\r").replace("\n", "\\n")
        level = record.levelname.lower()
        text = f"{at}.{int(record.msecs):03d}Z {level} {record.name}: {message}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return text


def setup(level: Level) -> None:
    """Send the logs of Hearth at `level`, those of libraries from warning on, to standard error.

    Callers log ids and counts: never contents of messages, tokens or addresses of people.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Line())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("hearth").setLevel(level.upper())
