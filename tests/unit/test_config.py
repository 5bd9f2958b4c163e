"""Settings: where they come from, what is refused in which words, and that the docs name each."""

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import fields

from hearth.config import SECTIONS, Config, ConfigError, example, keys, load, variable

ROOT = Path(__file__).resolve().parents[2]
ALL = [(section, known.name) for section, kind in SECTIONS.items() for known in fields(kind)]


def write(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_defaults():
    config = load(None, {})
    assert config == Config()
    assert config.server.data == Path("data")
    assert config.http.listen == ("127.0.0.1:8080",)
    assert config.limits.scale == 1.0


def test_sections_are_the_fields_of_config():
    assert [known.name for known in fields(Config)] == list(SECTIONS)
    assert [type(getattr(Config(), name)) for name in SECTIONS] == list(SECTIONS.values())


def test_file_then_environment_then_command_line(tmp_path: Path):
    file = write(
        tmp_path,
        '[server]\nname = "a"\ndata = "a"\n[http]\nlisten = "a:1"\n[limits]\nscale = 3\n',
    )
    environ = {"HEARTH_SERVER_DATA": "b", "HEARTH_HTTP_LISTEN": "b:2", "HEARTH_SOAK": "1"}
    config = load(file, environ, {"http.listen": "[::1]:3"})
    assert load(file, {}).http.listen == ("a:1",)
    assert load(file, environ).http.listen == ("b:2",)
    assert config.server.name == "a"
    assert config.server.data == Path("b")
    assert config.http.listen == ("[::1]:3",)
    assert config.limits.scale == 3.0


TEXTS = {
    "data": "/srv/hearth",
    "name": "Ann's",
    "listen": "0.0.0.0:80,[::]:80,unix:/run/hearth.sock,inherited",
    "public_url": "https://chat.example.org:8443",
    "trusted_proxies": "10.0.0.0/8,192.0.2.1,2001:db8::/32,unix",
    "head_timeout_s": "2.5",
    "body_rate_bytes": "100",
    "connections_per_address": "5",
    "certificate": "/etc/certificate.pem",
    "key": "/etc/key.pem",
    "token": "0123456789abcdef",
    "level": "debug",
    "scale": "2.5",
    "mode": "open",
    "map_size_bytes": "2097152",
    "reserve_bytes": "0",
    "file_bytes": "1",
    "user_bytes_per_hour": "2",
    "user_bytes": "4",
    "guild_bytes": "3",
    "allowed_types": "image/*,.pdf",
    "denied_types": "image/svg+xml,.tar.gz",
    "cache_bytes": "2097152",
    "udp": "0.0.0.0:5",
    "addresses": "203.0.113.7,2001:db8::7",
    "guests_check": "False",
    "p2p": "True",
    "same_address": "False",
    "processes": "2",
    "stun": "stun.example.org:3478",
    "turn": "turn:turn.example.org:3478?transport=udp,turns:turn.example.org",
    "turn_secret": "0123456789abcdef",
    "viewer_kbps": "5000",
    "upload_kbps": "20000",
}


@pytest.mark.parametrize(("section", "key"), ALL)
def test_environment_overrides_every_key(section: str, key: str):
    environ = {variable(section, key): TEXTS[key]}
    if section == "tls":
        environ |= {variable("tls", other): TEXTS[other] for other in ("certificate", "key")}
    if key == "turn":
        environ[variable("voice", "turn_secret")] = TEXTS["turn_secret"]
    config = load(None, environ)
    value = getattr(getattr(config, section), key)
    assert (",".join(value) if isinstance(value, tuple) else str(value)) == TEXTS[key]
    assert value != getattr(getattr(Config(), section), key)


REFUSED = {
    "[http]\nlissten = 'a:1'": "section [http] has no key lissten.",
    "[server]\nlisten = 'a:1'": "section [server] has no key listen; section [http] has.",
    "[sever]\nlisten = 'a:1'": "there is no section [sever]",
    "server = 3": "server must be a section, [server]",
    "[http]\nlisten = 8080": "listen in section [http] must be HOST:PORT, such as",
    "[http]\nlisten = 'a:65536'": "listen in section [http] must be HOST:PORT, such as",
    "[http]\nlisten = ['a:1', 'localhost']": "listen in section [http] must be HOST:PORT, such",
    "[http]\nlisten = 'unix:'": "listen in section [http] must be HOST:PORT, such as",
    "[http]\ntrusted_proxies = 'all'": "trusted_proxies in section [http] must be an address",
    "[http]\ntrusted_proxies = ['10.0.0.1/8']": "trusted_proxies in section [http] must be an",
    "[http]\nhead_timeout_s = 0": "head_timeout_s in section [http] must be seconds, above 0",
    "[http]\nbody_rate_bytes = 0": "body_rate_bytes in section [http] must be a whole number",
    "[http]\nconnections_per_address = 0": "connections_per_address in section [http] must be",
    "[tls]\nkey = ''": "key in section [tls] must be the name of a file, not ''",
    "[metrics]\ntoken = 'two words of a secret'": "token in section [metrics] must be at least 16 "
    "characters without spaces.",
    "[server]\ndata = ''": "data in section [server] must be the name of a directory, not ''",
    "[http]\npublic_url = 'h'": "public_url in section [http] must be http:// or https://",
    "[http]\npublic_url = 'http://h/'": "public_url in section [http] must be http:// or",
    "[server]\nname = ''": "name in section [server] must be text of 1 to 100 characters",
    "[log]\nlevel = 'loud'": "must be one of debug, info, warning, error, not 'loud'",
    "[limits]\nscale = '2'": "scale in section [limits] must be a number above 0 and at most",
    "[limits]\nscale = 0": "scale in section [limits] must be a number above 0 and at most",
    "[limits]\nscale = nan": "scale in section [limits] must be a number above 0 and at most",
    "[limits]\nscale = true": "scale in section [limits] must be a number above 0 and at most",
    "[media]\ndenied_types = 'exe'": "denied_types in section [media] must be a type such as",
    "[media]\nallowed_types = ['*/*']": "allowed_types in section [media] must be a type such as",
    "[media]\ncache_bytes = 0": "cache_bytes in section [media] must be a whole number of bytes",
    "[voice]\nudp = 'unix:/x'": "udp in section [voice] must be HOST:PORT, such as 0.0.0.0:8080",
    "[voice]\nsame_address = 3": "same_address in section [voice] must be true or false",
    "[voice]\naddresses = 'h'": "addresses in section [voice] must be an IP address, or a list of",
    "[registration]\nmode = 'all'": "must be one of open, invite, closed, not 'all'",
    "[storage]\nmap_size_bytes = 1.5": "map_size_bytes in section [storage] must be a whole number",
    "[storage]\nreserve_bytes = -1": "reserve_bytes in section [storage] must be a whole number",
    "[server\n": "is not TOML: ",
}


@pytest.mark.parametrize("text", REFUSED)
def test_file_is_refused_in_one_sentence(tmp_path: Path, text: str):
    file = write(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        load(file, {})
    said = str(refused.value)
    assert said.startswith(str(file))
    assert REFUSED[text] in said
    assert said.endswith(".")
    assert "\n" not in said


def test_what_only_makes_sense_together():
    with pytest.raises(ConfigError, match=r"Section \[voice\] needs turn_secret with turn"):
        load(None, {"HEARTH_VOICE_TURN": "turn:a:1"})
    with pytest.raises(ConfigError, match=r"Section \[tls\] needs both certificate and key"):
        load(None, {"HEARTH_TLS_KEY": "key.pem"})
    with pytest.raises(ConfigError, match=r"listen in section \[http\] must name at least one"):
        load(None, {"HEARTH_HTTP_LISTEN": " , "})


def test_unreadable_files_are_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="there is no such file"):
        load(tmp_path / "none.toml", {})
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path, {})
    (tmp_path / "latin").write_bytes(b'[server]\nname = "\xe9"')
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load(tmp_path / "latin", {})


