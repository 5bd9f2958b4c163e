"""Keeps who was mentioned where, and that a writer has read what they wrote.

At least once after any crash: rows are keyed by message, so doing them again changes nothing.
"""

from hearth.actions.consumers.follow import entries_of, follow
from hearth.actions.consumers.follow import step as follow_step
from hearth.actions.messages import readable
from hearth.actions.world import World
from hearth.core.commits import Noun
from hearth.core.models.mentions import Mention
from hearth.core.models.messages import WRITTEN
from hearth.core.models.users import ReadState
from hearth.core.ports import JournalRow, Kind

NAME = "unread"


async def run(world: World) -> None:
    """Follow the journal until cancelled."""
    await follow(world, NAME, derive)


async def step(world: World) -> int:
    """Take the next rows of the journal; how many there were."""
    return await follow_step(world, NAME, derive)


async def derive(world: World, rows: list[JournalRow]) -> tuple[list[Noun], list[Noun]]:
    """What these rows leave: mentions saved, mentions of deleted messages deleted, read states."""
    save: list[Noun] = []
    delete: list[Noun] = []
    read: dict[tuple[int, int], int] = {}
    async for kind, channel_id, message_id in entries_of(rows):
        if kind == Kind.DELETE:
            delete.append(Mention(channel_id=channel_id, message_id=message_id, target_id=0))
        if kind != Kind.CREATE:
            continue
        message = readable(world.log.get(channel_id, message_id))
        home = world.known_home_of(channel_id) or await world.home_of(channel_id)
        if message is None or home is None:
            continue
        read[message.author_id, channel_id] = message_id
        targets = {*message.mentions, *message.mention_roles}
        # Each message of a private channel counts for all who are in it, as @everyone does.
        if message.mention_everyone or (home == channel_id and message.type in WRITTEN):
            targets.add(home)
        save += [
            Mention(
                channel_id=channel_id,
                message_id=message_id,
                target_id=target,
                author_id=message.author_id,
            )
            for target in sorted(targets)
        ]
    await world.load_users({user_id for user_id, _ in read})
    for (user_id, channel_id), message_id in read.items():
        user = world.known_user(user_id)
        if user is not None and not user.bot:
            save.append(
                ReadState(user_id=user_id, channel_id=channel_id, last_message_id=message_id)
            )
    return save, delete
