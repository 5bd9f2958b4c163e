"""Settings: frozen Structs read from a TOML file, the environment and the command line."""

import ast
import inspect
import ipaddress
import os
import textwrap
import tomllib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast, get_args, get_origin

import msgspec
from msgspec import Meta, Struct, field

Port = r"(6553[0-5]|655[0-2]\d|65[0-4]\d\d|6[0-4]\d{3}|[1-5]\d{4}|\d{1,4})"
Address = Annotated[
    str,
    Meta(
        pattern=rf"^(([^\s:,\[\]/]+|\[[0-9A-Fa-f:.%]+\]):{Port}|unix:[^\s,]+|inherited)$",
        description="HOST:PORT, such as 127.0.0.1:8080 or [::]:8080, unix:PATH or inherited, "
        "or a list of these",
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

_NETWORKS = "an address, a network such as 10.0.0.0/8 or unix, or a list of these"
Seconds = Annotated[float, Meta(gt=0, le=3600, description="seconds, above 0 and at most 3600")]


class Network(str):
    """An address, a network such as 10.0.0.0/8, or `unix` for who comes by a Unix socket."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """`text` when it is one; else ValueError."""
        if text != "unix":
            ipaddress.ip_network(text)
        return super().__new__(cls, text)


Secret = Annotated[
    str,
    Meta(
        pattern=r"^[!-~]{16,}$",
        description="at least 16 characters without spaces",
        examples=["a long random text"],
    ),
]
File = Annotated[Path, Meta(description="the name of a file", examples=["/etc/hearth/tls.pem"])]


class Server(Struct, frozen=True, kw_only=True):
    """Where Hearth keeps its data, and its name."""

    data: Annotated[Path, Meta(description="the name of a directory")] = Path("data")
    """The directory that holds everything: messages, metadata, the admin socket. Made at the first
    start; a relative one is looked for where Hearth is started."""

    name: Annotated[
        str, Meta(min_length=1, max_length=100, description="text of 1 to 100 characters")
    ] = "Hearth"
    """What this server calls itself where people see it."""


class Http(Struct, frozen=True, kw_only=True):
    """How Hearth is reached."""

    listen: tuple[Address, ...] = ("127.0.0.1:8080",)
    """Where HTTP and the gateway are served: addresses, Unix sockets, and `inherited` for the
    sockets that whoever starts Hearth holds open for it. Port 0 takes a free one. Sockets that are
    handed over without `inherited` being named are served instead of all this."""

    public_url: Origin | None = None
    """What people and bots outside call this server; the address of the gateway is made from it.
    When it is not set, each caller is told the host that it asked for."""

    trusted_proxies: tuple[Annotated[Network, Meta(description=_NETWORKS)], ...] = ()
    """The proxies whose X-Forwarded-For, -Proto and -Host are believed: addresses, networks, or
    `unix` for all who come by a Unix socket. What others say there is left aside."""

    head_timeout_s: Seconds = 15.0
    """A connection that has sent no whole request head, or not finished its TLS handshake, after so
    long is closed. A body may take as long without a byte, and an answer four times as long."""

    body_rate_bytes: Annotated[
        int, Meta(ge=1, le=1 << 30, description="a whole number of bytes a second, at least 1")
    ] = 500
    """A body that comes more slowly than this many bytes a second, after the time of a head, has
    its connection closed."""

    connections_per_address: Annotated[
        int, Meta(ge=1, le=1 << 20, description="a whole number from 1 to 1048576")
    ] = 1000
    """The most connections that one address may have open for requests, and the most for the
    gateway; an IPv6 address stands for its /64. This machine and trusted proxies have no bound."""


class Tls(Struct, frozen=True, kw_only=True):
    """HTTPS without a proxy: every TCP address of `listen` speaks TLS when both files are named."""

    certificate: File | None = None
    """The server's certificate, followed by those that link it to its authority, in PEM. Read again
    when it changes. `hearth admin cert` makes one for tests and local networks."""

    key: File | None = None
    """The private key of the certificate, in PEM and without a password. Read again when it
    changes."""


class Metrics(Struct, frozen=True, kw_only=True):
    """Who may read /metrics beside this machine itself."""

    token: Secret | None = None
    """Whoever sends `Authorization: Bearer TOKEN` may read /metrics from anywhere. When it is not
    set, only requests from this machine that came through no proxy may."""


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


class Registration(Struct, frozen=True, kw_only=True):
    """Who may make an account by themselves. The operator may always make one, or a claim link."""

    mode: Literal["open", "invite", "closed"] = "invite"
    """`open`: everybody. `invite`: who has an invite to a guild of this server. `closed`:
    nobody."""


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


FileType = Annotated[
    str,
    Meta(
        pattern=r"^(\.[a-z0-9.]{1,32}|[a-z]+/(\*|[a-z0-9.+-]{1,100}))$",
        description="a type such as image/png or image/*, an ending such as .exe, or a list of "
        "these, in small letters",
    ),
]
Bytes = Annotated[int, Meta(ge=0, le=1 << 50, description="a whole number of bytes")]


class Media(Struct, frozen=True, kw_only=True):
    """How much may be sent in files."""

    file_bytes: Bytes = 100 << 20
    """The most that one file of a message may have."""

    user_bytes_per_hour: Bytes = 2 << 30
    """The most that one person or bot may send in files within an hour; a scale of rate limits
    above 1 raises it."""

    user_bytes: Bytes = 0
    """The most that the files that one person or bot sent may have together; 0 is any number."""

    guild_bytes: Bytes = 0
    """The most that the files of one guild may have together; 0 is any number."""

    allowed_types: tuple[FileType, ...] = ()
    """The only files that messages may have, by type or ending; none named is all. A picture, sound
    or video has the type that its bytes say, others that of their ending, or what the client says
    it is where that is unknown, or application/octet-stream."""

    denied_types: tuple[FileType, ...] = ()
    """Files that no message may have, in the same words, also where they are allowed."""

    cache_bytes: Annotated[
        int, Meta(ge=1 << 20, le=1 << 50, description="a whole number of bytes, at least 1 MiB")
    ] = 2 << 30
    """About how much the pictures may have together that were made in other sizes and formats.
    Those that nobody asked for the longest are deleted, and made again when somebody does."""


PlainAddress = Annotated[
    str,
    Meta(
        pattern=rf"^([^\s:,\[\]/]+|\[[0-9A-Fa-f:.%]+\]):{Port}$",
        description="HOST:PORT, such as 0.0.0.0:8080 or [::]:8080",
        examples=["0.0.0.0:8080"],
    ),
]


class Ip(str):
    """An IP address."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """`text` when it is one; else ValueError."""
        return super().__new__(cls, str(ipaddress.ip_address(text)))


_IPS = "an IP address, or a list of these"


TurnUrl = Annotated[
    str,
    Meta(
        pattern=r"^turns?:([^\s:,?\[\]/@]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(\?transport=(udp|tcp))?$",
        description="turn:HOST:PORT?transport=udp, turns:HOST:PORT, or a list of these",
        examples=["turn:turn.example.org:3478?transport=udp"],
    ),
]
Kbps = Annotated[int, Meta(ge=0, le=100_000_000, description="a whole number of kbit/s")]


class Voice(Struct, frozen=True, kw_only=True):
    """How voice and video reach this server: by UDP, at one port."""

    udp: PlainAddress | None = None
    """Where media is taken. When it is not set, it is the first TCP address of `listen` in [http],
    with the same number; a server behind a proxy needs one that is reached from outside."""

    addresses: tuple[Annotated[Ip, Meta(description=_IPS)], ...] = ()
    """The IP addresses that clients are told to send to, the best first; bots get the first of
    IPv4. A server behind NAT or in a container needs its public one here. When none is set, each
    client is told the address by which it has reached the server."""

    guests_check: Annotated[bool, Meta(description="true or false")] = True
    """Whether who is not logged in may try the ways to voice, on the page /voice-check. It tells
    them the addresses of `addresses`: where nobody is to know these, `false` asks for a log-in."""

    same_address: Annotated[bool, Meta(description="true or false")] = True
    """Whether a bot's media must come from the IP address of its gateway connection, so that nobody
    is sent what another asked for. Where a network gives the two different addresses, `false` lets
    bots prove themselves by what they send: they hear once they have spoken."""

    stun: PlainAddress | None = None
    """`HOST:PORT` of a STUN server that is asked by which public address this one is reached, for
    a server behind NAT whose address changes. Nobody is asked unless it is set; no person's address
    is told to anybody."""

    turn: tuple[TurnUrl, ...] = ()
    """The relays that browsers may go by where they reach this server by neither UDP nor TCP, as
    `turn:HOST:PORT?transport=udp` or `turns:HOST:PORT`. Needs `turn_secret`."""

    turn_secret: Secret | None = None
    """The secret that this server shares with the relays (coturn's `static-auth-secret`). Whoever
    connects gets a name and a password by it that are good for an hour."""

    p2p: Annotated[bool, Meta(description="true or false")] = False
    """Whether the sound and pictures of a call of two may go from one browser to the other instead
    of by this server, where both people let it in their own settings: each of the two then learns
    the other's network address, and nobody else does. To find their public addresses the browsers
    ask the servers of `stun` and `turn`."""

    viewer_kbps: Kbps = 0
    """The most video that one person is sent, in kbit/s: where more is shown it is sent smaller,
    and what does not fit even so is not sent. 0 is whatever their line takes."""

    upload_kbps: Kbps = 0
    """The most video that everybody together is sent, in kbit/s, for a server at home: it is
    divided among those who look. 0 is no bound. Sound is never held back."""

    processes: Annotated[int, Meta(ge=0, le=64, description="a number from 0 to 64")] = 0
    """In how many processes of its own media is carried; rooms are shared out among them, and each
    takes the next UDP port from that of `udp` on. 0 is in the server's own process. One is enough
    for nothing that happens in voice to stop text; more are for more rooms than a core carries."""


class Config(Struct, frozen=True, kw_only=True):
    """All settings, one section a field."""

    server: Server = field(default_factory=Server)
    http: Http = field(default_factory=Http)
    tls: Tls = field(default_factory=Tls)
    metrics: Metrics = field(default_factory=Metrics)
    log: Log = field(default_factory=Log)
    limits: Limits = field(default_factory=Limits)
    registration: Registration = field(default_factory=Registration)
    storage: Storage = field(default_factory=Storage)
    media: Media = field(default_factory=Media)
    voice: Voice = field(default_factory=Voice)


SECTIONS: dict[str, type[Struct]] = {
    "server": Server,
    "http": Http,
    "tls": Tls,
    "metrics": Metrics,
    "log": Log,
    "limits": Limits,
    "registration": Registration,
    "storage": Storage,
    "media": Media,
    "voice": Voice,
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
    if values["http"].get("listen") == ():
        raise ConfigError("listen in section [http] must name at least one address.")
    if len(values["tls"].keys() & {"certificate", "key"}) == 1:
        raise ConfigError("Section [tls] needs both certificate and key.")
    if values["voice"].get("turn") and not values["voice"].get("turn_secret"):
        raise ConfigError("Section [voice] needs turn_secret with turn.")
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
        moved = [name for name, kind in SECTIONS.items() if key in kind.__struct_fields__]
        hint = f"; section [{moved[0]}] has" if moved else ""
        raise ConfigError(f"{source}: section [{section}] has no key {key}{hint}.")
    kind = known[key].type
    if get_origin(kind) is tuple and isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    try:
        return msgspec.convert(value, kind, strict=strict, dec_hook=_made)
    except msgspec.ValidationError:
        said = "" if (section, key) in _SECRET else f", not {value!r}"
        raise ConfigError(
            f"{source}: {key} in section [{section}] must be {_wanted(kind)}{said}."
        ) from None


_SECRET = {("metrics", "token"), ("voice", "turn_secret")}
"""What no message repeats."""


def _made(kind: type, value: object) -> object:
    """What msgspec asks for the types that it does not know: Path, Network and Ip."""
    if kind is Path and isinstance(value, str) and value and "\0" not in value:
        return Path(value)
    if kind is Network and isinstance(value, str):
        return Network(value)
    if kind is Ip and isinstance(value, str):
        return Ip(value)
    raise ValueError("not one")


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
        case tuple():
            return "[" + ", ".join(map(_toml, cast(tuple[object, ...], value))) + "]"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value:_}" if isinstance(value, int) else str(value)
        case _:
            return '"' + str(value) + '"'


if __name__ == "__main__":
    print(example(), end="")  # noqa: T201
