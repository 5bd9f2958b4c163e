"""Permissions: their names, the one algorithm that decides them, its trace, and the hierarchy.

Source: Discord reference, "Permissions" (bitwise flags, hierarchy, overwrites, implicit
permissions, inherited permissions, timed-out members) and "Threads". Who is granted nothing has
nothing. Bits are plain ints: IntFlag costs eight times as much.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from msgspec import Struct

from hearth.core.models.channels import Channel, ChannelType, Overwrite, OverwriteType
from hearth.core.models.guilds import Snapshot
from hearth.core.models.members import Member
from hearth.core.models.roles import Role


class P:
    """Every permission that Discord documents, as a bit. Bit 47 has no name."""

    CREATE_INSTANT_INVITE: Final = 1 << 0
    KICK_MEMBERS: Final = 1 << 1
    BAN_MEMBERS: Final = 1 << 2
    ADMINISTRATOR: Final = 1 << 3
    MANAGE_CHANNELS: Final = 1 << 4
    MANAGE_GUILD: Final = 1 << 5
    ADD_REACTIONS: Final = 1 << 6
    VIEW_AUDIT_LOG: Final = 1 << 7
    PRIORITY_SPEAKER: Final = 1 << 8
    STREAM: Final = 1 << 9
    VIEW_CHANNEL: Final = 1 << 10
    SEND_MESSAGES: Final = 1 << 11
    SEND_TTS_MESSAGES: Final = 1 << 12
    MANAGE_MESSAGES: Final = 1 << 13
    EMBED_LINKS: Final = 1 << 14
    ATTACH_FILES: Final = 1 << 15
    READ_MESSAGE_HISTORY: Final = 1 << 16
    MENTION_EVERYONE: Final = 1 << 17
    USE_EXTERNAL_EMOJIS: Final = 1 << 18
    VIEW_GUILD_INSIGHTS: Final = 1 << 19
    CONNECT: Final = 1 << 20
    SPEAK: Final = 1 << 21
    MUTE_MEMBERS: Final = 1 << 22
    DEAFEN_MEMBERS: Final = 1 << 23
    MOVE_MEMBERS: Final = 1 << 24
    USE_VAD: Final = 1 << 25
    CHANGE_NICKNAME: Final = 1 << 26
    MANAGE_NICKNAMES: Final = 1 << 27
    MANAGE_ROLES: Final = 1 << 28
    MANAGE_WEBHOOKS: Final = 1 << 29
    MANAGE_GUILD_EXPRESSIONS: Final = 1 << 30
    USE_APPLICATION_COMMANDS: Final = 1 << 31
    REQUEST_TO_SPEAK: Final = 1 << 32
    MANAGE_EVENTS: Final = 1 << 33
    MANAGE_THREADS: Final = 1 << 34
    CREATE_PUBLIC_THREADS: Final = 1 << 35
    CREATE_PRIVATE_THREADS: Final = 1 << 36
    USE_EXTERNAL_STICKERS: Final = 1 << 37
    SEND_MESSAGES_IN_THREADS: Final = 1 << 38
    USE_EMBEDDED_ACTIVITIES: Final = 1 << 39
    MODERATE_MEMBERS: Final = 1 << 40
    VIEW_CREATOR_MONETIZATION_ANALYTICS: Final = 1 << 41
    USE_SOUNDBOARD: Final = 1 << 42
    CREATE_GUILD_EXPRESSIONS: Final = 1 << 43
    CREATE_EVENTS: Final = 1 << 44
    USE_EXTERNAL_SOUNDS: Final = 1 << 45
    SEND_VOICE_MESSAGES: Final = 1 << 46
    SET_VOICE_CHANNEL_STATUS: Final = 1 << 48
    SEND_POLLS: Final = 1 << 49
    USE_EXTERNAL_APPS: Final = 1 << 50
    PIN_MESSAGES: Final = 1 << 51
    BYPASS_SLOWMODE: Final = 1 << 52


BITS: Final[Mapping[str, int]] = {name: bit for name, bit in vars(P).items() if name.isupper()}
"""Every permission by name, in the order of the bits."""

ALL: Final = sum(BITS.values())
"""Every documented permission: what an owner and an administrator have."""

GUARDED: Final = (
    P.KICK_MEMBERS
    | P.BAN_MEMBERS
    | P.ADMINISTRATOR
    | P.MANAGE_CHANNELS
    | P.MANAGE_GUILD
    | P.MANAGE_MESSAGES
    | P.MANAGE_ROLES
    | P.MANAGE_WEBHOOKS
    | P.MANAGE_GUILD_EXPRESSIONS
    | P.MANAGE_THREADS
)
"""What needs a second factor where a guild asks its moderators for one."""

GUILD_ONLY: Final = (
    P.KICK_MEMBERS
    | P.BAN_MEMBERS
    | P.ADMINISTRATOR
    | P.MANAGE_GUILD
    | P.VIEW_AUDIT_LOG
    | P.VIEW_GUILD_INSIGHTS
    | P.CHANGE_NICKNAME
    | P.MANAGE_NICKNAMES
    | P.MANAGE_GUILD_EXPRESSIONS
    | P.MODERATE_MEMBERS
    | P.VIEW_CREATOR_MONETIZATION_ANALYTICS
    | P.CREATE_GUILD_EXPRESSIONS
)
"""Permissions that apply to no channel type: no overwrite gives or takes them."""

CHANNEL: Final = ALL & ~GUILD_ONLY
"""Permissions that an overwrite may give or take."""

VOICE: Final = (
    P.PRIORITY_SPEAKER
    | P.STREAM
    | P.CONNECT
    | P.SPEAK
    | P.MUTE_MEMBERS
    | P.DEAFEN_MEMBERS
    | P.MOVE_MEMBERS
    | P.USE_VAD
    | P.REQUEST_TO_SPEAK
    | P.USE_EMBEDDED_ACTIVITIES
    | P.USE_SOUNDBOARD
    | P.USE_EXTERNAL_SOUNDS
    | P.SET_VOICE_CHANNEL_STATUS
)
"""Permissions to do something in a voice or stage channel."""

# Plain module constants: the hot path reads a global for less than an attribute of `P`.
_ADMINISTRATOR: Final = P.ADMINISTRATOR
_VIEW: Final = P.VIEW_CHANNEL
_SEND: Final = P.SEND_MESSAGES
_SEND_IN_THREADS: Final = P.SEND_MESSAGES_IN_THREADS
_CONNECT: Final = P.CONNECT
_MANAGE_THREADS: Final = P.MANAGE_THREADS
_NEEDS_SEND: Final = P.MENTION_EVERYONE | P.SEND_TTS_MESSAGES | P.ATTACH_FILES | P.EMBED_LINKS
# "such as MANAGE_CHANNELS" says the reference; discord.py adds MANAGE_ROLES.
_NEEDS_CONNECT: Final = VOICE | P.MANAGE_CHANNELS | P.MANAGE_ROLES
_TIMED_OUT: Final = P.VIEW_CHANNEL | P.READ_MESSAGE_HISTORY
_MEMBER: Final = int(OverwriteType.MEMBER)
_GROUP: Final = int(ChannelType.GROUP_DM)
_FIRST_THREAD: Final = int(ChannelType.ANNOUNCEMENT_THREAD)
_PRIVATE_THREAD: Final = int(ChannelType.PRIVATE_THREAD)
_VOICE_TYPES: Final = (int(ChannelType.GUILD_VOICE), int(ChannelType.GUILD_STAGE_VOICE))


EVERYONE: Final = (
    P.CREATE_INSTANT_INVITE
    | P.ADD_REACTIONS
    | P.STREAM
    | P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.USE_EXTERNAL_EMOJIS
    | P.CONNECT
    | P.SPEAK
    | P.USE_VAD
    | P.CHANGE_NICKNAME
    | P.USE_APPLICATION_COMMANDS
    | P.REQUEST_TO_SPEAK
    | P.CREATE_PUBLIC_THREADS
    | P.CREATE_PRIVATE_THREADS
    | P.USE_EXTERNAL_STICKERS
    | P.SEND_MESSAGES_IN_THREADS
    | P.USE_EMBEDDED_ACTIVITIES
    | P.USE_SOUNDBOARD
    | P.USE_EXTERNAL_SOUNDS
    | P.SEND_VOICE_MESSAGES
    | P.SEND_POLLS
    | P.USE_EXTERNAL_APPS
)
"""What @everyone may do in a new guild."""


PRIVATE: Final = (
    P.ADD_REACTIONS
    | P.STREAM
    | P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.USE_EXTERNAL_EMOJIS
    | P.CONNECT
    | P.SPEAK
    | P.USE_VAD
    | P.USE_APPLICATION_COMMANDS
    | P.USE_EXTERNAL_STICKERS
    | P.USE_EMBEDDED_ACTIVITIES
    | P.USE_SOUNDBOARD
    | P.USE_EXTERNAL_SOUNDS
    | P.SEND_VOICE_MESSAGES
    | P.SEND_POLLS
    | P.USE_EXTERNAL_APPS
    | P.PIN_MESSAGES
)
"""What both may do in a DM: none of it needs a guild, or is about what is another's."""

