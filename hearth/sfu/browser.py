"""One browser's connection: its offer, its handshake, and its packets in and out."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING

from hearth.sfu import rtcp, rtp, sdp
from hearth.sfu.borrowed import (
    Srtp,
    srtp_protect_rtcp,
    srtp_unprotect,
    srtp_unprotect_rtcp,
)
from hearth.sfu.dtls import Dtls
from hearth.sfu.forward import TOGETHER, Member, Place, seal
from hearth.sfu.icelite import Agent
from hearth.sfu.sources import Allowance, Source, bind
from hearth.sfu.track import OPUS_HZ, VIDEO_HZ, AudioTrack, View
from hearth.sfu.twcc import Arrivals
from hearth.sfu.udp import Address, is_stream
from hearth.sfu.video import VideoTrack

if TYPE_CHECKING:
    from hearth.sfu.room import Peer
    from hearth.sfu.web import Web

logger = logging.getLogger(__name__)

SILENT_S = 15.0
"""After so long without a check or a packet, nothing is sent any more."""

LOST_S = 30.0
REPORTS_S = 1.0
FEEDBACK_S = 0.1

SOURCES = 32
"""SSRCs that one peer may send with: three layers and their repairs, twice, and microphones."""

UNBOUND = 4
"""Beside those, how many that belong to no section of its offer."""

REPORTERS = 16
"""SSRCs that it may sign its reports with, beside those that it sends with."""

PACKETS, OCTETS = 3000.0, 3_500_000.0
"""Packets and bytes a second that one browser may send, of whatever kind: a camera in its layers,
two screens at 1080p60 and their sound. More is dropped."""

EXCESS, FORGIVEN = 20_000, 1000
"""So many dropped ones end the connection; so many are forgotten each second."""

_RTCP_LARGEST = 1200
_LOSS_TOLD = 77
"""In 1/256: beyond three in ten no repair helps, and the sound of all would be the poorer."""


class Browser:
    """The WebRTC side of a peer. `failed` says why it will never work."""

    def __init__(self, web: Web, peer: Peer) -> None:
        self.web = web
        self.peer = peer
        self.post = web.post
        self.failed = ""
        self.rx: Srtp | None = None
        self.tx: Srtp | None = None
        self.place = Place()
        self.address: Address | None = None
        self.paused = False
        """Nothing came for long, so nothing is sent."""
        self.sections: dict[str, sdp.Section] = {}
        self.ids: dict[str, int] = {}
        """Header extensions by URI: one transport, one meaning."""
        self.views: dict[str, View] = {}
        self.tracks: dict[str, AudioTrack | VideoTrack] = {}
        self.sources: dict[int, Source] = {}
        self.unbound: dict[int, None] = {}
        self.reporters: dict[int, None] = {}
        self.arrivals = Arrivals()
        self.allowance = Allowance(PACKETS, OCTETS)
        self._excess = 0
        self._offer: sdp.Offer | None = None
        self._agent: Agent | None = None
        self._before: Agent | None = None
        self._dtls: Dtls | None = None
        self._fingerprint = ""
        self._version = 0
        self._began = web.now()
        self._media_at = self._began
        self._reports_at = 0.0
        self._feedback_at = 0.0
        self._padded_at = 0.0
        self._closed = False

    # --- signalling -------------------------------------------------------------------------

    def offer(self, text: str) -> str:
        """Take an offer and answer. Raises ValueError with one sentence."""
        offer = sdp.parse(text)
        if not any(section.usable for section in offer.sections):
            raise ValueError("The offer has no Opus, VP8 or H264 that can be answered.")
        if self._offer is not None and offer.fingerprints != self._offer.fingerprints:
            raise ValueError("The certificate changed; begin a new connection.")
        web = self.web
        if self._agent is None or self._agent.remote != offer.ufrag:
            if self._before is not None:
                web.ice.remove(self._before)
            # Until the new one is proven, packets still come by the old.
            self._before = self._agent
            self._agent = web.ice.agent(self, offer.ufrag)
        if self._dtls is None:
            identity = web.identity()
            self._fingerprint = identity.fingerprint
            self._dtls = Dtls(identity, offer.fingerprints, web.now())
        self._offer = offer
        self._version += 1
        self._apply(offer)
        slots = {mid: sdp.Slot(view.ssrc, view.rtx) for mid, view in self.views.items()}
        agent = self._agent
        return sdp.answer(
            offer,
            agent.ufrag,
            agent.password,
            self._fingerprint,
            web.candidates,
            slots,
            self._version,
        )

    def _apply(self, offer: sdp.Offer) -> None:
        self.sections = {section.mid: section for section in offer.sections if section.usable}
        for ssrc in self.unbound:
            # It may belong somewhere now.
            if self.rx is not None:
                self.rx.forget(ssrc)
        self.unbound.clear()
        self.ids = {}
        for section in self.sections.values():
            for uri, id in section.extensions.items():
                self.ids.setdefault(uri, id)
        for mid in [mid for mid in self.tracks if not self._sends(mid)]:
            self._unpublish(mid)
        for mid in [mid for mid in self.views if not self._receives(mid)]:
            self.peer.room.withdraw(self.views.pop(mid))
        for mid, section in self.sections.items():
            if section.sends and mid not in self.tracks:
                self._publish(section)
            if section.receives:
                self._slot(section)
        self.peer.room.changed()

    def _sends(self, mid: str) -> bool:
        return mid in self.sections and self.sections[mid].sends

    def _receives(self, mid: str) -> bool:
        return mid in self.sections and self.sections[mid].receives

    def _publish(self, section: sdp.Section) -> None:
        if section.kind == "audio":
            first = not any(isinstance(each, AudioTrack) for each in self.tracks.values())
            if first:
                track = self.peer.microphone
                track.mid = section.mid
            else:
                track = AudioTrack(self.peer, secrets.randbits(31) | 1, section.mid)
            self.tracks[section.mid] = track
        else:
            self.tracks[section.mid] = VideoTrack(self.peer, section, self)

    def _unpublish(self, mid: str) -> None:
        track = self.tracks.pop(mid)
        for ssrc in [ssrc for ssrc, each in self.sources.items() if each.track is track]:
            self._forget(ssrc)
        for view in list(track.views):
            self.peer.room.withdraw(view)
        track.active = False

    def _slot(self, section: sdp.Section) -> None:
        view = self.views.get(section.mid)
        if view is None:
            kind = "audio" if section.kind == "audio" else "video"
            ssrc, rtx = secrets.randbits(31) | 1, secrets.randbits(31) | 1
            view = self.views[section.mid] = View(self, kind, section.mid, ssrc, rtx)
        view.codecs = {each.name: (each.payload_type, each.rtx) for each in section.codecs}
        view.mid_id = section.extensions.get(rtp.MID)
        tail = rtp.AUDIO_LEVEL if section.kind == "audio" else rtp.ABS_SEND_TIME
        view.tail_id = section.extensions.get(tail)
        if view.track is not None:
            view.track.silence()

    # --- the viewer's side ------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """It can be sent to now."""
        return self.tx is not None and self.address is not None and not self.paused

    @property
    def together(self) -> bool:
        """It is reached by the UDP socket, and this system sends many datagrams by one call."""
        return TOGETHER and not is_stream(self.address)

    def member(self, template: bytes) -> Member:
        """It, as a member of a fan."""
        assert self.tx is not None
        return Member(self.tx, template, self.place)

    def send(self, packet: bytes) -> bool:
        """Seal one RTP packet and send it; whether it went."""
        if not self.ready:
            return False
        assert self.tx is not None
        assert self.address is not None
        sealed = seal(self.post, self.tx, packet)
        return sealed is not None and self.web.send(sealed, self.address)

    def send_rtcp(self, packet: bytes) -> bool:
        """Seal RTCP and send it; whether it went."""
        if not self.ready or len(packet) > _RTCP_LARGEST:
            return False
        assert self.tx is not None
        assert self.address is not None
        sealed = seal(self.post, self.tx, packet, srtp_protect_rtcp)
        return sealed is not None and self.web.send(sealed, self.address)

    # --- packets in -------------------------------------------------------------------------

    def checked(self, agent: Agent) -> None:
        """A check of this browser's was proven."""
        if agent is not self._agent:
            return
        if self._before is not None and agent.nominated:
            self.web.ice.remove(self._before)
            self._before = None
        moved = agent.address != self.address
        self.address = agent.address
        if self.address is not None and not is_stream(self.address):
            self.place.set(self.address)
        if moved or self.paused:
            # A fan may hold it by another way, or not at all.
            self.paused = False
            self.peer.room.refresh()

    def take_dtls(self, data: bytes, address: Address, now: float) -> None:
        """A datagram of the handshake."""
        dtls = self._dtls
        if dtls is None or self.failed:
            return
        before = dtls.keys
        for each in dtls.take(data, now):
            self.web.send(each, address)
        if dtls.failed:
            self._lose(dtls.failed)
        elif dtls.ended:
            self._lose("closed by the other side")
        elif before is None and dtls.keys is not None:
            self.rx = Srtp(dtls.keys.profile, dtls.keys.receive, inbound=True)
            self.tx = Srtp(dtls.keys.profile, dtls.keys.send, inbound=False)
            self._media_at = now
            self.peer.room.refresh()

    def take_media(self, data: memoryview, now: float) -> None:
        """An SRTP or SRTCP datagram, which lies in the inbox."""
        rx, web, length = self.rx, self.web, self.web.length
        if rx is None or self.failed or len(data) < 12:
            return
        if 192 <= data[1] < 224:
            if not self._hears(int.from_bytes(data[4:8], "big")):
                return
            length[0] = len(data)
            if not srtp_unprotect_rtcp(rx.context, web.inbox, length):
                self._media_at = now
                if self._affords(length[0], now):
                    self._take_rtcp(bytes(data[: length[0]]), now)
            return
        if len(data) > rtp.LARGEST + rx.tag_bytes:
            return
        ssrc = int.from_bytes(data[8:12], "big")
        source = self.sources.get(ssrc)
        if source is None and not self._admits(ssrc):
            # libsrtp keeps something for each SSRC that it opened a packet of.
            return
        length[0] = len(data)
        if srtp_unprotect(rx.context, web.inbox, length):
            return
        self._media_at = now
        packet = rtp.parse(data, length[0])
        if packet is None or not self._affords(length[0], now):
            return
        if (id := self.ids.get(rtp.TRANSPORT_CC)) is not None:
            number = rtp.extension(data, packet, id)
            if number is not None and len(number) == 2:
                self.arrivals.add(number[0] << 8 | number[1], now)
        if source is None:
            source = self._bind(data, packet)
            if source is None:
                self.unbound[ssrc] = None
                return
        if source.allowance.take(packet.end - packet.start, now):
            self._take_rtp(source, data, packet, now)

    def _take_rtp(self, source: Source, data: memoryview, packet: rtp.Packet, now: float) -> None:
        track = source.track
        if isinstance(track, AudioTrack):
            source.reception.take(packet.sequence, packet.timestamp, now)
            if not self.peer.may.audio_in or packet.start == packet.end:
                return
            level = rtp.extension(data, packet, self.ids.get(rtp.AUDIO_LEVEL))
            track.take(
                packet.ssrc,
                packet.sequence,
                packet.timestamp,
                packet.marker,
                bytes(data[packet.start : packet.end]),
                level[0] & 127 if level else None,
                now,
            )
        else:
            track.take(source, packet, bytes(data[packet.start : packet.end]), now)

    def _affords(self, octets: int, now: float) -> bool:
        """Whether a packet that is proven to be its own is within what it may send."""
        if self.allowance.take(octets, now):
            return True
        self._excess += 1
        if self._excess > EXCESS:
            self._lose("sends too much")
        return False

    def _hears(self, ssrc: int) -> bool:
        """Whether reports of this SSRC are opened: libsrtp keeps something for each."""
        if ssrc in self.sources or ssrc in self.reporters:
            return True
        if len(self.reporters) >= REPORTERS:
            return False
        self.reporters[ssrc] = None
        return True

    def _admits(self, ssrc: int) -> bool:
        return ssrc not in self.unbound and (
            len(self.sources) < SOURCES and len(self.unbound) < UNBOUND
        )

    def _bind(self, data: memoryview, packet: rtp.Packet) -> Source | None:
        """The section, and the layer, that a new SSRC belongs to."""
        made = bind(self, data, packet)
        if made is None:
            return None
        self.sources[packet.ssrc] = made
        if not made.track.active and not made.repairs:
            made.track.active = True
            self.peer.sfu.listener.streams(self.peer)
        return made

    def _forget(self, ssrc: int) -> None:
        del self.sources[ssrc]
        if self.rx is not None:
            self.rx.forget(ssrc)

    def _take_rtcp(self, data: bytes, now: float) -> None:
        slots = {view.ssrc: view for view in self.views.values()}
        repairs = {view.rtx: view for view in self.views.values()}
        for fact in rtcp.read(data):
            if isinstance(fact, rtcp.Sent):
                source = self.sources.get(fact.ssrc)
                if source is not None:
                    source.reception.told(fact.ntp, now)
            elif isinstance(fact, rtcp.Bye):
                if fact.ssrc in self.sources:
                    self._forget(fact.ssrc)
            elif isinstance(fact, rtcp.Remb):
                self.peer.bandwidth.remb(fact.bitrate, now)
            else:
                view = slots.get(fact.ssrc)
                if isinstance(fact, rtcp.Report) and (view or fact.ssrc in repairs):
                    self.peer.bandwidth.loss(fact.ssrc, fact.fraction, fact.highest)
                if view is None:
                    continue
                if isinstance(fact, rtcp.Report):
                    view.loss = (fact.fraction, now)
                    if fact.last_sr:
                        self.peer.bandwidth.trip(rtcp.trip(fact, self.web.wall(now)), now)
                elif isinstance(fact, rtcp.Nack):
                    self.peer.bandwidth.missed(len(fact.sequences))
                    if isinstance(view.track, VideoTrack):
                        view.track.resend(view, fact.sequences, now)
                elif view.layer is not None:
                    view.layer.want_keyframe(now)

    # --- time -------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Called about every 50 ms."""
        if self.failed or self._closed:
            return
        if self._dtls is not None and self.rx is None:
            again = self._dtls.timer(now)
            if self.address is not None:
                for each in again:
                    self.web.send(each, self.address)
            if self._dtls.failed:
                self._lose(self._dtls.failed)
                return
        checked = self._agent.checked_at if self._agent is not None else 0.0
        silent = now - max(checked, self._media_at)
        if silent > LOST_S:
            self._lose("silent")
            return
        if silent > SILENT_S and not self.paused:
            self.paused = True
            self.peer.room.refresh()
        if not self.ready:
            return
        for ssrc, source in self.sources.items():
            if source.asks and (gone := source.reception.wanted(now)):
                self.send_rtcp(rtcp.nack(self.peer.ssrc, ssrc, gone))
        self._pad(now)
        if now - self._feedback_at >= FEEDBACK_S:
            self._feedback_at = now
            body = self.arrivals.report()
            if body is not None:
                media = next(iter(self.sources), 0)
                self.send_rtcp(rtcp.transport_feedback(self.peer.ssrc, media, body))
        if now - self._reports_at >= REPORTS_S:
            self._reports_at = now
            self._report(now)

    def _pad(self, now: float) -> None:
        """Try whether more gets through."""
        since, self._padded_at = min(now - self._padded_at, 0.2), now
        left = self.peer.bandwidth.padding(now) * since / 8
        if left <= 0:
            return
        views = [view for view in self.views.values() if view.layer is not None]
        for view in views:
            if isinstance(view.track, VideoTrack):
                left = view.track.pad(view, left, now)

    def _report(self, now: float) -> None:
        self._excess = max(0, self._excess - FORGIVEN)
        blocks = [_block(source, now) for source in self.sources.values() if not source.repairs]
        for start in range(0, len(blocks), 16):
            self.send_rtcp(rtcp.receiver_report(self.peer.ssrc, blocks[start : start + 16]))
        wall = self.web.wall(now)
        reports = b""
        for view in self.views.values():
            if view.track is None:
                continue
            packets, octets = view.sent()
            if packets:
                clock = OPUS_HZ if view.kind == "audio" else VIDEO_HZ
                timestamp = (int(now * clock) + view.timestamp_offset) % rtp.TIMESTAMPS
                reports += rtcp.sender_report(view.ssrc, wall, timestamp, packets, octets)
            if len(reports) > 1000:
                self.send_rtcp(reports)
                reports = b""
        if reports:
            self.send_rtcp(reports)

    def _lose(self, why: str) -> None:
        self.failed = why
        self.paused = True
        self.peer.room.refresh()
        self.peer.sfu.listener.lost(self.peer, why)

    def close(self) -> None:
        """Give back what it holds. May be called again."""
        if self._closed:
            return
        self._closed = True
        if self._dtls is not None and self.address is not None:
            for each in self._dtls.end():
                self.web.send(each, self.address)
        for agent in (self._agent, self._before):
            if agent is not None:
                self.web.ice.remove(agent)
        for mid in list(self.tracks):
            self._unpublish(mid)
        for view in self.views.values():
            self.peer.room.withdraw(view)
        self.views.clear()
        self.sources.clear()
        self.rx = self.tx = None
        self._dtls = None


def _block(source: Source, now: float) -> rtcp.Received:
    """How a source arrives here. Of a microphone it is told what is lost on the whole way to its
    listeners, for its Opus sends as much twice as is lost; the count, by which browsers judge
    their own way, is ours alone."""
    block = source.reception.report(now)
    if isinstance(source.track, AudioTrack):
        lost = block.fraction + int(256 * source.track.lost(now))
        block = block._replace(fraction=max(block.fraction, min(lost, _LOSS_TOLD)))
    return block
