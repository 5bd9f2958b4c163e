"""Whom a message mentions: what its content names, of that what its sender allows and may.

Source: Discord reference, "Message formatting" and "Allowed mentions object". Neither says what
code does to a mention; here nothing inside a code span or block mentions anybody, as nothing there
is shown as a mention. A backslash before a mention does not undo it. @everyone and @here count
wherever they stand, also within a word.
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from hearth.core.ids import MAX_ID
from hearth.core.models.messages import AllowedMentions
from hearth.core.models.roles import Role
from hearth.core.permissions import P

MOST_USERS: Final = 100
"""So many users one message mentions at most; further ones are not told."""

# Linear in practice: a run of backticks is taken whole or not at all (atomic, not entered in the
# middle), so each length of run can fail to find its end but once.
_TOKEN: Final = re.compile(
    r"""
      \\[\\`]                                           # an escaped backtick opens nothing
    | (?<!`)```(?s:.+?)```                              # a code block
    | (?<!`)(?>(?P<run>`+))(?s:.+?)(?<!`)(?P=run)(?!`)  # a code span
    | <@!?(?P<user>[0-9]{1,19})>
    | <@&(?P<role>[0-9]{1,19})>
    | @(?P<everyone>everyone|here)
    """,
    re.VERBOSE,
)


class Allowed(Struct, frozen=True, gc=False):
    """What a sender allows a message to mention; of users and roles these ids, None for any.

    The defaults are those of a regular message without `allowed_mentions`.
    """

    everyone: bool = True
    users: frozenset[int] | None = None
    roles: frozenset[int] | None = None
    replied_user: bool = True


class Mentions(Struct, frozen=True, gc=False):
    """Whom a message mentions: @everyone or @here, users (at most 100), roles; no id twice."""

    everyone: bool = False
    users: tuple[int, ...] = ()
    roles: tuple[int, ...] = ()


def allowed(asked: AllowedMentions | None) -> Allowed:
    """What an `allowed_mentions` field allows; None is a field left out.

    Where the field is there, what it leaves out is not allowed. Its form has been checked: ids
    stand only beside a `parse` that leaves their kind out.
    """
    if asked is None:
        return Allowed()
    parse = asked.parse or ()
    return Allowed(
        everyone="everyone" in parse,
        users=None if "users" in parse else frozenset(asked.users or ()),
        roles=None if "roles" in parse else frozenset(asked.roles or ()),
        replied_user=bool(asked.replied_user),
    )


def find(
    content: str,
    allow: Allowed,
    roles: Mapping[int, Role],
    permissions: int,
    replied_to: int | None = None,
) -> Mentions:
    """Whom `content` mentions, in the order in which it names them, the author replied to first.

    `permissions` are the sender's in the channel: without MENTION_EVERYONE neither @everyone nor
    @here nor a role that is not mentionable is mentioned. `roles` are the guild's. Whether the
    users exist is left to the caller.
    """
    may = bool(permissions & P.MENTION_EVERYONE)
    everyone = False
    users: dict[int, None] = {}
    named: dict[int, None] = {}
    if replied_to is not None and allow.replied_user:
        users[replied_to] = None
    # Most messages name nobody.
    for token in _TOKEN.finditer(content) if "@" in content else ():
        match token.lastgroup:
            case "user":
                user_id = int(token["user"])
                if user_id <= MAX_ID and (allow.users is None or user_id in allow.users):
                    users[user_id] = None
            case "role":
                role = roles.get(int(token["role"]))
                # @everyone's own role is no way around the word.
                if (
                    role is not None
                    and role.id != role.guild_id
                    and (may or role.mentionable)
                    and (allow.roles is None or role.id in allow.roles)
                ):
                    named[role.id] = None
            case "everyone":
                everyone = everyone or (may and allow.everyone)
            case _:
                pass
    return Mentions(everyone, tuple(users)[:MOST_USERS], tuple(named))