GROUP: Final = PRIVATE | P.MENTION_EVERYONE
"""What everybody may do in a group DM."""

GROUP_OWNER: Final = GROUP | P.KICK_MEMBERS
"""What a group DM's owner may do: remove others."""


def names(bits: int) -> list[str]:
    """The names of the permissions in `bits`, lowest bit first; bits without a name are left out.

    >>> names(P.SEND_MESSAGES | P.VIEW_CHANNEL)
    ['VIEW_CHANNEL', 'SEND_MESSAGES']
    """
    return [name for name, bit in BITS.items() if bits & bit]


def parse(name: str) -> int:
    """The permission that a person names, in any case and with spaces or hyphens for underscores.

    Raises ValueError when there is none.
    """
    bit = BITS.get(name.strip().upper().replace(" ", "_").replace("-", "_"))
    if bit is None:
        raise ValueError(f"there is no permission {name!r}")
    return bit


class Rule(IntEnum):
    """Which part of the algorithm spoke, in the order in which they count."""

    OWNER = 0
    ROLE = 1
    ADMINISTRATOR = 2
    ORPHAN = 3
    EVERYONE_OVERWRITE = 4
    ROLE_OVERWRITE = 5
    MEMBER_OVERWRITE = 6
    PRIVATE_THREAD = 7
    HIDDEN = 8
    THREAD = 9
    MUTE = 10
    DISCONNECTED = 11
    TIMEOUT = 12


