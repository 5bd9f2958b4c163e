"""Reactions to messages (Discord reference, "Message resource", "Create Reaction" and on)."""

from hearth.actions.messages import message_of
from hearth.actions.scopes import InChannel
from hearth.core.emoji import CUSTOM, spelled
from hearth.core.errors import (
    MAX_REACTIONS,
    MISSING_PERMISSIONS,
    REACTION_BLOCKED,
    UNKNOWN_EMOJI,
    UNKNOWN_MESSAGE,
    Refused,
)
from hearth.core.events import Event
from hearth.core.ids import MAX_ID
from hearth.core.limits import Rate
from hearth.core.message_events import (
    ReactionAdd,
    ReactionRemove,
    ReactionRemoveAll,
    ReactionRemoveEmoji,
)
from hearth.core.models.reactions import (
    FAMILY,
    MOST_REACTIONS,
    ReactionEmoji,
    ReactionsQuery,
    emoji_of,
)
from hearth.core.models.social import RelationshipType
from hearth.core.models.users import UserObject, user_json
from hearth.core.operations import operation
from hearth.core.permissions import P
from hearth.core.ports import Entry, Exists, Kind, Missing, TooMany

PATH = "/channels/{channel_id}/messages/{message_id}/reactions"
RATE = Rate(1, per=0.25)
"""Discord's; bots that put up a row of reactions are made for it."""


@operation("PUT", f"{PATH}/{{emoji_name}}/@me", needs=P.READ_MESSAGE_HISTORY, rate=RATE)
async def add_my_message_reaction(here: InChannel, message_id: int, emoji_name: str) -> None:
    """React to a message; an emoji that nobody has used there yet needs ADD_REACTIONS."""
    assert here.member is not None
    world, member = here.world, here.member
    emoji = _named(here, emoji_name)
    message = message_of(here, message_id)
    author = message.author_id
    if await world.ties.of(author, member.user_id) == RelationshipType.BLOCKED:
        raise Refused(REACTION_BLOCKED)
    if emoji.id is not None:
        # What is there already everybody may join in.
        emoji = await _there(here, message_id, emoji) or await _usable(here, emoji.id)
    may_add = here.may(P.ADD_REACTIONS)
    until_ms = member.communication_disabled_until_ms
    if not may_add and until_ms is not None and until_ms > world.wall_ms():
        raise Refused(MISSING_PERMISSIONS)  # Who is timed out does not react at all.
    guild = here.snapshot.guild
    told = ReactionAdd(
        here.channel.id,
        message_id,
        member.user_id,
        emoji,
        author,
        None if guild is None else member,
    )
    entry = Entry(
        Kind.MARK,
        here.channel.id,
        message_id,
        name=emoji.mark,
        user_id=member.user_id,
        at_ms=world.wall_ms(),
        most=MOST_REACTIONS if may_add else 0,
        label=emoji.label,
    )
    try:
        await world.post(here.home, entry, told)
    except Exists:
        return
    except Missing as error:
        raise Refused(UNKNOWN_MESSAGE) from error
    except TooMany as error:
        raise Refused(MAX_REACTIONS if may_add else MISSING_PERMISSIONS) from error


@operation("DELETE", f"{PATH}/{{emoji_name}}/@me", rate=RATE)
async def delete_my_message_reaction(here: InChannel, message_id: int, emoji_name: str) -> None:
    """Take back one's own reaction."""
    await _unmark(here, message_id, emoji_name, here.who.user_id)


@operation("DELETE", f"{PATH}/{{emoji_name}}/{{user_id}}", needs=P.MANAGE_MESSAGES, rate=RATE)
async def delete_user_message_reaction(
    here: InChannel, message_id: int, emoji_name: str, user_id: int
) -> None:
    """Take off somebody's reaction."""
    await _unmark(here, message_id, emoji_name, user_id)


