"""Replies and bodies against facts.json, what Discord's OpenAPI document says of them."""

import json
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from msgspec.structs import fields

from hearth.actions.all import MODULES
from hearth.core.deferred import ROWS
from hearth.core.models.audit import AuditEntry, audit_entry_object
from hearth.core.models.channels import (
    Channel,
    ChannelType,
    Overwrite,
    OverwriteRequest,
    channel_object,
)
from hearth.core.models.embeds import (
    Embed,
    EmbedAuthor,
    EmbedField,
    EmbedFooter,
    EmbedMedia,
    embeds_json,
)
from hearth.core.models.emojis import Emoji, emoji_object
from hearth.core.models.guilds import (
    Guild,
    Snapshot,
    guild_object,
    my_guild_object,
)
from hearth.core.models.members import Member, member_object
from hearth.core.models.messages import (
    Message,
    MessageObject,
    MessageReference,
    in_event,
    mention_json,
    message_object,
)
from hearth.core.models.pins import PinnedMessageObject, PinnedMessagesObject
from hearth.core.models.private import private_channel_object
from hearth.core.models.reactions import ReactionEmoji, reaction_object
from hearth.core.models.roles import Role, role_object
from hearth.core.models.users import (
    Application,
    User,
    application_object,
    private_user_object,
    user_object,
)
from hearth.core.operations import OPERATIONS
from hearth.core.wire import encode, timestamp
from tests.conformance.facts import FACTS, object_faults, reply_faults

assert MODULES

HERE = Path(__file__).parent

user = User(id=1 << 60, username="ann", bot=True)
member = Member(
    guild_id=9, user_id=user.id, joined_at_ms=0, roles=(5,), communication_disabled_until_ms=5
)
role = Role(id=5, guild_id=9, name="x", managed=True, bot_id=user.id)
emoji = Emoji(id=6, guild_id=9, name="xy", roles=(5,), user_id=user.id)
snapshot = Snapshot(
    guild=Guild(id=9, name="g", owner_id=user.id),
    channels={},
    roles={5: role},
    members={user.id: member},
    users={},
    presences={},
    emojis={6: emoji},
)
embed = Embed(
    title="t",
    url="https://a.b",
    timestamp="2020-01-01",
    author=EmbedAuthor(name="a", url="https://a.b", icon_url="https://a.b"),
    footer=EmbedFooter(text="a", icon_url="https://a.b"),
    image=EmbedMedia(url="https://a.b"),
    thumbnail=EmbedMedia(url="https://a.b"),
    fields=[EmbedField(name="a", value="b")],
)
message = Message(
    id=1 << 60,
    channel_id=7,
    author_id=user.id,
    type=19,
    content="x",
    edited_at_ms=1,
    mention_roles=(5,),
    embeds=embeds_json([embed]),
    reference=MessageReference(7, 8, 9),
)
entry = AuditEntry(
    id=1,
    guild_id=9,
    user_id=user.id,
    action_type=10,
    target_id=None,
    changes=b"[]",
    options=b"{}",
    reason="x",
)


def with_reactions(shown: MessageObject) -> MessageObject:
    """A message that people reacted to."""
    emojis = ReactionEmoji(None, "👍"), ReactionEmoji(5, "own", True), ReactionEmoji(6, "")
    shown.reactions = [reaction_object(emoji, 2, mine=True) for emoji in emojis]
    return shown


KINDS = (0, 2, 4, 5, 13, 15, 16)
dm = Channel(id=11, guild_id=None, type=ChannelType.DM, name="")
group = Channel(id=12, guild_id=None, type=ChannelType.GROUP_DM, name="", owner_id=user.id)