# An enum's member costs the hot path more to read than a global does.
_EVERYONE_RULE: Final = Rule.EVERYONE_OVERWRITE
_ROLE_RULE: Final = Rule.ROLE_OVERWRITE
_MEMBER_RULE: Final = Rule.MEMBER_OVERWRITE


class Step(Struct, frozen=True, gc=False):
    """What one rule gave and took; because of `because`, where it looked at other permissions.

    `id` is the role, member or channel that the rule speaks of.
    """

    rule: Rule
    id: int
    allow: int = 0
    deny: int = 0
    because: int = 0


def overwrites_of(
    channels: Mapping[int, Channel], channel: Channel
) -> tuple[Overwrite, ...] | None:
    """The overwrites that count in a channel: its own, a thread's parent's; None without parent."""
    if not channel.is_thread:
        return channel.overwrites
    parent = None if channel.parent_id is None else channels.get(channel.parent_id)
    return None if parent is None else parent.overwrites


def resolve(
    snapshot: Snapshot,
    member: Member,
    channel: Channel | None,
    wall_ms: int,
    trace: list[Step] | None = None,
) -> int:
    """What `member` may do in `channel`, in the guild at large for None: the bits of `P`.

    In a thread SEND_MESSAGES stands for SEND_MESSAGES_IN_THREADS, so that who may post is one
    question everywhere. Bits are not cleared by channel type. A category has its own overwrites
    and nothing else; what children inherit was copied into them (reference, "Permission
    syncing"). `trace`, when given, is filled with every step taken; overwrites stand in it in
    the channel's order, not yet in that of the rules.
    """
    guild = snapshot.guild
    user_id = member.user_id
    if guild is None:
        return _private(snapshot, user_id, channel)
    guild_id = guild.id
    if user_id == guild.owner_id:
        if trace is not None:
            trace.append(Step(Rule.OWNER, user_id, ALL))
        return ALL

    roles = snapshot.roles
    held = member.roles
    everyone = roles.get(guild_id)
    bits = 0
    if everyone is not None:
        bits = everyone.permissions
        if trace is not None:
            trace.append(Step(Rule.ROLE, guild_id, bits))
    for role_id in held:
        role = roles.get(role_id)
        if role is not None:
            bits |= role.permissions
            if trace is not None:
                trace.append(Step(Rule.ROLE, role_id, role.permissions))
    if bits & _ADMINISTRATOR:
        if trace is not None:
            trace.append(Step(Rule.ADMINISTRATOR, user_id, ALL, 0, _ADMINISTRATOR))
        return ALL

    if channel is not None:
        kind = channel.type
        is_thread = _FIRST_THREAD <= kind <= _PRIVATE_THREAD
        overwrites = overwrites_of(snapshot.channels, channel) if is_thread else channel.overwrites
        if overwrites is None:
            if trace is not None:
                trace.append(Step(Rule.ORPHAN, channel.id, 0, ALL))
            return 0
        if overwrites:
            everyone_allow = everyone_deny = allow = deny = own_allow = own_deny = 0
            for overwrite in overwrites:
                target = overwrite.id
                if overwrite.type == _MEMBER:
                    if target != user_id:
                        continue
                    own_allow = overwrite.allow
                    own_deny = overwrite.deny
                    rule = _MEMBER_RULE
                elif target == guild_id:
                    everyone_allow = overwrite.allow
                    everyone_deny = overwrite.deny
                    rule = _EVERYONE_RULE
                elif target in held:
                    allow |= overwrite.allow
                    deny |= overwrite.deny
                    rule = _ROLE_RULE
                else:
                    continue
                if trace is not None:
                    trace.append(
                        Step(rule, target, overwrite.allow & CHANNEL, overwrite.deny & CHANNEL)
                    )
            base = bits
            bits = (bits & ~everyone_deny | everyone_allow) & ~deny | allow
            bits = bits & ~own_deny | own_allow
            # What is of the guild alone no overwrite touches, whatever was stored in it.
            bits = bits & CHANNEL | base & GUILD_ONLY

        # Before the timeout takes MANAGE_THREADS: a timed-out moderator goes on seeing.
        if kind == _PRIVATE_THREAD and channel.owner_id != user_id and not bits & _MANAGE_THREADS:
            if trace is not None:
                trace.append(Step(Rule.PRIVATE_THREAD, channel.id, 0, ALL, _MANAGE_THREADS))
            return 0
        if not bits & _VIEW:
            if trace is not None:
                trace.append(Step(Rule.HIDDEN, channel.id, 0, ALL & ~_VIEW, _VIEW))
            return 0
        if is_thread:
            may = bits & _SEND_IN_THREADS
            bits = bits | _SEND if may else bits & ~_SEND
            if trace is not None:
                given, taken = (_SEND, 0) if may else (0, _SEND)
                trace.append(Step(Rule.THREAD, channel.id, given, taken, _SEND_IN_THREADS))
        if not bits & _SEND:
            bits &= ~_NEEDS_SEND
            if trace is not None:
                trace.append(Step(Rule.MUTE, channel.id, 0, _NEEDS_SEND, _SEND))
        if kind in _VOICE_TYPES and not bits & _CONNECT:
            bits &= ~_NEEDS_CONNECT
            if trace is not None:
                taken = _NEEDS_CONNECT & ~_CONNECT
                trace.append(Step(Rule.DISCONNECTED, channel.id, 0, taken, _CONNECT))

    until_ms = member.communication_disabled_until_ms
    if until_ms is not None and until_ms > wall_ms:
        bits &= _TIMED_OUT
        if trace is not None:
            trace.append(Step(Rule.TIMEOUT, user_id, 0, ALL & ~_TIMED_OUT))
    return bits


