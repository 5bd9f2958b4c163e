"""Voice messages: a sound alone, with its length and shape (reference, "Voice messages")."""

import binascii
from base64 import b64decode
from collections.abc import Sequence

from msgspec.structs import replace

from hearth.actions.scopes import InChannel
from hearth.core.errors import (
    NO_VOICE_MESSAGES,
    VOICE_MESSAGE_STAYS,
    VOICE_MESSAGE_WITH_MORE,
    VOICE_MESSAGE_WITHOUT_DATA,
    VOICE_MESSAGE_WITHOUT_SOUND,
    Refused,
)
from hearth.core.models.attachments import Attachment, AttachmentRequest
from hearth.core.models.messages import Message, MessageCreate, MessageFlag
from hearth.core.permissions import P

_FLAG = MessageFlag.IS_VOICE_MESSAGE


def voice_message(here: InChannel, body: MessageCreate) -> AttachmentRequest | None:
    """What is said of the sound of a voice message, None of other messages; raises Refused."""
    if not (body.flags or 0) & _FLAG:
        return None
    if not here.may(P.SEND_VOICE_MESSAGES):
        raise Refused(NO_VOICE_MESSAGES)
    if body.content or body.embeds or body.sticker_ids:
        raise Refused(VOICE_MESSAGE_WITH_MORE)
    wanted = body.attachments or ()
    sent = len(here.uploads) + sum(bool(each.uploaded_filename) for each in wanted)
    if sent != 1:
        raise Refused(VOICE_MESSAGE_WITHOUT_SOUND)
    if len(wanted) != 1 or not wanted[0].duration_secs or not _is_shape(wanted[0].waveform):
        raise Refused(VOICE_MESSAGE_WITHOUT_DATA)
    return wanted[0]


def spoken(wish: AttachmentRequest, attachments: Sequence[Attachment]) -> tuple[Attachment, ...]:
    """The one attachment of a voice message with what is said of it; raises Refused."""
    (sound,) = attachments
    if not (sound.content_type or "").startswith("audio/"):
        raise Refused(VOICE_MESSAGE_WITHOUT_SOUND)
    duration_ms = round((wish.duration_secs or 0.0) * 1000)
    return (replace(sound, duration_ms=duration_ms, waveform=wish.waveform or None),)


def stays(message: Message) -> None:
    """Raise where somebody would edit a voice message."""
    if message.flags & _FLAG:
        raise Refused(VOICE_MESSAGE_STAYS)


def _is_shape(text: object) -> bool:
    try:
        return isinstance(text, str) and 0 < len(b64decode(text, validate=True)) <= 256
    except (binascii.Error, ValueError):
        return False