SHOWN: list[tuple[str, Any]] = [
    ("UserResponse", user_object(user)),
    ("UserPIIResponse", private_user_object(user)),
    ("GuildMemberResponse", member_object(member, user)),
    ("GuildRoleResponse", role_object(role)),
    ("GuildWithCountsResponse", guild_object(snapshot, with_counts=True)),
    ("MyGuildResponse", my_guild_object(snapshot, user.id, 8, with_counts=True)),
    (
        "PrivateApplicationResponse",
        application_object(Application(id=1, bot_id=2, owner_id=3, name="x"), user, user),
    ),
    ("PrivateChannelResponse", private_channel_object(dm, [user], 5, 5)),
    ("PrivateChannelResponse", private_channel_object(dm, [user])),
    ("PrivateGroupChannelResponse", private_channel_object(group, [user], 5)),
    ("AuditLogEntryResponse", audit_entry_object(entry)),
    ("EmojiResponse", emoji_object(emoji, user)),
    ("MessageResponse", message_object(message, user)),
    ("MessageResponse", with_reactions(message_object(message, user))),
    (
        "PinnedMessagesResponse",
        PinnedMessagesObject(
            items=[
                PinnedMessageObject(pinned_at=timestamp(1), message=message_object(message, user))
            ],
            has_more=False,
        ),
    ),
    (
        "MessageResponse",
        in_event(
            message_object(
                message,
                user,
                [mention_json(user, member)],
                message_object(message, user),
                nonce="1",
            ),
            9,
            member,
        ),
    ),
    *(
        (
            "GuildChannelResponse",
            channel_object(
                Channel(id=7, guild_id=9, type=kind, name="x", overwrites=(Overwrite(9, 0, 1, 2),)),
                5,
            ),
        )
        for kind in KINDS
    ),
]


@pytest.mark.parametrize(("schema", "value"), SHOWN, ids=[schema for schema, _ in SHOWN])
def test_a_reply_has_every_required_key_with_its_type(schema: str, value: Any) -> None:
    assert object_faults(schema, json.loads(encode(value)), schema) == []


def test_the_check_finds_faults() -> None:
    wrong = json.loads(encode(role_object(role))) | {"permissions": 5, "icon": [], "x": 1}
    wrong |= {"id": "x"}
    del wrong["name"]
    wrong["colors"]["primary_color"] = None
    assert sorted(object_faults("GuildRoleResponse", wrong, "")) == [
        ".colors.primary_color: null, not integer",
        ".icon: a list, not string|null",
        ".id: 'x' is no id",
        ".name: missing",
        ".permissions: integer, not string",
        ".x: not in GuildRoleResponse",
    ]
    shown = json.loads(encode(message_object(message, user)))
    assert reply_faults("list_messages", [shown]) == []
    assert reply_faults("list_messages", [shown | {"timestamp": "now", "type": 200}, 5]) == [
        "list_messages.0.type: 200 is none of "
        f"{FACTS['schemas']['MessageResponse']['limits']['type']['enum']}",
        "list_messages.0.timestamp: 'now' is no time",
        "list_messages.1: integer, not MessageResponse",
    ]
    assert reply_faults("get_channel", {"id": "1"}) != []
    assert reply_faults("login", {"x": 1}) == []


LACKS = {
    ("create_guild_sticker", "file"): "a file is no field of the form",
    ("list_application_commands", "with_localizations"): "there are no commands",
}
"""Keys that a form does not have although Discord's has them, and why nobody can miss them."""


def keys_of(form: Any) -> set[str]:
    """The keys of a request, or of each in a list of them, as they are on the wire."""
    if get_origin(form) is list:
        (form,) = get_args(form)
    return set() if form is None else {each.encode_name for each in fields(form)}


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name in FACTS["operations"]])
def test_a_form_has_every_parameter(name: str) -> None:
    facts, operation = FACTS["operations"][name], OPERATIONS[name]
    lacked = {key for where, key in LACKS if where == name}
    theirs = {*facts["body"], *facts["query"]}
    assert theirs - keys_of(operation.body) - keys_of(operation.query) == lacked


def test_every_guild_channel_type_is_shown() -> None:
    threads = {10, 11, 12}
    private = {1, 3}
    assert {*KINDS} == {int(kind) for kind in ChannelType} - threads - private
    assert OverwriteRequest(id=1).overwrite() == Overwrite(1, 0, 0, 0)


def test_the_deferred_parameters_are_published() -> None:
    published = json.loads((HERE / "deferred.json").read_text())
    assert published == [
        {
            "operation": row.operation,
            "parameter": row.parameter,
            "issue": row.issue,
            "why": row.why,
            **({"values": list(row.values)} if row.values else {}),
            **({"bits": row.bits} if row.bits else {}),
            "code": row.error.code,
        }
        for row in ROWS
    ]


@pytest.mark.parametrize("row", ROWS, ids=[f"{r.operation}-{r.parameter}-{r.bits}" for r in ROWS])
def test_a_deferred_parameter_exists(row: Any) -> None:
    assert row.operation in OPERATIONS
    operation = OPERATIONS[row.operation]
    assert row.parameter.partition(".")[0] in keys_of(operation.body) | keys_of(operation.query)