def _private(snapshot: Snapshot, user_id: int, channel: Channel | None) -> int:
    """What a recipient of a private channel may do; others nothing."""
    if user_id not in snapshot.recipients:
        return 0
    if channel is None or channel.type != _GROUP:
        return PRIVATE
    return GROUP_OWNER if channel.owner_id == user_id else GROUP


def explain(
    snapshot: Snapshot, member: Member, channel: Channel | None, permission: int, wall_ms: int
) -> list[str]:
    """Why `member` has `permission` in `channel` or not: one sentence a step, the verdict last.

    The steps are those that `resolve` took. Only what bears on the permission is told, and on
    the permissions that it hangs on.
    """
    trace: list[Step] = []
    bits = resolve(snapshot, member, channel, wall_ms, trace)
    trace.sort(key=lambda step: step.rule)
    # Backwards, since what a step looked at was decided before it.
    asked = permission
    chain: list[tuple[Step, int]] = []
    for step in reversed(trace):
        touched = (step.allow | step.deny) & asked
        if touched:
            chain.append((step, touched))
            asked |= step.because
    user = snapshot.users.get(member.user_id)
    name = str(member.user_id) if user is None else user.username
    place = "in the guild" if channel is None else f"in {_called(channel)}"
    said = [_sentence(snapshot, name, step, touched) for step, touched in reversed(chain)]
    if not any(step.allow & permission for step, _ in chain):
        said.insert(0, f"no role of {name} allows {_listed(permission)}")
    has = bits & permission == permission
    said.append(f"{name} {'has' if has else 'does not have'} {_listed(permission)} {place}")
    return said


