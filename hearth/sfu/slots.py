"""Which streams a browser's slots carry, and what viewers want of publishers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hearth.sfu.allocator import Ask, allocate, cost, following, ideal
from hearth.sfu.track import AudioTrack, View

if TYPE_CHECKING:
    from hearth.sfu.browser import Browser
    from hearth.sfu.room import Peer, Room
    from hearth.sfu.video import VideoTrack


def published(room: Room) -> tuple[list[AudioTrack], list[VideoTrack]]:
    """What can be heard, the loudest first, and what may be seen, screens first."""
    heard: list[AudioTrack] = []
    shown: list[VideoTrack] = []
    for peer in room.peers:
        for track in peer.tracks():
            if isinstance(track, AudioTrack):
                if track.active and track.audible:
                    heard.append(track)
            elif track.active and peer.may.video_in:
                shown.append(track)
    heard.sort(key=lambda track: -track.peer.voice.score)
    shown.sort(key=lambda track: track.kind != "screen")
    return heard, shown


def assign_audio(room: Room, browser: Browser, heard: Sequence[AudioTrack], now: float) -> None:
    """Give each microphone that can be heard a slot. While there are enough, everybody keeps
    theirs; else who speaks takes that of who has been silent the longest."""
    viewer = browser.peer
    views = [view for view in browser.views.values() if view.kind == "audio"]
    if not views:
        return
    free = [view for view in views if view.track is None]
    carried = {view.track for view in views}
    lacking = [each for each in heard if each.peer is not viewer and each not in carried]
    for track in lacking:
        if free:
            room.give(free.pop(0), track, now)
            continue
        if not track.peer.voice.speaking:
            continue
        silent = [view for view in views if _may_go(view)]
        if not silent:
            break
        view = min(silent, key=_spoke_at)
        room.withdraw(view)
        room.give(view, track, now)


def _may_go(view: View) -> bool:
    return isinstance(view.track, AudioTrack) and (
        not view.track.audible or not view.track.peer.voice.speaking
    )


def _spoke_at(view: View) -> tuple[bool, float]:
    """Those that are not among the loudest go first: nothing of theirs is sent."""
    if not isinstance(view.track, AudioTrack):
        return False, 0.0
    return view.track.audible, view.track.peer.voice.spoke_at


def quality(viewer: Peer, track: VideoTrack) -> int:
    """What a viewer wants of a stream, 0 to 100."""
    if track.kind == "screen":
        return viewer.wanted.get(track.ssrc, 0)
    return viewer.wanted.get(track.ssrc, viewer.others)


def _ask(viewer: Peer, track: VideoTrack, view: View | None, now: float) -> tuple[Ask, list[int]]:
    """What is asked of a stream, and the ranks of its layers that run."""
    running = [layer for layer in track.layers if layer.running(now)] or track.layers[:1]
    current = view.layer if view is not None else None
    ask = Ask(
        track.ssrc,
        track.kind == "screen",
        quality(viewer, track),
        viewer.pixels.get(track.ssrc, 0),
        [layer.bitrate for layer in running],
        [layer.height for layer in running],
        running.index(current) if current in running else None,
    )
    return ask, [layer.rank for layer in running]


def assign_video(room: Room, browser: Browser, shown: Sequence[VideoTrack], now: float) -> None:
    """Give the streams that are wanted slots, and choose the layer of each."""
    viewer = browser.peer
    views = [view for view in browser.views.values() if view.kind == "video"]
    wanted = [each for each in shown if each.peer is not viewer and quality(viewer, each) > 0]
    del wanted[len(views) :]
    for view in views:
        if view.track is not None and view.track not in wanted:
            room.withdraw(view)
    free = [view for view in views if view.track is None]
    for track in wanted:
        if all(view.track is not track for view in views):
            # There are as many slots as are wanted, and no other holds one.
            room.give(free.pop(0), track, now)
    asks: list[Ask] = []
    ranks: dict[int, list[int]] = {}
    for view in views:
        if view.track is not None and not isinstance(view.track, AudioTrack):
            ask, ranks[view.track.ssrc] = _ask(viewer, view.track, view, now)
            asks.append(ask)
    if not asks:
        viewer.appetite = viewer.bandwidth.rate = viewer.bandwidth.more = 0.0
        return
    bandwidth, cap = viewer.bandwidth, viewer.cap
    bandwidth.rate = sum(view.layer.bitrate for view in views if view.layer is not None)
    viewer.appetite = cost(asks, {ask.ssrc: ideal(ask) for ask in asks})
    chosen = allocate(asks, bandwidth.estimate, cap)
    more = following(asks, chosen)
    bandwidth.more = more if more <= cap else 0.0
    for view in views:
        track = view.track
        if track is not None and not isinstance(track, AudioTrack):
            rank = chosen[track.ssrc]
            track.show(view, track.layers[ranks[track.ssrc][rank]] if rank >= 0 else None, now)


def demands(room: Room, browser: Browser) -> dict[int, int]:
    """What the others want of this browser's streams, by name, if any of it changed."""
    changed = False
    said: dict[int, int] = {}
    for track in browser.tracks.values():
        if isinstance(track, AudioTrack):
            continue
        best = 0
        for peer in room.peers:
            if peer.browser is None or peer is browser.peer or not track.active:
                continue
            wanted = quality(peer, track)
            if wanted > 0:
                layers = track.layers
                ask = Ask(
                    track.ssrc,
                    track.kind == "screen",
                    wanted,
                    peer.pixels.get(track.ssrc, 0),
                    [0.0] * len(layers),
                    [layer.height for layer in layers],
                    None,
                )
                best = max(best, (ideal(ask) + 1) * 100 // len(layers))
        if not track.active:
            best = 100
        changed = changed or best != track.demand
        track.demand = best
        said[track.ssrc] = best
    return said if changed else {}
