"""A browser's offer, read with distrust, and the answer to it (RFC 8829, 8843, 8853)."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hearth.sfu.rtp import (
    ABS_SEND_TIME,
    AUDIO_LEVEL,
    EXTENSION_IDS,
    MID,
    REPAIRED_RID,
    RID,
    TRANSPORT_CC,
)

LARGEST_BYTES = 64 << 10
SECTIONS = 64
_LINES = 4000
_LAYERS = 3
_TOKEN = re.compile(r"[A-Za-z0-9+/_.{}-]{1,64}")
_RID = re.compile(r"[A-Za-z0-9_-]{1,16}")
_MID = re.compile(r"[A-Za-z0-9_-]{1,16}")


class Codec(NamedTuple):
    """A codec of ours as one section of an offer names it."""

    name: str
    payload_type: int
    rtx: int | None
    """The payload type of its retransmissions."""


class Section(NamedTuple):
    """One m-line, as far as it matters here."""

    kind: str
    mid: str
    protocol: str
    formats: str
    usable: bool
    """It can be answered with media; else it is refused or inactive."""
    rejected: bool
    sends: bool
    receives: bool
    codecs: tuple[Codec, ...]
    """Best first."""
    extensions: Mapping[str, int]
    """Of those that we know, by URI."""
    rids: tuple[str, ...]
    """Simulcast layers in the offer's order."""
    ssrcs: tuple[int, ...]
    repairs: Mapping[int, int]
    """Retransmission SSRC → the SSRC that it repairs."""


class Offer(NamedTuple):
    """What a browser offers."""

    ufrag: str
    fingerprints: list[tuple[str, str]]
    sections: list[Section]


class Slot(NamedTuple):
    """How we name what we send in one section."""

    ssrc: int
    rtx: int


class Candidate(NamedTuple):
    """Where we can be reached."""

    protocol: str
    """`udp` or `tcp` (passive)."""
    host: str
    port: int


def parse(text: str) -> Offer:
    """Read an offer. Raises ValueError with one sentence."""
    if len(text) > LARGEST_BYTES:
        raise ValueError("The offer is too long.")
    lines = text.replace("\r\n", "\n").split("\n")
    if len(lines) > _LINES:
        raise ValueError("The offer has too many lines.")
    if lines[0] != "v=0":
        raise ValueError("The offer is not SDP.")
    parts: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("m="):
            parts.append([])
        parts[-1].append(line)
    session, *media = parts
    if not media:
        raise ValueError("The offer has no media.")
    if len(media) > SECTIONS:
        raise ValueError("The offer has too many sections.")
    sections = [_section(part, number) for number, part in enumerate(media)]
    mids = [section.mid for section in sections]
    if len(set(mids)) != len(mids):
        raise ValueError("Two sections of the offer have the same mid.")
    # One transport for all: what it says first is so for every section that is bundled.
    every = [*session, *(line for part in media for line in part)]
    ufrag = next(iter(_values(every, "ice-ufrag")), "")
    if not _TOKEN.fullmatch(ufrag):
        raise ValueError("The offer has no ice-ufrag.")
    fingerprints: list[tuple[str, str]] = []
    for value in dict.fromkeys(_values(every, "fingerprint")):
        algorithm, _, digest = value.partition(" ")
        fingerprints.append((algorithm, digest.strip()))
    if not fingerprints or len(fingerprints) > 4:
        raise ValueError("The offer has no fingerprint.")
    if next(iter(_values(every, "setup")), "actpass") == "passive":
        raise ValueError("The offer wants us to begin the handshake.")
    return Offer(ufrag, fingerprints, sections)


def _values(lines: Sequence[str], name: str) -> list[str]:
    start = f"a={name}:"
    return [line[len(start) :].strip() for line in lines if line.startswith(start)]


