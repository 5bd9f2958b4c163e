"""Voice messages: one sound with its length and shape, and nothing else; never edited."""

from typing import Any

import pytest

from hearth.core.errors import (
    NO_VOICE_MESSAGES,
    VOICE_MESSAGE_STAYS,
    VOICE_MESSAGE_WITH_MORE,
    VOICE_MESSAGE_WITHOUT_DATA,
    VOICE_MESSAGE_WITHOUT_SOUND,
    Error,
)
from hearth.core.permissions import P
from tests.actions.house import ANN, BOB, GUILD, TEXT, House
from tests.actions.test_attachments import sent

FLAG = 1 << 13
SAID = {"id": 0, "duration_secs": 1.25, "waveform": "AAH/"}


async def sound(house: House, part: str = "files[0]", **more: Any) -> Any:
    """A sound as the door hands it over."""
    values = {"filename": "voice.ogg", "content_type": "audio/ogg", **more}
    return await sent(house, part, **values)


async def speak(house: House, *uploads: Any, **more: Any) -> Any:
    """A voice message of bob's."""
    body = {"flags": FLAG, "attachments": [SAID], **more}
    return await house.call("create_message", BOB, body, uploads=uploads, channel_id=TEXT)


async def test_a_voice_message(house: House) -> None:
    shown = await speak(house, await sound(house))
    assert shown["flags"] & FLAG
    (file,) = shown["attachments"]
    assert (file["duration_secs"], file["waveform"]) == (1.25, "AAH/")
    (again,) = await house.call("list_messages", ANN, query={}, channel_id=TEXT)
    assert again["attachments"][0]["waveform"] == "AAH/"
    at = {"channel_id": TEXT, "message_id": int(shown["id"])}
    house.told()
    await house.refused(VOICE_MESSAGE_STAYS, "update_message", BOB, {"content": "x"}, **at)
    await house.refused(VOICE_MESSAGE_STAYS, "update_message", BOB, {"attachments": []}, **at)
    await house.call("delete_message", BOB, **at)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"content": "x"}, VOICE_MESSAGE_WITH_MORE),
        ({"embeds": [{"title": "x"}]}, VOICE_MESSAGE_WITH_MORE),
        ({"attachments": []}, VOICE_MESSAGE_WITHOUT_DATA),
        ({"attachments": [{"id": 0, "waveform": "AAH/"}]}, VOICE_MESSAGE_WITHOUT_DATA),
        ({"attachments": [{"id": 0, "duration_secs": 1}]}, VOICE_MESSAGE_WITHOUT_DATA),
        ({"attachments": [{**SAID, "waveform": "?"}]}, VOICE_MESSAGE_WITHOUT_DATA),
        ({"attachments": [{**SAID, "waveform": "A" * 400}]}, VOICE_MESSAGE_WITHOUT_DATA),
    ],
)
async def test_what_is_none(house: House, more: Any, error: Error) -> None:
    upload = await sound(house)
    body = {"flags": FLAG, "attachments": [SAID], **more}
    await house.refused(error, "create_message", BOB, body, uploads=[upload], channel_id=TEXT)


async def test_it_is_one_sound(house: House) -> None:
    one, two = await sound(house), await sound(house, "files[1]")
    text = await sound(house, content_type="text/plain")
    for uploads in ([], [one, two], [text]):
        body = {"flags": FLAG, "attachments": [SAID]}
        await house.refused(
            VOICE_MESSAGE_WITHOUT_SOUND,
            "create_message",
            BOB,
            body,
            uploads=uploads,
            channel_id=TEXT,
        )


async def test_not_without_the_permission(house: House) -> None:
    deny = {"type": 0, "deny": str(P.SEND_VOICE_MESSAGES)}
    await house.call(
        "set_channel_permission_overwrite", ANN, deny, channel_id=TEXT, overwrite_id=GUILD
    )
    house.told()
    body = {"flags": FLAG, "attachments": [SAID]}
    upload = await sound(house)
    await house.refused(
        NO_VOICE_MESSAGES, "create_message", BOB, body, uploads=[upload], channel_id=TEXT
    )


async def test_other_messages_have_no_shape(house: House) -> None:
    shown = await speak(house, await sound(house), flags=0)
    assert "waveform" not in shown["attachments"][0]