def _sentence(snapshot: Snapshot, name: str, step: Step, touched: int) -> str:
    what = _listed(touched)
    match step.rule:
        case Rule.OWNER:
            return f"{name} owns the guild and may do everything"
        case Rule.ROLE:
            return f"role {_role(snapshot, step.id)} allows {what}"
        case Rule.ADMINISTRATOR:
            return f"ADMINISTRATOR allows {name} everything, whatever a channel says"
        case Rule.ORPHAN:
            return "the thread's channel is gone, so nobody may do anything here"
        case Rule.PRIVATE_THREAD:
            return f"the thread is private: {name} neither started it nor has MANAGE_THREADS"
        case Rule.HIDDEN:
            return f"without VIEW_CHANNEL {name} may do nothing here"
        case Rule.THREAD if step.allow:
            return "in a thread SEND_MESSAGES_IN_THREADS stands for SEND_MESSAGES, and is there"
        case Rule.THREAD:
            return "in a thread SEND_MESSAGES_IN_THREADS stands for SEND_MESSAGES, and is missing"
        case Rule.MUTE:
            return f"without SEND_MESSAGES there is no {what}"
        case Rule.DISCONNECTED:
            return f"without CONNECT there is no {what} here"
        case Rule.TIMEOUT:
            return f"{name} is timed out and keeps only {_listed(_TIMED_OUT)}"
        case Rule.MEMBER_OVERWRITE:
            who = f"the overwrite for {name}"
        case _:
            who = f"role {_role(snapshot, step.id)}"
    denied, allowed = step.deny & touched, step.allow & touched
    parts = [f"denies {_listed(denied)}"] if denied else []
    if allowed:
        parts.append(f"allows {_listed(allowed)}")
    return f"{who} {' and '.join(parts)} in this channel"


def _listed(bits: int) -> str:
    return ", ".join(names(bits))


def _role(snapshot: Snapshot, role_id: int) -> str:
    role = snapshot.roles.get(role_id)
    return str(role_id) if role is None else role.name


def _called(channel: Channel) -> str:
    return f"the category {channel.name}" if channel.type == 4 else f"#{channel.name}"


def rank(role: Role) -> tuple[int, int]:
    """Where a role stands: of two ranks the greater is the higher.

    At the same position the older (lower) id is higher; @everyone is below every other role
    (reference, "Permission hierarchy"; the tie as in discord.py's `Role.__lt__`).
    """
    return (-1, 0) if role.id == role.guild_id else (role.position, -role.id)


def top_role(snapshot: Snapshot, member: Member) -> tuple[int, int]:
    """The rank of a member's highest role; that of @everyone when there is no other."""
    held = (snapshot.roles.get(role_id) for role_id in member.roles)
    return max((rank(role) for role in held if role is not None), default=(-1, 0))


def outranks(snapshot: Snapshot, actor: Member, target: Member | Role) -> bool:
    """Whether `actor` stands above a member or a role and may act on it.

    The owner is above all, and nobody above the owner or above themselves.
    """
    owner_id = snapshot.the_guild.owner_id
    if isinstance(target, Member):
        if target.user_id == owner_id:
            return False
        below = top_role(snapshot, target)
    else:
        below = rank(target)
    return actor.user_id == owner_id or top_role(snapshot, actor) > below