def _section(lines: list[str], number: int) -> Section:
    words = lines[0][2:].split()
    if len(words) < 4:
        raise ValueError("A section of the offer is cut off.")
    kind, port, protocol = words[:3]
    mid = next(iter(_values(lines, "mid")), str(number))
    if not _MID.fullmatch(mid):
        raise ValueError("A mid of the offer is too long or has other characters.")
    # With max-bundle, port 0 beside bundle-only is not a refusal.
    rejected = port == "0" and "a=bundle-only" not in lines
    codecs = _codecs(lines, kind, words[3:])
    usable = (
        not rejected
        and kind in ("audio", "video")
        and protocol in ("UDP/TLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVPF")
        and bool(codecs)
        and "a=rtcp-mux" in lines
    )
    rids = tuple(
        value.split()[0] for value in _values(lines, "rid") if value.split()[1:2] == ["send"]
    )
    if not all(_RID.fullmatch(rid) for rid in rids) or len(set(rids)) != len(rids):
        raise ValueError("A rid of the offer is not one.")
    simulcast = next((v for v in _values(lines, "simulcast") if v.startswith("send ")), "")
    order = [each.lstrip("~") for each in simulcast.removeprefix("send ").split()[:1]]
    named = order[0].replace("~", "").split(";") if order else []
    ssrcs, repairs = _ssrcs(lines)
    return Section(
        kind=kind if kind in ("audio", "video", "application") else "application",
        mid=mid,
        protocol=protocol if re.fullmatch(r"[A-Z/]{1,40}", protocol) else "UDP/TLS/RTP/SAVPF",
        formats=words[3] if re.fullmatch(r"[A-Za-z0-9-]{1,40}", words[3]) else "0",
        usable=usable,
        rejected=rejected or kind not in ("audio", "video") or not codecs,
        sends="a=sendrecv" in lines or "a=sendonly" in lines,
        receives="a=sendrecv" in lines or "a=recvonly" in lines,
        codecs=codecs,
        extensions=_extensions(lines),
        rids=tuple(rid for rid in named if rid in rids)[:_LAYERS],
        ssrcs=ssrcs,
        repairs=repairs,
    )


def _number(text: str, most: int) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text[:11]) <= most else None


def _codecs(lines: list[str], kind: str, formats: list[str]) -> tuple[Codec, ...]:
    maps: dict[int, str] = {}
    for value in _values(lines, "rtpmap"):
        number, _, name = value.partition(" ")
        if (payload_type := _number(number, 127)) is not None and number in formats:
            maps[payload_type] = name.strip().lower()
    parameters: dict[int, str] = {}
    for value in _values(lines, "fmtp"):
        number, _, said = value.partition(" ")
        if (payload_type := _number(number, 127)) is not None:
            parameters[payload_type] = said.lower()
    rtx: dict[int, int] = {}
    for payload_type, name in maps.items():
        found = re.search(r"apt=(\d{1,3})\b", parameters.get(payload_type, ""))
        if name == "rtx/90000" and found:
            rtx.setdefault(int(found[1]), payload_type)
    found_codecs: dict[str, Codec] = {}
    for payload_type, name in maps.items():
        said = parameters.get(payload_type, "")
        if kind == "audio" and name == "opus/48000/2":
            found_codecs.setdefault("opus", Codec("opus", payload_type, None))
        elif kind == "video" and name == "vp8/90000":
            found_codecs.setdefault("VP8", Codec("VP8", payload_type, rtx.get(payload_type)))
        elif (
            kind == "video"
            and name == "h264/90000"
            and "packetization-mode=1" in said
            and "profile-level-id=42e0" in said
        ):
            found_codecs.setdefault("H264", Codec("H264", payload_type, rtx.get(payload_type)))
    return tuple(found_codecs[name] for name in ("opus", "VP8", "H264") if name in found_codecs)


