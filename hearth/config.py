"""Settings: frozen Structs read from a TOML file, the environment and the command line."""

import ast
import inspect
import os
import textwrap
import tomllib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args, get_origin

import msgspec
from msgspec import Meta, Struct, field

Port = r"(6553[0-5]|655[0-2]\d|65[0-4]\d\d|6[0-4]\d{3}|[1-5]\d{4}|\d{1,4})"
Address = Annotated[
    str,
    Meta(
        pattern=rf"^([^\s:\[\]/]+|\[[0-9A-Fa-f:.%]+\]):{Port}$",
        description="HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080",
    ),
]
Origin = Annotated[
    str,
    Meta(
        pattern=r"^https?://[^/?#\s]+$",
        description="http:// or https://, a host and perhaps a port, with nothing behind",
        examples=["https://chat.example.org"],
    ),
]


class Server(Struct, frozen=True, kw_only=True):
    """Where Hearth keeps its data and how it is reached."""

    data: Annotated[Path, Meta(description="the name of a directory")] = Path("data")
    """The directory that holds everything: messages, metadata, the admin socket. Made at the first
    start; a relative one is looked for where Hearth is started."""

    listen: Address = "127.0.0.1:8080"
    """Where HTTP and the gateway are served. Port 0 takes a free one. Hearth speaks no TLS yet: put
    a proxy that does before it when others than this machine are to reach it."""

    public_url: Origin | None = None
    """What people and bots outside call this server; announced as the address of the gateway.
    When it is not set, each caller is told the host that it asked for."""

    name: Annotated[
        str, Meta(min_length=1, max_length=100, description="text of 1 to 100 characters")
    ] = "Hearth"
    """What this server calls itself where people see it."""

    @property
    def address(self) -> tuple[str, int]:
        """`listen` as host, without the brackets of IPv6, and port."""
        host, _, port = self.listen.rpartition(":")
        return host.removeprefix("[").removesuffix("]"), int(port)


class Log(Struct, frozen=True, kw_only=True):
    """What is logged, to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe line that is written."""


class Limits(Struct, frozen=True, kw_only=True):
    """How much one client may ask for."""

    scale: Annotated[
        float, Meta(gt=0, le=1_000_000, description="a number above 0 and at most 1000000")
    ] = 1.0
    """Every rate limit is multiplied by it: 2.0 lets everybody do twice as much in the same
    time."""


class Storage(Struct, frozen=True, kw_only=True):
    """How the data directory is used."""

    map_size_bytes: Annotated[
        int,
        Meta(ge=1 << 20, le=1 << 46, description="a whole number of bytes from 1 MiB to 64 TiB"),
    ] = 1 << 40
    """The most that the message log can ever hold. It is address space, not memory, and the file on
    disk is only as large as what is in it."""

    reserve_bytes: Annotated[
        int, Meta(ge=0, le=1 << 46, description="a whole number of bytes, at most 64 TiB")
    ] = 256 << 20
    """With less free space than this on the disk of the data directory, new messages and edits are
    refused with status 503; reading and deleting go on."""


class Config(Struct, frozen=True, kw_only=True):
    """All settings, one section a field."""

    server: Server = field(default_factory=Server)
    log: Log = field(default_factory=Log)
    limits: Limits = field(default_factory=Limits)
    storage: Storage = field(default_factory=Storage)


SECTIONS: dict[str, type[Struct]] = {
    "server": Server,
    "log": Log,
    "limits": Limits,
    "storage": Storage,
}


class ConfigError(Exception):
    """Settings that are refused; its text is one sentence that says where and why."""


