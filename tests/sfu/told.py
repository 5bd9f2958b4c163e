"""A listener that keeps what the media server tells it."""

from collections.abc import Mapping

from hearth.core.voice_ports import Kind, May, MediaPeer

ALL = May(audio_in=True, audio_out=True, video_in=True, priority=False)


class Told:
    """Everything said, in its order."""

    def __init__(self) -> None:
        self.spoken: list[tuple[int, int]] = []
        self.published: list[int] = []
        self.maps: list[tuple[int, str, int | None, int, str]] = []
        self.gone: list[tuple[int, str]] = []
        self.crashes: list[MediaPeer] = []
        self.demands: list[tuple[int, dict[int, int]]] = []

    def speaking(self, peer: MediaPeer, flags: int) -> None:
        self.spoken.append((peer.user_id, flags))

    def streams(self, peer: MediaPeer) -> None:
        self.published.append(peer.user_id)

    def mapped(self, peer: MediaPeer, mid: str, user_id: int | None, ssrc: int, kind: Kind) -> None:
        self.maps.append((peer.user_id, mid, user_id, ssrc, kind))

    def lost(self, peer: MediaPeer, why: str) -> None:
        self.gone.append((peer.user_id, why))

    def crashed(self, peer: MediaPeer) -> None:
        self.crashes.append(peer)

    def demand(self, peer: MediaPeer, wanted: Mapping[int, int]) -> None:
        self.demands.append((peer.user_id, dict(wanted)))
