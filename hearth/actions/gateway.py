"""What gateways ask: where the gateway is, a session's presence, and the members of a guild."""

from contextlib import suppress
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from hearth.actions.gate import call
from hearth.actions.members import members_named
from hearth.actions.scopes import AsBot, InGuild, OfUser, Open, Scope, SignedIn
from hearth.actions.world import World
from hearth.core.errors import Refused
from hearth.core.events import GuildMemberRemove, PresenceUpdate
from hearth.core.limits import Rate
from hearth.core.models.gateway import GatewayBotObject, GatewayObject, SessionStartLimit
from hearth.core.models.messages import MessageObject, MessagesQuery
from hearth.core.models.presence import Presence, PresencePut, Shown, merge, session_object
from hearth.core.operations import OPERATIONS, SYSTEM, operation
from hearth.core.permissions import P
from hearth.core.social_events import FriendPresence, SessionsReplace
from hearth.core.wire import Snowflake

MOST_ASKED = 100
"""The most members that a look-up by name or id gives."""

MOST_NONCE_BYTES = 32

WHOLE_LIST = Rate(1, per=30)
"""How often a session's user may ask for all members of a guild."""

MOST_GUILDS_ASKED = 100
"""The most guilds that a person's one command may name."""

IDENTIFIES_PER_DAY = 1000
MAX_CONCURRENCY = 16
"""A bot's shards whose numbers differ by less than this may identify at once."""

IDENTIFIES = Rate(8, per=5)
"""How often the shards that share a number modulo `MAX_CONCURRENCY` may; Discord takes one."""

DAY = Rate(IDENTIFIES_PER_DAY, per=86_400)
_DAY_BUCKET = "start_session day"


class MembersAsked(Struct):
    """Who answers an op 8: `user_ids` in order, and the ids that are no members."""

    guild_id: int
    user_ids: list[int]
    not_found: list[int]
    presences: bool
    nonce: str | None


class RequestGuildMembers(Struct, kw_only=True):
    """Op 8 (topic "Gateway events", "Request guild members")."""

    guild_id: Snowflake | Annotated[list[Snowflake], Meta(max_length=MOST_GUILDS_ASKED)]
    query: str | None = None
    limit: Annotated[int, Meta(ge=0)] = 0
    presences: bool = False
    user_ids: list[Snowflake] | Snowflake | None = None
    nonce: Any = None

    @property
    def whole(self) -> bool:
        """Whether it asks for all members."""
        return self.user_ids is None and not self.query


def nonce_of(nonce: Any) -> str | None:
    """A command's nonce as it is told again; None for what is none, or is too long."""
    if isinstance(nonce, str) and len(nonce.encode()) <= MOST_NONCE_BYTES:
        return nonce
    return None


@operation("GET", "/gateway")
async def get_gateway(here: Open) -> GatewayObject:
    """Where the gateway is."""
    return GatewayObject(url=str(here.params["gateway_url"]))


@operation("GET", "/gateway/bot")
async def get_bot_gateway(here: AsBot) -> GatewayBotObject:
    """Where the gateway is, with how many shards to use and how often to identify."""
    total = max(1, int(DAY.limit * here.world.scale))
    bucket = here.home.busy.buckets.get((_DAY_BUCKET, here.home.key, here.who.user_id))
    left = 0.0 if bucket is None else bucket.ends - here.world.clock.now()
    remaining = total - bucket.used if bucket is not None and left > 0 else total
    return GatewayBotObject(
        url=str(here.params["gateway_url"]),
        shards=1,
        session_start_limit=SessionStartLimit(
            total=total,
            remaining=remaining,
            reset_after=int(left * 1000) if left > 0 else 86_400_000,
            max_concurrency=MAX_CONCURRENCY,
        ),
    )


@operation(rate=Rate(IDENTIFIES.limit * MAX_CONCURRENCY, per=IDENTIFIES.per))
async def start_session(here: AsBot) -> None:
    """Count an IDENTIFY of the bot's shard number `shard`; what comes too soon counts for no day.

    (Discord topic "Gateway", "Rate limiting" and "Max concurrency".)
    """
    here.limit(f"start_session {int(here.params['shard']) % MAX_CONCURRENCY}", IDENTIFIES)
    here.limit(_DAY_BUCKET, DAY)