def load(
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    given: Mapping[str, str] | None = None,
) -> Config:
    """The settings: the defaults, over them `file`, then the environment, then `given`.

    `environ` is the process's unless another is passed. `given` maps "section.key" to the text of a
    command line option. Raises ConfigError.
    """
    values: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    if file is not None:
        for section, table in _read(file).items():
            if section not in SECTIONS:
                raise ConfigError(f"{file}: there is no section [{section}].")
            if not isinstance(table, dict):
                raise ConfigError(f"{file}: {section} must be a section, [{section}].")
            for key, value in cast(dict[str, Any], table).items():
                values[section][key] = _checked(str(file), section, key, value, strict=True)
    for name, text in sorted((os.environ if environ is None else environ).items()):
        section, _, key = name.removeprefix("HEARTH_").lower().partition("_")
        if name.startswith("HEARTH_") and section in SECTIONS and key:
            values[section][key] = _checked(name, section, key, text, strict=False)
    for path, text in (given or {}).items():
        section, _, key = path.partition(".")
        values[section][key] = _checked("command line", section, key, text, strict=False)
    return Config(**{name: kind(**values[name]) for name, kind in SECTIONS.items()})  # pyright: ignore[reportArgumentType]


def variable(section: str, key: str) -> str:
    """The environment variable that overrides a key."""
    return f"HEARTH_{section}_{key}".upper()


def keys() -> dict[str, dict[str, str]]:
    """The docstring of every key, by section and key, read from this file."""
    found: dict[str, dict[str, str]] = {}
    for section, kind in SECTIONS.items():
        body = cast(ast.ClassDef, ast.parse(inspect.getsource(kind)).body[0]).body
        found[section] = {}
        for statement, after in pairwise(body):
            match statement, after:
                case (
                    ast.AnnAssign(target=ast.Name(id=key)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    found[section][key] = " ".join(text.split())
                case _:
                    pass
    return found


def example() -> str:
    """config.example.toml: every key with its explanation and default, commented out."""
    lines = [
        "# Every setting of Hearth, each with its default; made by `python -m hearth.config`.",
        "# Start with it: hearth serve --config FILE. The environment overrides a key by",
        "# HEARTH_SECTION_KEY, for example HEARTH_LIMITS_SCALE=2.",
    ]
    for section, docs in keys().items():
        kind = SECTIONS[section]
        lines += ["", f"# {kind.__doc__}", f"[{section}]"]
        for known in msgspec.structs.fields(kind):
            lines += ["", *(f"# {line}" for line in textwrap.wrap(docs[known.name], 96))]
            shown = known.default if known.default is not None else _meta(known.type, "examples")[0]
            lines.append(f"#{known.name} = {_toml(shown)}")
    return "\n".join(lines) + "\n"


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{file}: there is no such file.") from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is not UTF-8 text.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not TOML: {error}.") from None


def _checked(source: str, section: str, key: str, value: Any, *, strict: bool) -> Any:
    """`value` as the type of its key; `strict` is off for text that stands for a number."""
    known = {known.name: known for known in msgspec.structs.fields(SECTIONS[section])}
    if key not in known:
        raise ConfigError(f"{source}: section [{section}] has no key {key}.")
    try:
        return msgspec.convert(value, known[key].type, strict=strict, dec_hook=_path)
    except msgspec.ValidationError:
        wanted = _wanted(known[key].type)
        raise ConfigError(
            f"{source}: {key} in section [{section}] must be {wanted}, not {value!r}."
        ) from None


def _path(kind: type, value: object) -> object:
    """What msgspec asks for a type it does not know: here only Path."""
    if kind is Path and isinstance(value, str) and value and "\0" not in value:
        return Path(value)
    raise ValueError("not a path")


def _wanted(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(get_args(kind))
    return _meta(kind, "description")


def _meta(kind: Any, name: str) -> Any:
    """An attribute of the Meta of an annotated type, which may be one of a union."""
    for part in (kind, *get_args(kind)):
        for meta in getattr(part, "__metadata__", ()):
            if isinstance(meta, Meta):
                return getattr(meta, name)
    raise TypeError(f"{kind} says no {name}")


def _toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value:_}" if isinstance(value, int) else str(value)
        case _:
            return '"' + str(value) + '"'


if __name__ == "__main__":
    print(example(), end="")  # noqa: T201
