"""Who sees which channels: tables of one int per role, and what a change gives and takes.

Bit i of every int stands for channel i of the views. For all channels at once this answers what
`permissions.resolve` answers for one: VIEW_CHANNEL.
"""

from msgspec import Struct

from hearth.core.models.channels import ChannelType, OverwriteType
from hearth.core.models.guilds import Guild, Snapshot
from hearth.core.models.members import Member
from hearth.core.permissions import P, overwrites_of


class Table(Struct, frozen=True):
    """One permission in all channels.

    `everyone`, `roles` and `members` say for each what is given everywhere by the role itself
    (all bits or none), what its overwrites leave, and what they allow.
    """

    everyone: tuple[int, int, int]
    roles: dict[int, tuple[int, int, int]]
    members: dict[int, tuple[int, int, int]]


class Views(Struct, frozen=True):
    """What is precomputed of a snapshot's channels and roles, to see by; never changed.

    `channel_ids` ascend, so a new channel shifts no other. `private` are the private threads,
    `started` which of them a user started; `alone` the users whose sight roles do not settle.
    """

    channel_ids: tuple[int, ...]
    indices: dict[int, int]
    everything: int
    guild_id: int
    owner_id: int
    administrators: frozenset[int]
    view: Table
    manage_threads: Table
    private: int
    started: dict[int, int]
    alone: frozenset[int]

    def bit(self, channel_id: int) -> int:
        """The bit of a channel; 0, which no sight has, when there is no such channel."""
        index = self.indices.get(channel_id)
        return 0 if index is None else 1 << index

    def ids(self, sight: int) -> list[int]:
        """The ids of the channels in a sight, ascending."""
        channel_ids = self.channel_ids
        found: list[int] = []
        while sight:
            low = sight & -sight
            found.append(channel_ids[low.bit_length() - 1])
            sight ^= low
        return found


def tables(snapshot: Snapshot) -> Views:
    """Build the views of a snapshot: once for each change of its guild, channels or roles.

    200 channels with five overwrites each take well under a millisecond, so nothing is rebuilt
    by parts.
    """
    channels = snapshot.channels
    channel_ids = tuple(sorted(channels))
    private = 0
    started: dict[int, int] = {}
    alone: set[int] = set()
    for i, channel_id in enumerate(channel_ids):
        channel = channels[channel_id]
        if channel.type == ChannelType.PRIVATE_THREAD:
            private |= 1 << i
            if channel.owner_id is not None:
                started[channel.owner_id] = started.get(channel.owner_id, 0) | 1 << i
        for overwrite in channel.overwrites:
            if overwrite.type == OverwriteType.MEMBER:
                alone.add(overwrite.id)
    return Views(
        channel_ids=channel_ids,
        indices={channel_id: i for i, channel_id in enumerate(channel_ids)},
        everything=(1 << len(channel_ids)) - 1,
        guild_id=snapshot.the_guild.id,
        owner_id=snapshot.the_guild.owner_id,
        administrators=frozenset(
            role.id for role in snapshot.roles.values() if role.permissions & P.ADMINISTRATOR
        ),
        view=_table(snapshot, channel_ids, P.VIEW_CHANNEL),
        manage_threads=_table(snapshot, channel_ids, P.MANAGE_THREADS),
        private=private,
        started=started,
        alone=frozenset(alone | started.keys()),
    )


def _table(snapshot: Snapshot, channel_ids: tuple[int, ...], permission: int) -> Table:
    channels = snapshot.channels
    guild_id = snapshot.the_guild.id
    everything = (1 << len(channel_ids)) - 1
    everyone_allow = everyone_deny = 0
    role_allow: dict[int, int] = {}
    role_deny: dict[int, int] = {}
    member_allow: dict[int, int] = {}
    member_deny: dict[int, int] = {}
    for i, channel_id in enumerate(channel_ids):
        bit = 1 << i
        overwrites = overwrites_of(channels, channels[channel_id])
        if overwrites is None:
            # A thread whose channel is gone: nothing allows it, so denying it once is enough.
            everyone_deny |= bit
            continue
        for overwrite in overwrites:
            target = overwrite.id
            if overwrite.type == OverwriteType.MEMBER:
                allow, deny = member_allow, member_deny
            elif target == guild_id:
                if overwrite.deny & permission:
                    everyone_deny |= bit
                if overwrite.allow & permission:
                    everyone_allow |= bit
                continue
            else:
                allow, deny = role_allow, role_deny
            if overwrite.deny & permission:
                deny[target] = deny.get(target, 0) | bit
            if overwrite.allow & permission:
                allow[target] = allow.get(target, 0) | bit
    given = {role.id for role in snapshot.roles.values() if role.permissions & permission}
    return Table(
        everyone=(
            everything if guild_id in given else 0,
            everything ^ everyone_deny,
            everyone_allow,
        ),
        roles={
            role_id: (
                everything if role_id in given else 0,
                everything ^ role_deny.get(role_id, 0),
                role_allow.get(role_id, 0),
            )
            for role_id in (given | role_allow.keys() | role_deny.keys()) - {guild_id}
        },
        members={
            user_id: (0, everything ^ member_deny.get(user_id, 0), member_allow.get(user_id, 0))
            for user_id in member_allow.keys() | member_deny.keys()
        },
    )


def _where(table: Table, roles: frozenset[int] | tuple[int, ...], user_id: int) -> int:
    base, everyone_keep, everyone_allow = table.everyone
    keep = -1
    allow = 0
    rows = table.roles
    for role_id in roles:
        row = rows.get(role_id)
        if row is not None:
            base |= row[0]
            keep &= row[1]
            allow |= row[2]
    where = (base & everyone_keep | everyone_allow) & keep | allow
    row = table.members.get(user_id)
    return where if row is None else where & row[1] | row[2]


def sight(views: Views, roles: frozenset[int] | tuple[int, ...], user_id: int) -> int:
    """The channels that a user with `roles` sees: bit i for channel i of the views.

    Equal to `resolve(...) & VIEW_CHANNEL` in every channel, whatever the time: a timeout takes
    no sight.
    """
    administrators = views.administrators
    if user_id == views.owner_id or (
        administrators
        and (views.guild_id in administrators or not administrators.isdisjoint(roles))
    ):
        return views.everything
    seen = _where(views.view, roles, user_id)
    hidden = seen & views.private
    if hidden:
        hidden &= ~views.started.get(user_id, 0)
        seen ^= hidden & ~_where(views.manage_threads, roles, user_id)
    return seen


def cohort_key(
    views: Views, guild: Guild, member: Member
) -> tuple[int, ...] | tuple[int, tuple[int, ...]]:
    """Members with equal keys see the same in these views.

    The key is the role set; the user and the role set for whom any member overwrite names, who
    started a private thread, or who owns the guild.
    """
    user_id = member.user_id
    if user_id == guild.owner_id or user_id in views.alone:
        # The roles stay in it: a new role must lead to a new sight here too.
        return (user_id, member.roles)
    return member.roles


def changes(
    before: Views, seen_before: int, after: Views, seen_after: int
) -> tuple[list[int], list[int]]:
    """What somebody whose sight went from one to the other gained and lost: channel ids, ascending.

    A channel that was created is gained by who sees it, one that was deleted is lost by who saw
    it.
    """
    if before.channel_ids == after.channel_ids:
        moved = seen_before ^ seen_after
        return after.ids(moved & seen_after), before.ids(moved & seen_before)
    had = before.ids(seen_before)
    has = after.ids(seen_after)
    kept = set(had).intersection(has)
    return [i for i in has if i not in kept], [i for i in had if i not in kept]
