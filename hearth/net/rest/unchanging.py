"""Answers with what stays the same while the server runs: a client that has it is told so."""

import gzip
import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256

from aiohttp import web


class Unchanging:
    """A body, kept plain and compressed, and the headers that go with it."""

    def __init__(self, body: bytes, kind: str, headers: Mapping[str, str] | None = None) -> None:
        self._plain = body
        self._small = gzip.compress(body, mtime=0)
        self.etag = f'W/"{sha256(body).hexdigest()[:16]}"'
        """Weak, because it stands for both forms."""
        self._headers = {
            "Content-Type": kind,
            "ETag": self.etag,
            "Cache-Control": "no-cache",
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
            **(headers or {}),
        }

    def answer(self, request: web.BaseRequest) -> web.Response:
        """The body, or 304 to a client that has it."""
        known = [tag.strip() for tag in request.headers.get("If-None-Match", "").split(",")]
        if "*" in known or self.etag in known or self.etag.removeprefix("W/") in known:
            return web.Response(status=304, headers=self._headers)
        if "gzip" in encodings(request.headers.get("Accept-Encoding", "")):
            headers = {**self._headers, "Content-Encoding": "gzip"}
            return web.Response(body=self._small, headers=headers)
        return web.Response(body=self._plain, headers=self._headers)


def encodings(wanted: str) -> set[str]:
    """The content codings that an Accept-Encoding takes, by name; one with q=0 it does not."""
    parts = (part.partition(";") for part in wanted.lower().split(","))
    return {name.strip() for name, _, weight in parts if not _REFUSED.fullmatch(weight.strip())}


_REFUSED = re.compile(r"q\s*=\s*0(\.0*)?")


def page_headers(page: bytes, connect: str = "'none'") -> dict[str, str]:
    """What a page may do: run its own script and style, and nothing else."""
    rules = [f"{tag}-src {_hashes(page, tag)}" for tag in ("script", "style")]
    return {
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": f"default-src 'none'; {'; '.join(rules)}; img-src data:; "
        f"connect-src {connect}; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    }


def _hashes(page: bytes, tag: str) -> str:
    """The hash of the text of each element of this kind."""
    texts = re.findall(rf"<{tag}>(.*?)</{tag}>".encode(), page, re.DOTALL)
    hashes = [f"'sha256-{b64encode(sha256(text).digest()).decode()}'" for text in texts]
    return " ".join(hashes) or "'none'"
