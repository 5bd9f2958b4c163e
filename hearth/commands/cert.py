"""`hearth admin cert`: an authority of one's own, and a certificate by it for tests and LANs."""

import contextlib
import ipaddress
import json
import os
import socket
import subprocess
import tempfile
from pathlib import Path

import click

from hearth.commands.operator import Operator, by_operator

CA_DAYS, DAYS = 3650, 397
"""How long the authority is good for, and a certificate: browsers take none for longer."""

_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")

_CA = """[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = {name}
[extensions]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""

_SERVER = """[req]
distinguished_name = name
prompt = no
[name]
CN = {name}
[extensions]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
"""


@click.command()
@click.option(
    "--name", "names", multiple=True, help="One more host name or address, several times if needed."
)
@by_operator
def cert(operator: Operator, names: tuple[str, ...]) -> None:
    """Make a certificate for tests and local networks, and the authority that signs it."""
    folder = operator.config.server.data / "tls"
    known = [*dict.fromkeys([*names, *own_names()])]
    for name in known:
        if not _is_name(name):
            raise click.ClickException(f"{name} is neither a host name nor an address.")
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        made_ca = _make(folder, known)
    except OSError as error:
        raise click.ClickException(f"{error.filename or folder}: {error.strerror}.") from None
    value = {
        "ca": str(folder / "ca.pem"),
        "certificate": str(folder / "certificate.pem"),
        "key": str(folder / "key.pem"),
        "names": known,
    }
    if operator.as_json:
        click.echo(json.dumps(value))
        return
    click.echo(
        f"Made {value['certificate']} for {', '.join(known)}.\n\n"
        "Settings that use it:\n"
        f'  [tls]\n  certificate = "{value["certificate"]}"\n  key = "{value["key"]}"\n\n'
        f"{'A new authority' if made_ca else 'The authority from before'} signs it: clients must "
        f"trust {value['ca']}.\n"
        "  Debian:   copy it to /usr/local/share/ca-certificates/hearth.crt, then "
        "update-ca-certificates\n"
        "  Python:   SSL_CERT_FILE=ca.pem      Node: NODE_EXTRA_CA_CERTS=ca.pem      "
        "curl: --cacert ca.pem\n"
        "  Browsers: import it among the authorities that may identify websites\n"
        f"Whoever has {folder / 'ca.key'} can pose as any site to those who trust it: "
        "let nobody read it."
    )


def own_names() -> list[str]:
    """What this machine is called: localhost, its name, its addresses. Sends nothing."""
    names = ["localhost", "127.0.0.1", "::1"]
    host = socket.gethostname()
    if _is_name(host):
        names.append(host)
    for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        # Connecting a UDP socket only looks up the route.
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((far, 9))
            names.append(probe.getsockname()[0].partition("%")[0])
    return [*dict.fromkeys(names)]


def _is_name(name: str) -> bool:
    if _is_address(name):
        return True
    labels = name.removeprefix("*.").split(".")
    return len(name) <= 253 and all(
        0 < len(label) < 64 and label.isascii() and label.replace("-", "").isalnum()
        for label in labels
    )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _make(folder: Path, names: list[str]) -> bool:
    """Write the files; whether the authority is new. What is there already is replaced whole."""
    ca, ca_key = folder / "ca.pem", folder / "ca.key"
    with tempfile.TemporaryDirectory(dir=folder) as place:
        work = Path(place)
        new = not (ca.exists() and ca_key.exists())
        if new:
            (work / "ca.cnf").write_text(_CA.format(name=f"Hearth on {names_host(names)}"))
            _openssl(
                "req", "-x509", *_CURVE, "-days", CA_DAYS, "-config", work / "ca.cnf",
                "-keyout", work / "ca.key", "-out", work / "ca.pem",
            )  # fmt: skip
            _put(work / "ca.key", ca_key, 0o600)
            _put(work / "ca.pem", ca, 0o644)
        listed = ",".join(f"{'IP' if _is_address(name) else 'DNS'}:{name}" for name in names)
        (work / "server.cnf").write_text(_SERVER.format(name=names_host(names)[:64], names=listed))
        _openssl(
            "req", "-new", *_CURVE, "-config", work / "server.cnf",
            "-keyout", work / "key.pem", "-out", work / "request.pem",
        )  # fmt: skip
        _openssl(
            "x509", "-req", "-in", work / "request.pem", "-CA", ca, "-CAkey", ca_key,
            "-set_serial", int.from_bytes(os.urandom(16)) >> 1, "-days", DAYS, "-sha256",
            "-extfile", work / "server.cnf", "-extensions", "extensions",
            "-out", work / "certificate.pem",
        )  # fmt: skip
        _put(work / "key.pem", folder / "key.pem", 0o600)
        _put(work / "certificate.pem", folder / "certificate.pem", 0o644)
    if os.geteuid() == 0:
        # What root makes in a server's data is the server's, or it could not read it.
        owner = folder.parent.stat()
        for path in (folder, *folder.iterdir()):
            os.chown(path, owner.st_uid, owner.st_gid)
    return new


def names_host(names: list[str]) -> str:
    """The name that a certificate is called by: the first that is no address."""
    return next((name for name in names if not _is_address(name)), names[0])


def _put(source: Path, target: Path, mode: int) -> None:
    source.chmod(mode)
    source.replace(target)


def _openssl(*words: str | int | Path) -> None:
    try:
        # The words are ours: files, and names that `_is_name` let through into a file.
        done = subprocess.run(  # noqa: S603
            ["openssl", *map(str, words)],  # noqa: S607 - wherever the system keeps it
            capture_output=True,
            text=True,
            umask=0o077,
            check=False,
        )
    except FileNotFoundError:
        raise click.ClickException(
            "The openssl command is missing; on Debian: apt-get install openssl."
        ) from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise click.ClickException(f"openssl failed: {said}.")
