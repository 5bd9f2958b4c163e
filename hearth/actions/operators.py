"""What operators read of what people write, and the log that has each look before it is taken."""

from typing import Annotated

from msgspec import Meta, Struct

from hearth.actions.messages import readable
from hearth.actions.scopes import AsOperator
from hearth.core.errors import UNKNOWN_CHANNEL, Refused
from hearth.core.ids import created_ms
from hearth.core.models.operators import OperatorEntry
from hearth.core.operations import operation
from hearth.core.wire import Snowflake, timestamp

NOBODY = (1 << 32) - 1
"""The uid of a call whose door does not say who asks: that of no user."""


class MessagesAsked(Struct):
    """Whose messages to read: a channel's, the newest `limit`."""

    channel: Snowflake
    limit: Annotated[int, Meta(ge=1, le=1000)] = 50


class MessageRead(Struct):
    """A message as operators read it."""

    id: str
    author: str
    timestamp: str
    content: str
    attachments: list[str]
    """Names of files."""


class MessagesRead(Struct):
    """A channel's newest messages, oldest first; `private` where the channel is of no guild."""

    private: bool
    messages: list[MessageRead]


class LogAsked(Struct):
    """How much of the operator log to read."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 50


class LogLine(Struct):
    """One look of an operator's."""

    timestamp: str
    uid: int
    action: str
    target: str


class LogRead(Struct):
    """The newest of the operator log, newest first."""

    entries: list[LogLine]


async def write_down(here: AsOperator, action: str, target_id: int = 0) -> int:
    """Note in the operator log what is going to be done, and by whom; the entry's id."""
    world = here.world
    entry = OperatorEntry(
        id=world.make_id(),
        at_ms=world.wall_ms(),
        uid=int(here.params.get("uid", NOBODY)),
        action=action,
        target_id=target_id,
    )
    await world.write([entry])
    return entry.id


@operation()
async def read_messages(here: AsOperator, body: MessagesAsked) -> MessagesRead:
    """Read any channel's messages; the operator log says so first, and whether it is private."""
    world, channel_id = here.world, body.channel
    key = await world.home_of(channel_id)
    if key is None:
        raise Refused(UNKNOWN_CHANNEL)
    private = key == channel_id
    await write_down(here, "read_private_messages" if private else "read_messages", channel_id)
    records = [readable(record) for record in await world.log.page(channel_id, body.limit)]
    messages = [message for message in reversed(records) if message is not None]
    await world.load_users({message.author_id for message in messages})
    return MessagesRead(
        private,
        [
            MessageRead(
                str(message.id),
                world.user(message.author_id).username,
                timestamp(created_ms(message.id)),
                message.content,
                [each.filename for each in message.attachments],
            )
            for message in messages
        ],
    )


@operation()
async def read_operator_log(here: AsOperator, body: LogAsked) -> LogRead:
    """What operators looked at, newest first."""
    return LogRead(
        [
            LogLine(timestamp(each.at_ms), each.uid, each.action, str(each.target_id))
            for each in await here.world.directory.operator_log(body.limit)
        ]
    )
