"""The web client: the files that its build left in hearth/web/dist, and the routes it has."""

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from aiohttp import web

from hearth.net.rest.unchanging import encodings

DIST = Path(__file__).resolve().parent.parent.parent / "web" / "dist"
"""Where the build puts the client."""

_VIEWS = re.compile(
    r"^/(?:$|(?:channels|claim|invite|reset|settings|friends)(?:/|$)|(?:login|register|voice-check)$)"
)
"""What the client shows something of its own for; all of these are its one page."""

_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
}

POLICY = "; ".join(
    (
        "default-src 'none'",
        # WebAssembly of its own files, not scripts out of text: decision 0035.
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types solid hearth-url",
    )
)
"""What the client may do: run its own files, speak with its own server, make no HTML of text."""

_PAGE = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Vary": "Accept-Encoding",
}

_MISSING = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Hearth</title>
<h1>Hearth is running</h1><p>Its web client was not built on this machine: <code>make setup</code> \
builds it, where Node can be had from PyPI. The API and its <a href="/api/docs">description</a> \
are here, and bots and other clients can connect.</p></html>
"""


class File:
    """One file in each form that there is, and what goes with it."""

    def __init__(self, path: Path, name: str) -> None:
        self.forms: dict[str, bytes] = {"": path.read_bytes()}
        for encoding, suffix in (("br", ".br"), ("gzip", ".gz")):
            packed = path.with_name(path.name + suffix)
            if packed.exists():
                self.forms[encoding] = packed.read_bytes()
        self.etag = f'W/"{sha256(self.forms[""]).hexdigest()[:16]}"'
        self.headers = {**_PAGE, "ETag": self.etag, "Content-Type": _KINDS[path.suffix]}
        if name.startswith("/assets/"):
            # Their names have a hash of what is in them.
            self.headers["Cache-Control"] = "public, max-age=31536000, immutable"

    def answer(self, headers: Mapping[str, str]) -> web.Response:
        """The smallest form that the client takes, or 304 where it has the file."""
        known = [tag.strip() for tag in headers.get("If-None-Match", "").split(",")]
        if "*" in known or self.etag in known or self.etag.removeprefix("W/") in known:
            return web.Response(status=304, headers=self.headers)
        taken = encodings(headers.get("Accept-Encoding", ""))
        for encoding in ("br", "gzip"):
            if encoding in self.forms and encoding in taken:
                coded = {**self.headers, "Content-Encoding": encoding}
                return web.Response(body=self.forms[encoding], headers=coded)
        return web.Response(body=self.forms[""], headers=self.headers)


class Static:
    """The client's files, read once. Without a build there is a page that says so."""

    def __init__(self, dist: Path = DIST) -> None:
        self._files: dict[str, File] = {}
        if (dist / "index.html").exists():
            for path in sorted(dist.rglob("*")):
                name = "/" + path.relative_to(dist).as_posix()
                if path.is_file() and path.suffix in _KINDS:
                    self._files[name] = File(path, name)

    @property
    def built(self) -> bool:
        """Whether there is a client."""
        return bool(self._files)

    def answer(self, path: str, headers: Mapping[str, str]) -> web.Response | None:
        """What is at a path, or None where nothing of the client's is."""
        name = "/index.html" if _VIEWS.match(path) else path
        found = self._files.get(name)
        if found is not None:
            return found.answer(headers)
        if name == "/index.html":
            kind = {"Content-Type": _KINDS[".html"], "Cache-Control": "no-cache"}
            return web.Response(body=_MISSING, headers={**_PAGE, **kind})
        return None
