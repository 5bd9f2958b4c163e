"""The list of recent mentions: who named one where (discord-userdoccers, "User", mentions).

A list of what one may read now: a mention in a channel that one lost sight of is not on it.
"""

from msgspec import Struct

from hearth.actions.gate import call
from hearth.actions.messages import messages_of, page
from hearth.actions.scopes import AsPerson, InChannel
from hearth.actions.world import World
from hearth.core.errors import UNKNOWN_MESSAGE, Refused
from hearth.core.ids import MAX_ID, first_id
from hearth.core.limits import Rate
from hearth.core.models.mentions import Mention
from hearth.core.models.messages import Message, MessageObject
from hearth.core.models.settings import DismissedMention, RecentMentionsQuery
from hearth.core.operations import OPERATIONS, operation
from hearth.core.permissions import P
from hearth.core.social_events import RecentMentionDelete
from hearth.core.visibility import sight

DAY_MS = 86_400_000
RECENT_DAYS = 7
"""So far back the list goes."""

BADGE_DAYS = 30
"""So long @everyone and roles count for a badge; what names one, or is in a DM, until it is read.

(Whoever never looks into a channel would keep its mentions for ever.)
"""

PAGE = 100
ROUNDS = 10
"""So many pages of mentions a list looks through at most for those that are there to be read."""


class Asked(Struct):
    """Which messages of a channel are wanted, and whether those to roles or @everyone are."""

    message_ids: list[int]
    roles: bool
    everyone: bool


class Named(Struct):
    """A message that names the caller."""

    id: int
    message: MessageObject


@operation("GET", "/users/@me/mentions", rate=Rate(10, per=10))
async def list_recent_mentions(here: AsPerson, query: RecentMentionsQuery) -> list[MessageObject]:
    """Messages of the last week that name the caller, their roles or @everyone, newest first."""
    found: list[Named] = []
    before = MAX_ID if query.before is None else query.before
    for _ in range(ROUNDS):
        rows = await _recent(here, query, before)
        found += await _shown(here, query, rows)
        if len(rows) < PAGE or len(found) >= query.limit:
            break
        before = rows[-1].message_id
    return [each.message for each in found[: query.limit]]


@operation("DELETE", "/users/@me/mentions/{message_id}", rate=Rate(20, per=10), commits=True)
async def delete_recent_mention(here: AsPerson, message_id: int) -> None:
    """Take a message off the list of recent mentions; told to the caller's sessions."""
    me = here.who.user_id
    before = min(message_id + 1, MAX_ID)
    rows = await _recent(here, RecentMentionsQuery(), before, after=message_id - 1)
    if not rows:
        raise Refused(UNKNOWN_MESSAGE)
    dismissed = DismissedMention(user_id=me, message_id=message_id)
    await here.world.commit(
        here.home, [], [], [RecentMentionDelete(me, message_id)], beside=[dismissed]
    )


async def _recent(
    here: AsPerson, query: RecentMentionsQuery, before: int, *, after: int = 0
) -> list[Mention]:
    """A page of the mentions between both ids, in channels that the caller sees."""
    world, me = here.world, here.who.user_id
    targets, channel_ids = {me}, list[int]()
    guild_ids = await world.directory.guilds_of(me)
    if query.guild_id is None:
        channel_ids += await world.directory.private_channel_ids(me)
    else:
        guild_ids = [each for each in guild_ids if each == query.guild_id]
    for guild_id in guild_ids:
        home = await world.home(guild_id)
        member = None if home.snapshot is None else home.snapshot.members.get(me)
        if member is None or home.views is None:
            continue
        channel_ids += home.views.ids(sight(home.views, member.roles, me))
        if query.roles:
            targets.update(member.roles)
        if query.everyone:
            targets.add(guild_id)
    oldest = first_id(world.wall_ms() - RECENT_DAYS * DAY_MS)
    return await world.directory.recent_mentions(
        me, targets, channel_ids, PAGE, before=before, after=max(oldest - 1, after)
    )


async def _shown(here: AsPerson, query: RecentMentionsQuery, rows: list[Mention]) -> list[Named]:
    """The messages of these mentions, as far as the caller may read them, the newest first."""
    asked: dict[int, Asked] = {}
    for row in rows:
        wanted = asked.setdefault(row.channel_id, Asked([], query.roles, query.everyone))
        wanted.message_ids.append(row.message_id)
    shown: list[Named] = []
    for channel_id, wanted in asked.items():
        try:
            params = {"channel_id": channel_id}
            reply = await call(here.world, OPERATIONS["show_mentions"], here.who, params, wanted)
        except Refused as refused:
            if refused.error.status == 429:
                raise
            continue  # Nothing there is to be read any more.
        shown += reply.value
    return sorted(shown, key=lambda each: each.id, reverse=True)


@operation(needs=P.READ_MESSAGE_HISTORY, rate=Rate(200, per=10))
async def show_mentions(here: InChannel, body: Asked) -> list[Named]:
    """Those of the messages that are there and still name the caller: an edit may have ended it."""
    found = [each for each in messages_of(here, body.message_ids) if _names(here, body, each)]
    shown = await page(here, found)
    return [Named(each.id, message) for each, message in zip(found, shown, strict=True)]


def _names(here: InChannel, asked: Asked, message: Message) -> bool:
    if here.who.user_id in message.mentions or (asked.everyone and message.mention_everyone):
        return True
    roles = () if here.member is None else here.member.roles
    return asked.roles and not set(roles).isdisjoint(message.mention_roles)


async def trim_mentions(world: World) -> int:
    """Forget mentions that neither the list nor a badge shows any more; how many went."""
    now = world.wall_ms()
    recent = first_id(now - RECENT_DAYS * DAY_MS)
    return await world.directory.trim_mentions(recent, first_id(now - BADGE_DAYS * DAY_MS))