@operation(op=8, rate=Rate(60, per=60))
async def request_guild_members(here: InGuild, body: RequestGuildMembers) -> MembersAsked:
    """The members of a guild by ids, by the beginning of their name, or all of them.

    A nonce that is none, or longer than 32 bytes, is not told.
    """
    members = here.snapshot.members
    nonce = nonce_of(body.nonce)
    not_found: list[int] = []
    if body.user_ids is not None:
        asked = body.user_ids if isinstance(body.user_ids, list) else [body.user_ids]
        found = [user_id for user_id in dict.fromkeys(asked[:MOST_ASKED]) if user_id in members]
        not_found = [user_id for user_id in asked[:MOST_ASKED] if user_id not in members]
    elif body.query:
        most = min(body.limit or MOST_ASKED, MOST_ASKED)
        found = [each.user_id for each in await members_named(here, body.query, most)]
    else:
        here.limit("request_guild_members whole", WHOLE_LIST)
        found = sorted(members)
        if body.limit:
            found = found[: body.limit]
    return MembersAsked(here.guild.id, found, not_found, body.presences, nonce)


class RequestSoundboardSounds(Struct, kw_only=True):
    """Op 31 (topic "Gateway events", "Request soundboard sounds")."""

    guild_ids: Annotated[list[Snowflake], Meta(max_length=MOST_GUILDS_ASKED)]


class SoundboardSounds(Struct, kw_only=True):
    """What op 31 is answered with for each guild."""

    guild_id: str
    soundboard_sounds: tuple[()] = ()


@operation(op=31, rate=Rate(120, per=60))
async def request_soundboard_sounds(
    here: InGuild, body: RequestSoundboardSounds
) -> SoundboardSounds:
    """The soundboard sounds of guilds: they have none yet."""
    return SoundboardSounds(guild_id=str(here.guild.id))


class RequestChannelInfo(Struct, kw_only=True):
    """Op 43 (topic "Gateway events", "Request channel info"), and op 36 without `fields`."""

    guild_id: Snowflake
    fields: list[str] = []


class ChannelInfoObject(Struct, kw_only=True, omit_defaults=True):
    """What is known of a voice channel, as far as it was asked for; null is nothing."""

    id: str
    status: str | UnsetType | None = UNSET
    voice_start_time: int | UnsetType | None = UNSET


class ChannelInfo(Struct, kw_only=True):
    """What ops 36 and 43 are answered with: of channels that have nothing to say there is none."""

    guild_id: str
    channels: list[ChannelInfoObject]


@operation(op=36, rate=Rate(60, per=60))
async def request_channel_statuses(here: InGuild, body: RequestChannelInfo) -> ChannelInfo:
    """The statuses of those of a guild's voice channels that the caller sees."""
    return _info(here, {"status"})


@operation(op=43, rate=Rate(60, per=60))
async def request_channel_info(here: InGuild, body: RequestChannelInfo) -> ChannelInfo:
    """Of a guild's voice channels that the caller sees: statuses, and since when there is talk."""
    return _info(here, {*body.fields})


def _info(here: InGuild, fields: set[str]) -> ChannelInfo:
    found: list[ChannelInfoObject] = []
    for each in here.snapshot.voice_channels.values():
        channel = here.snapshot.channels.get(each.channel_id)
        if channel is None or not here.permissions_in(channel) & P.VIEW_CHANNEL:
            continue
        shown = ChannelInfoObject(id=str(each.channel_id))
        if "status" in fields and each.status is not None:
            shown.status = each.status
        if "voice_start_time" in fields and each.started_s is not None:
            shown.voice_start_time = each.started_s
        if shown.status is not UNSET or shown.voice_start_time is not UNSET:
            found.append(shown)
    return ChannelInfo(guild_id=str(here.guild.id), channels=found)


class RequestLastMessages(Struct, kw_only=True):
    """Op 34: the newest messages of up to 100 channels of a guild."""

    guild_id: Snowflake
    channel_ids: Annotated[list[Snowflake], Meta(max_length=100)]


class LastMessages(Struct, kw_only=True):
    """What op 34 is answered with, in the order of the channels that were asked for."""

    guild_id: str
    messages: list[MessageObject]


@operation(op=34, rate=Rate(30, per=60))
async def request_last_messages(here: InGuild, body: RequestLastMessages) -> LastMessages:
    """The newest message of each channel in which the caller may read what was said before."""
    messages: list[MessageObject] = []
    for channel_id in dict.fromkeys(body.channel_ids):
        if channel_id not in here.snapshot.channels:
            continue
        params = {"channel_id": channel_id}
        with suppress(Refused):
            page = OPERATIONS["list_messages"]
            reply = await call(here.world, page, here.who, params, query=MessagesQuery(limit=1))
            messages += reply.value
    return LastMessages(guild_id=str(here.guild.id), messages=messages)


@operation(op=3, rate=Rate(120, per=60), commits=True)
async def update_presence(here: SignedIn, body: PresencePut) -> None:
    """Set the presence of the caller's session `session_id`."""
    await _show(here, here.who.user_id, body)