@operation("GET", f"{PATH}/{{emoji_name}}", needs=P.READ_MESSAGE_HISTORY)
async def list_message_reactions_by_emoji(
    here: InChannel, message_id: int, emoji_name: str, query: ReactionsQuery
) -> list[UserObject]:
    """Who reacted with an emoji, by user id; nobody made a super reaction (type 1)."""
    emoji = _named(here, emoji_name)
    message_of(here, message_id)
    if query.type:
        return []
    world = here.world
    users = await world.log.marked(
        here.channel.id, message_id, emoji.mark, query.after or 0, query.limit
    )
    await world.load_users(users)
    return [user_json(world.user(user_id)) for user_id in users]


@operation("DELETE", PATH, needs=P.MANAGE_MESSAGES, rate=RATE)
async def delete_all_message_reactions(here: InChannel, message_id: int) -> None:
    """Take off all reactions to a message."""
    message_of(here, message_id)
    entry = Entry(Kind.CLEAR, here.channel.id, message_id, name=FAMILY)
    await _taken_off(here, entry, ReactionRemoveAll(here.channel.id, message_id))


@operation("DELETE", f"{PATH}/{{emoji_name}}", needs=P.MANAGE_MESSAGES, rate=RATE)
async def delete_all_message_reactions_by_emoji(
    here: InChannel, message_id: int, emoji_name: str
) -> None:
    """Take off all reactions to a message with one emoji."""
    emoji = await _shown(here, message_id, _named(here, emoji_name))
    entry = Entry(Kind.CLEAR, here.channel.id, message_id, name=emoji.mark)
    await _taken_off(here, entry, ReactionRemoveEmoji(here.channel.id, message_id, emoji))


async def _unmark(here: InChannel, message_id: int, emoji_name: str, user_id: int) -> None:
    emoji = await _shown(here, message_id, _named(here, emoji_name))
    entry = Entry(Kind.UNMARK, here.channel.id, message_id, name=emoji.mark, user_id=user_id)
    await _taken_off(here, entry, ReactionRemove(here.channel.id, message_id, user_id, emoji))


async def _taken_off(here: InChannel, entry: Entry, told: Event) -> None:
    """Make the change and tell of it; where there is nothing to take off, neither."""
    try:
        await here.world.post(here.home, entry, told)
    except Missing:
        return


def _named(here: InChannel, text: str) -> ReactionEmoji:
    """The emoji that a path names; 10014 for what is none."""
    custom = CUSTOM.fullmatch(text)
    if custom is not None and int(custom[1]) <= MAX_ID:
        return emoji_of(FAMILY + str(int(custom[1])).encode(), b"s", here.snapshot.emojis)
    spelling = spelled(text)
    if spelling is None:
        raise Refused(UNKNOWN_EMOJI)
    return ReactionEmoji(None, spelling)


async def _usable(here: InChannel, emoji_id: int) -> ReactionEmoji:
    """A guild's emoji that the caller may use here; 10014 otherwise."""
    assert here.member is not None
    emoji = here.snapshot.emojis.get(emoji_id)
    roles = here.member.roles
    if emoji is None:
        emoji = await here.world.directory.emoji(emoji_id)
        if emoji is None:
            raise Refused(UNKNOWN_EMOJI)
        home = await here.world.home(emoji.guild_id)
        member = None if home.snapshot is None else home.snapshot.members.get(here.member.user_id)
        if member is None:
            raise Refused(UNKNOWN_EMOJI)
        roles = member.roles
        here.require(P.USE_EXTERNAL_EMOJIS)
    if not emoji.available or (emoji.roles and not {*emoji.roles} & {*roles}):
        raise Refused(UNKNOWN_EMOJI)
    return ReactionEmoji(emoji.id, emoji.name, emoji.animated)


async def _shown(here: InChannel, message_id: int, emoji: ReactionEmoji) -> ReactionEmoji:
    """The emoji as the message shows it; 10008 without the message."""
    message_of(here, message_id)
    if emoji.id is None:
        return emoji
    return await _there(here, message_id, emoji) or emoji


async def _there(here: InChannel, message_id: int, emoji: ReactionEmoji) -> ReactionEmoji | None:
    """A guild's own emoji as the message shows it, if somebody has reacted with it."""
    attached = await here.world.log.attached(here.channel.id, [message_id], 0)
    for tally in attached[message_id].tallies if message_id in attached else ():
        if tally.name == emoji.mark:
            return emoji_of(tally.name, tally.label, here.snapshot.emojis)
    return None
