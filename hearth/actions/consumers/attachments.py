"""Keeps which message each attachment is of, and deletes those of messages that are gone."""

from hearth.actions.attachments import claimed_by
from hearth.actions.consumers.follow import entries_of, follow
from hearth.actions.consumers.follow import step as follow_step
from hearth.actions.messages import readable
from hearth.actions.world import World
from hearth.core.commits import Noun
from hearth.core.ports import JournalRow, Kind

NAME = "attachments"


async def run(world: World) -> None:
    """Follow the journal until cancelled."""
    await follow(world, NAME, derive)


async def step(world: World) -> int:
    """Take the next rows of the journal; how many there were."""
    return await follow_step(world, NAME, derive)


async def derive(world: World, rows: list[JournalRow]) -> tuple[list[Noun], list[Noun]]:
    """The files of each message as it is now, and those to delete that it has no more."""
    save: list[Noun] = []
    has: set[int] = set()
    created: set[int] = set()
    touched: dict[int, int] = {}
    async for kind, channel_id, message_id in entries_of(rows):
        if kind == Kind.CREATE:
            created.add(message_id)
        if message_id in touched or kind not in (Kind.CREATE, Kind.UPDATE, Kind.DELETE):
            continue
        touched[message_id] = channel_id
        message = readable(world.log.get(channel_id, message_id))
        if message is not None and message.attachments:
            save += claimed_by(message_id, channel_id, message.author_id, message.attachments)
            has.update(each.id for each in message.attachments)
    stored = await world.directory.files_of([id for id in touched if id not in created])
    return save, [file for file in stored if file.id not in has]
