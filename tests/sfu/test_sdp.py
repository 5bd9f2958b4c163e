"""Offers: what is read of them, what is refused, and what is answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.sfu import rtp, sdp

OFFER = "\r\n".join(
    [
        "v=0",
        "o=- 1 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1 2",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 63",
        "c=IN IP4 0.0.0.0",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:0123456789012345678901",
        "a=fingerprint:sha-256 AA:BB",
        "a=setup:actpass",
        "a=mid:0",
        f"a=extmap:14 {rtp.AUDIO_LEVEL}",
        f"a=extmap:4 {rtp.MID}",
        "a=extmap:15 urn:some-other",
        "a=sendonly",
        "a=rtcp-mux",
        "a=rtpmap:111 opus/48000/2",
        "a=rtpmap:63 red/48000/2",
        "m=video 0 UDP/TLS/RTP/SAVPF 96 97 102 103",
        "a=bundle-only",
        "a=mid:1",
        "a=sendonly",
        "a=rtcp-mux",
        f"a=extmap:4 {rtp.MID}",
        f"a=extmap:10 {rtp.RID}",
        f"a=extmap:3 {rtp.TRANSPORT_CC}",
        f"a=extmap:2 {rtp.ABS_SEND_TIME}",
        "a=rtpmap:102 H264/90000",
        "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        "a=rtpmap:103 rtx/90000",
        "a=fmtp:103 apt=102",
        "a=rtpmap:96 VP8/90000",
        "a=rtpmap:97 rtx/90000",
        "a=fmtp:97 apt=96",
        "a=rid:q send",
        "a=rid:h send",
        "a=rid:f send",
        "a=simulcast:send q;h;f",
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97",
        "a=mid:2",
        "a=recvonly",
        "a=rtcp-mux",
        f"a=extmap:4 {rtp.MID}",
        f"a=extmap:2 {rtp.ABS_SEND_TIME}",
        "a=rtpmap:96 VP8/90000",
        "a=rtpmap:97 rtx/90000",
        "a=fmtp:97 apt=96",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "a=mid:3",
        "",
    ]
)


def answered(offer: str = OFFER) -> list[list[str]]:
    """The answer's parts: the session, then each section."""
    candidates = [sdp.Candidate("udp", "192.0.2.1", 8080), sdp.Candidate("tcp", "192.0.2.1", 8080)]
    slots = {"2": sdp.Slot(5, 6)}
    made = sdp.answer(sdp.parse(offer), "uf", "pw", "CC:DD", candidates, slots, 1)
    parts: list[list[str]] = [[]]
    for line in made.split("\r\n"):
        if line.startswith("m="):
            parts.append([])
        parts[-1].append(line)
    return parts


def test_an_offer_is_read():
    offer = sdp.parse(OFFER)
    assert offer.ufrag == "abcd"
    assert offer.fingerprints == [("sha-256", "AA:BB")]
    audio, camera, slot, data = offer.sections
    assert audio.codecs == (sdp.Codec("opus", 111, None),)
    assert audio.extensions == {rtp.AUDIO_LEVEL: 14, rtp.MID: 4}
    # Port 0 beside bundle-only is no refusal, and VP8 is wanted before H264.
    assert camera.usable
    assert camera.codecs == (sdp.Codec("VP8", 96, 97), sdp.Codec("H264", 102, 103))
    assert camera.rids == ("q", "h", "f")
    assert (camera.sends, camera.receives) == (True, False)
    assert (slot.sends, slot.receives) == (False, True)
    assert data.rejected


def test_the_answer_mirrors_it():
    session, audio, camera, slot, data = answered()
    assert "a=ice-lite" in session
    assert "a=group:BUNDLE 0 1 2" in session
    assert audio[0] == "m=audio 8080 UDP/TLS/RTP/SAVPF 111"
    assert "a=recvonly" in audio
    assert "a=setup:passive" in audio
    assert any(line.startswith("a=candidate:1 1 udp ") for line in audio)
    assert any(line.endswith("tcptype passive") for line in audio)
    assert "a=simulcast:recv q;h;f" in camera
    assert "a=rtcp-fb:96 transport-cc" in camera
    assert "a=rtcp-fb:96 goog-remb" not in camera
    assert f"a=extmap:3 {rtp.TRANSPORT_CC}" in camera
    assert f"a=extmap:2 {rtp.ABS_SEND_TIME}" not in camera
    assert "a=sendonly" in slot
    assert "a=rtcp-fb:96 goog-remb" in slot
    assert "a=ssrc-group:FID 5 6" in slot
    assert data[0].startswith("m=application 0 ")
    assert "a=inactive" in data


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("v=0", "v=1"),
        ("a=ice-ufrag:abcd", "a=x"),
        ("a=fingerprint:sha-256 AA:BB", "a=x"),
        ("a=setup:actpass", "a=setup:passive"),
        ("a=mid:1", "a=mid:0"),
        ("a=mid:1", "a=mid:a b"),
        ("a=mid:1", "a=mid:12345678901234567"),
        ("a=rid:h send", "a=rid:q send"),
        ("a=rid:h send", "a=rid:! send"),
        ("m=audio 9 UDP/TLS/RTP/SAVPF 111 63", "m=audio 9"),
        ("s=-", "s=" + "x" * 65_536),
        ("s=-", "\r\n".join(["a=x"] * 4000)),
        ("a=mid:3", "a=mid:3\r\n" + "m=audio 9 A 1\r\n" * 65),
    ],
)
def test_what_cannot_be_answered_is_refused_in_a_sentence(before: str, behind: str):
    assert before in OFFER
    with pytest.raises(ValueError, match=r"^[A-Z][^\r\n]*\.$"):
        sdp.parse(OFFER.replace(before, behind))


def test_no_word_of_the_offer_reaches_the_answer_unread():
    offer = OFFER.replace("m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "m=x<y 9 a\tb <c> d")
    *_, data = answered(offer)
    assert data[0] == "m=application 0 UDP/TLS/RTP/SAVPF b"


@given(st.lists(st.tuples(st.integers(0, len(OFFER) - 1), st.characters(max_codepoint=300))))
def test_a_mutated_offer_is_answered_or_refused(changes: list[tuple[int, str]]):
    text = list(OFFER)
    for at, character in changes:
        text[at] = character
    try:
        sdp.parse("".join(text))
    except ValueError:
        return
    answered("".join(text))