@operation(commits=True)
async def set_session_presence(here: OfUser, body: PresencePut | None) -> None:
    """Set the presence of a session as it comes and goes, without a limit; None: it is gone.

    With the parameter `quiet` nobody is told: it was so before the server was started anew.
    """
    await _show(here, int(here.params["user_id"]), body)


@operation(commits=True)
async def show_presence(here: OfUser) -> None:
    """Tell the guild `guild_id`, which the user has just joined, what others know already."""
    user_id = int(here.params["user_id"])
    presence = merge(user_id, here.home.presences)
    await _announce(here, int(here.params["guild_id"]), Announced(user_id, presence))


async def _show(here: Scope, user_id: int, body: PresencePut | None) -> None:
    """The sessions of a user show one presence together; guilds are told when it changes.

    The turn of the user's home keeps two changes in order in all guilds.
    """
    session_id, client = str(here.params["session_id"]), str(here.params["client"])
    home = here.home
    before = merge(user_id, home.presences)
    others = tuple(shown for shown in home.presences if shown.session_id != session_id)
    home.presences = others if body is None else (*others, Shown(session_id, client, body))
    after = merge(user_id, home.presences)
    gone = not home.presences
    if max(len(others), len(home.presences)) > 1 or (others and body is None):
        # Who has one session only knows what it shows.
        sessions = [session_object(shown) for shown in home.presences]
        here.tell([SessionsReplace(user_id, sessions)])
    if after == before and not gone:
        return
    announced = Announced(user_id, after, "quiet" in here.params, gone)
    for guild_id in await here.world.directory.guilds_of(user_id):
        await _announce(here, guild_id, announced)
    if announced.quiet or after == before:
        return
    friends = await here.world.directory.watchers(user_id)
    if friends:
        here.tell([FriendPresence(each, user_id, after) for each in friends])


@operation()
async def find_presence(here: OfUser) -> Presence | None:
    """A user's presence as others see it."""
    return merge(int(here.params["user_id"]), here.home.presences)


async def presence_of(world: World, user_id: int) -> Presence | None:
    """A user's presence, known where their home is."""
    if world.placement.link(user_id) is None:
        home = world.homes.get(user_id)
        return None if home is None else merge(user_id, home.presences)
    operation = OPERATIONS["find_presence"]
    return (await call(world, operation, SYSTEM, {"user_id": user_id})).value


class Announced(Struct):
    """A user's presence as their own home knows it; None is offline, or invisible.

    Who is `gone` has no session left.
    """

    user_id: int
    presence: Presence | None
    quiet: bool = False
    gone: bool = False


async def _announce(here: Scope, guild_id: int, announced: Announced) -> None:
    operation = OPERATIONS["announce_presence"]
    with suppress(Refused):  # A guild that is gone by now needs not know.
        await call(here.world, operation, SYSTEM, {"guild_id": guild_id}, announced)


@operation()
async def announce_presence(here: InGuild, body: Announced) -> None:
    """Take a member's presence into the guild's snapshot and tell those concerned."""
    old = here.snapshot.presences.get(body.user_id)
    member = here.snapshot.members.get(body.user_id)
    if body.gone and member is not None and member.temporary:
        params = {"guild_id": here.guild.id, "user_id": body.user_id}
        leave = call(here.world, OPERATIONS["end_temporary_stay"], SYSTEM, params)
        here.world.tasks.start(leave, name="end-temporary-stay")
    if body.user_id not in here.snapshot.members or body.presence == old:
        return
    tell = [] if body.quiet else [PresenceUpdate(body.user_id, body.presence)]
    if body.presence is not None:
        here.tell(tell, save=[body.presence])
    elif old is not None:
        here.tell(tell, delete=[old])


@operation()
async def is_connected(here: OfUser) -> bool:
    """Whether a user has a session, be it cut."""
    return bool(here.home.presences)


async def end_stays(world: World) -> None:
    """A while after the start: temporary members leave who have not come back since."""
    for member in await world.directory.passing_members():
        at: dict[str, int | str] = {"guild_id": member.guild_id, "user_id": member.user_id}
        with suppress(Refused):  # A guild that is gone meanwhile, or a full disk.
            await call(world, OPERATIONS["end_temporary_stay"], SYSTEM, at)


@operation(commits=True)
async def end_temporary_stay(here: InGuild) -> None:
    """Remove a temporary member whose last session has ended, unless they got a role.

    Nor is the owner removed, without whom a guild cannot be, nor who has come back meanwhile.
    """
    member = here.snapshot.members.get(int(here.params["user_id"]))
    if member is None or not member.temporary or member.roles:
        return
    if member.user_id == here.guild.owner_id:
        return
    at: dict[str, int | str] = {"user_id": member.user_id}
    if (await call(here.world, OPERATIONS["is_connected"], SYSTEM, at)).value:
        return
    await here.commit(delete=[member], tell=[GuildMemberRemove(member)])