def _extensions(lines: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for value in _values(lines, "extmap"):
        number, _, rest = value.partition(" ")
        uri = rest.partition(" ")[0]
        id = _number(number.partition("/")[0], 255)
        if (
            uri in (MID, RID, REPAIRED_RID, AUDIO_LEVEL, ABS_SEND_TIME, TRANSPORT_CC)
            and id is not None
            and id in EXTENSION_IDS
            and id not in found.values()
        ):
            found.setdefault(uri, id)
    return found


def _ssrcs(lines: list[str]) -> tuple[tuple[int, ...], dict[int, int]]:
    repairs: dict[int, int] = {}
    for value in _values(lines, "ssrc-group")[:8]:
        semantics, *numbers = value.split()
        known = [_number(each, 0xFFFFFFFF) for each in numbers]
        if semantics == "FID" and len(known) == 2:
            media, repair = known
            if media is not None and repair is not None:
                repairs[repair] = media
    ssrcs: dict[int, None] = {}
    for value in _values(lines, "ssrc"):
        ssrc = _number(value.partition(" ")[0], 0xFFFFFFFF)
        if ssrc is not None and len(ssrcs) < 8:
            ssrcs[ssrc] = None
    return tuple(ssrcs), repairs


def answer(
    offer: Offer,
    ufrag: str,
    password: str,
    fingerprint: str,
    candidates: Sequence[Candidate],
    slots: Mapping[str, Slot],
    version: int,
) -> str:
    """The answer. A section is sent in when it receives and `slots` has its mid."""
    host, port = candidates[0].host, candidates[0].port
    family = "IP6" if ":" in host else "IP4"
    bundled = [each.mid for each in offer.sections if not each.rejected]
    lines = [
        "v=0",
        f"o=- 1 {version} IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        f"a=group:BUNDLE {' '.join(bundled)}",
        "a=msid-semantic: WMS *",
    ]
    for section in offer.sections:
        if section.rejected:
            lines += [
                f"m={section.kind} 0 {section.protocol} {section.formats}",
                "c=IN IP4 0.0.0.0",
                f"a=mid:{section.mid}",
                "a=inactive",
            ]
            continue
        lines += [
            f"m={section.kind} {port} {section.protocol} {_formats(section)}",
            f"c=IN {family} {host}",
            f"a=mid:{section.mid}",
            "a=rtcp-mux",
            f"a=ice-ufrag:{ufrag}",
            f"a=ice-pwd:{password}",
            f"a=fingerprint:sha-256 {fingerprint}",
            "a=setup:passive",
            *_candidates(candidates),
            *_media(section, slots.get(section.mid)),
        ]
    return "\r\n".join([*lines, ""])


def _formats(section: Section) -> str:
    numbers: list[str] = []
    for codec in section.codecs:
        numbers.append(str(codec.payload_type))
        if codec.rtx is not None:
            numbers.append(str(codec.rtx))
    return " ".join(numbers)


def _candidates(candidates: Sequence[Candidate]) -> list[str]:
    said: list[str] = []
    for number, each in enumerate(candidates):
        # Direct ways before relayed ones, UDP before TCP, and as they were listed.
        priority = (126 << 24) + ((65535 - number - (32768 if each.protocol == "tcp" else 0)) << 8)
        kind = " tcptype passive" if each.protocol == "tcp" else ""
        said.append(
            f"a=candidate:{number + 1} 1 {each.protocol} {priority + 255} {each.host} {each.port}"
            f" typ host{kind}"
        )
    return [*said, "a=end-of-candidates"]


def _media(section: Section, slot: Slot | None) -> list[str]:
    sends = section.sends and section.usable
    receives = section.receives and section.usable and slot is not None
    said: list[str] = []
    wanted = [MID]
    if section.kind == "audio":
        wanted.append(AUDIO_LEVEL)
    else:
        wanted += [RID, REPAIRED_RID, TRANSPORT_CC] if sends else []
        wanted += [ABS_SEND_TIME] if receives else []
    said += [
        f"a=extmap:{section.extensions[uri]} {uri}" for uri in wanted if uri in section.extensions
    ]
    directions = {(True, True): "sendrecv", (True, False): "recvonly", (False, True): "sendonly"}
    said.append(f"a={directions.get((sends, receives), 'inactive')}")
    for codec in section.codecs:
        number = codec.payload_type
        if codec.name == "opus":
            said += [
                f"a=rtpmap:{number} opus/48000/2",
                f"a=fmtp:{number} minptime=10;useinbandfec=1;usedtx=1",
            ]
            continue
        said.append(f"a=rtpmap:{number} {codec.name}/90000")
        if codec.name == "H264":
            said.append(
                f"a=fmtp:{number} level-asymmetry-allowed=1;packetization-mode=1;"
                "profile-level-id=42e01f"
            )
        said += [f"a=rtcp-fb:{number} {what}" for what in ("nack", "nack pli", "ccm fir")]
        if sends and TRANSPORT_CC in section.extensions:
            said.append(f"a=rtcp-fb:{number} transport-cc")
        if receives:
            said.append(f"a=rtcp-fb:{number} goog-remb")
        if codec.rtx is not None:
            said += [f"a=rtpmap:{codec.rtx} rtx/90000", f"a=fmtp:{codec.rtx} apt={number}"]
    if sends and section.rids:
        said += [f"a=rid:{rid} recv" for rid in section.rids]
        said.append(f"a=simulcast:recv {';'.join(section.rids)}")
    if receives and slot is not None:
        name = f"hearth-{section.mid}"
        said.append(f"a=msid:{name} {name}")
        if section.kind == "video":
            said.append(f"a=ssrc-group:FID {slot.ssrc} {slot.rtx}")
        said.append(f"a=ssrc:{slot.ssrc} cname:{name}")
        if section.kind == "video":
            said.append(f"a=ssrc:{slot.rtx} cname:{name}")
    return said