def test_environment_and_command_line_are_refused_by_name():
    with pytest.raises(ConfigError, match=r"^HEARTH_LIMITS_SCALE: scale in section \[limits\] "):
        load(None, {"HEARTH_LIMITS_SCALE": "fast"})
    with pytest.raises(ConfigError, match=r"^HEARTH_LIMITS_SCAEL: section \[limits\] has no key"):
        load(None, {"HEARTH_LIMITS_SCAEL": "2"})
    with pytest.raises(ConfigError, match=r"^command line: listen in section \[http\] "):
        load(None, {}, {"http.listen": "here"})


def test_every_key_has_a_docstring():
    assert [(section, key) for section, docs in keys().items() for key in docs] == ALL


def test_example_is_current():
    made = subprocess.run(
        [sys.executable, "-m", "hearth.config"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert made == example()
    assert (ROOT / "config.example.toml").read_text(encoding="utf-8") == made, (
        "run: python -m hearth.config > config.example.toml"
    )


def test_example_is_valid_and_says_the_defaults(tmp_path: Path):
    assert load(ROOT / "config.example.toml", {}) == Config()
    lines = example().splitlines()
    active = [line[1:] if line[:1] == "#" and line[1:2].islower() else line for line in lines]
    unset = [known.name for kind in SECTIONS.values() for known in fields(kind)
             if known.default is None]  # fmt: skip
    active = [line for line in active if line.partition(" ")[0] not in unset]
    assert load(write(tmp_path, "\n".join(active)), {}) == Config()


def test_documentation_names_every_key():
    page = (ROOT / "docs" / "configure.md").read_text(encoding="utf-8")
    for section, key in ALL:
        assert f"`{key}`" in page.partition(f"## [{section}]")[2].partition("\n## ")[0], key
        assert f"`{variable(section, key)}`" in page
