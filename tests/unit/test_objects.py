"""What nouns look like on the wire."""

import json
from typing import Any

import pytest

from hearth.core.models.audit import AuditAction, AuditEntry, audit_entry_object
from hearth.core.models.channels import Channel, ChannelType, Overwrite, channel_object
from hearth.core.models.embeds import Embed, EmbedField, embeds_json
from hearth.core.models.guilds import Guild, Snapshot, guild_object, my_guild_object
from hearth.core.models.members import Member, member_object, partial_member_json
from hearth.core.models.messages import (
    Message,
    MessageReference,
    MessageType,
    in_event,
    mention_json,
    message_object,
)
from hearth.core.models.presence import Presence, presence_object
from hearth.core.models.roles import Role, role_object
from hearth.core.models.users import (
    Application,
    User,
    application_object,
    private_user_object,
    user_json,
    user_object,
)
from hearth.core.wire import encode

GUILD, ANN, BOB, BOT, TEXT = 1 << 60, (1 << 60) + 1, (1 << 60) + 2, (1 << 60) + 3, (1 << 60) + 4
ann = User(id=ANN, username="ann", global_name="Ann", flags=64)
bob = User(id=BOB, username="bob")
bot = User(id=BOT, username="helper", bot=True)
ann_member = Member(
    guild_id=GUILD,
    user_id=ANN,
    joined_at_ms=1_700_000_000_123,
    nick="Annie",
    roles=(7, 9),
    communication_disabled_until_ms=1_700_000_000_000,
)
everyone = Role(id=GUILD, guild_id=GUILD, name="@everyone", permissions=1 << 52)
snapshot = Snapshot(
    guild=Guild(id=GUILD, name="Home", owner_id=ANN, system_channel_id=TEXT),
    channels={},
    roles={GUILD: everyone},
    members={ANN: ann_member},
    users={ANN: ann},
    presences={},
)
message = Message(
    id=TEXT << 1,
    channel_id=TEXT,
    author_id=ANN,
    type=MessageType.DEFAULT,
    content="hello",
    mentions=(BOB,),
    mention_roles=(7,),
)


def shown(value: Any) -> Any:
    return json.loads(encode(value))


def test_a_user_has_no_discriminator_and_bots_are_marked() -> None:
    assert shown(user_object(ann)) == {
        "id": str(ANN),
        "username": "ann",
        "global_name": "Ann",
        "avatar": None,
        "discriminator": "0",
        "public_flags": 64,
        "flags": 64,
        "primary_guild": None,
        "avatar_decoration_data": None,
    }
    assert shown(user_object(bot))["bot"] is True


def test_a_user_encoded_before_is_the_same_user() -> None:
    assert encode(user_json(ann)) == encode(user_object(ann))
    assert user_json(ann) is user_json(User(id=ANN, username="ann", global_name="Ann", flags=64))
    assert shown(user_json(User(id=ANN, username="anna")))["username"] == "anna"


def test_one_sees_more_of_oneself() -> None:
    own = shown(private_user_object(bot))
    assert own["bot"] is True
    assert own.items() >= shown(user_object(bot)).items()
    assert own["email"] is None
    assert own["mfa_enabled"] is False


def test_an_application_shows_its_bot_and_owner() -> None:
    application = Application(id=5, bot_id=BOT, owner_id=ANN, name="Helper", flags=1 << 15)
    found = shown(application_object(application, bot, ann, guilds=3))
    assert (found["flags"], found["flags_new"]) == (32768, "32768")
    assert found["bot"]["id"] == str(BOT)
    assert found["owner"]["id"] == str(ANN)
    assert found["approximate_guild_count"] == 3


def test_a_member() -> None:
    found = shown(member_object(ann_member, ann))
    assert found.pop("user") == shown(user_object(ann))
    assert found == {
        "roles": ["7", "9"],
        "joined_at": "2023-11-14T22:13:20.123000+00:00",
        "nick": "Annie",
        "avatar": None,
        "banner": None,
        "communication_disabled_until": "2023-11-14T22:13:20.000000+00:00",
        "flags": 0,
        "deaf": False,
        "mute": False,
        "premium_since": None,
        "pending": False,
    }
    assert shown(partial_member_json(ann_member)) == found
    assert shown(member_object(ann_member, ann, in_event=True))["guild_id"] == str(GUILD)


def test_a_role() -> None:
    role = Role(
        id=7, guild_id=GUILD, name="x", color=5, secondary_color=6, managed=True, bot_id=BOT
    )
    found = shown(role_object(role))
    assert found["permissions"] == "0"
    assert found["color"] == 5
    assert found["colors"] == {"primary_color": 5, "secondary_color": 6, "tertiary_color": None}
    assert found["tags"] == {"bot_id": str(BOT)}
    assert "tags" not in shown(role_object(everyone))
    assert shown(role_object(everyone))["permissions"] == str(1 << 52)


COMMON = {
    "id",
    "type",
    "guild_id",
    "name",
    "position",
    "parent_id",
    "permission_overwrites",
    "nsfw",
    "flags",
}
TALK = COMMON | {
    "last_message_id",
    "last_pin_timestamp",
    "rate_limit_per_user",
}
VOICE = TALK | {"bitrate", "user_limit", "rtc_region", "video_quality_mode"}
WRITE = TALK | {"topic", "default_thread_rate_limit_per_user"}
FORUM = WRITE | {
    "available_tags",
    "default_reaction_emoji",
    "default_sort_order",
    "default_forum_layout",
}


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        (ChannelType.GUILD_CATEGORY, COMMON),
        (ChannelType.GUILD_TEXT, WRITE),
        (ChannelType.GUILD_ANNOUNCEMENT, WRITE),
        (ChannelType.GUILD_VOICE, VOICE),
        (ChannelType.GUILD_STAGE_VOICE, VOICE | {"topic"}),
        (ChannelType.GUILD_FORUM, FORUM),
        (ChannelType.GUILD_MEDIA, FORUM),
    ],
)
def test_a_channel_shows_what_its_type_has(kind: ChannelType, keys: set[str]) -> None:
    channel = Channel(id=TEXT, guild_id=GUILD, type=kind, name="x")
    assert shown(channel_object(channel)).keys() == keys


def test_a_text_channel() -> None:
    channel = Channel(
        id=TEXT,
        guild_id=GUILD,
        type=0,
        name="talk",
        position=3,
        parent_id=5,
        topic="t",
        rate_limit_per_user=10,
        overwrites=(Overwrite(GUILD, 0, 1 << 10, 1 << 11),),
        default_auto_archive_duration=60,
    )
    assert shown(channel_object(channel, 99)) == {
        "id": str(TEXT),
        "type": 0,
        "guild_id": str(GUILD),
        "name": "talk",
        "position": 3,
        "parent_id": "5",
        "permission_overwrites": [
            {"id": str(GUILD), "type": 0, "allow": "1024", "deny": "2048"},
        ],
        "nsfw": False,
        "flags": 0,
        "topic": "t",
        "last_message_id": "99",
        "last_pin_timestamp": None,
        "rate_limit_per_user": 10,
        "default_auto_archive_duration": 60,
        "default_thread_rate_limit_per_user": 0,
    }


def test_a_guild_counts_on_request() -> None:
    plain, counted = (
        shown(guild_object(snapshot)),
        shown(guild_object(snapshot, with_counts=True)),
    )
    assert counted.keys() - plain.keys() == {
        "approximate_member_count",
        "approximate_presence_count",
    }
    assert counted["approximate_member_count"] == 1
    assert plain["system_channel_id"] == str(TEXT)
    assert plain["afk_channel_id"] is None
    assert [role["name"] for role in plain["roles"]] == ["@everyone"]


def test_a_guild_of_ones_own() -> None:
    found = shown(my_guild_object(snapshot, ANN, 8, with_counts=True))
    assert (found["owner"], found["permissions"]) == (True, "8")
    assert found["approximate_presence_count"] == 0
    assert shown(my_guild_object(snapshot, BOB, 8))["owner"] is False


def test_a_presence_or_none() -> None:
    here = Presence(
        user_id=ANN, status="idle", activities=b'[{"name":"x"}]', clients={"web": "idle"}
    )
    assert shown(presence_object(ANN, here, GUILD)) == {
        "user": {"id": str(ANN)},
        "guild_id": str(GUILD),
        "status": "idle",
        "activities": [{"name": "x"}],
        "client_status": {"web": "idle"},
    }
    gone = shown(presence_object(ANN, None, GUILD))
    assert (gone["status"], gone["activities"], gone["client_status"]) == ("offline", [], {})


def test_an_audit_entry() -> None:
    bare = AuditEntry(
        id=1, guild_id=GUILD, user_id=None, action_type=AuditAction.ROLE_CREATE, target_id=None
    )
    assert shown(audit_entry_object(bare)) == {
        "id": "1",
        "action_type": 30,
        "user_id": None,
        "target_id": None,
    }
    full = AuditEntry(
        id=1,
        guild_id=GUILD,
        user_id=ANN,
        action_type=72,
        target_id=BOB,
        changes=b"[]",
        options=b'{"count":"1"}',
        reason="why",
    )
    found = shown(audit_entry_object(full, in_event=True))
    assert found["options"] == {"count": "1"}
    assert found["reason"] == "why"
    assert found["guild_id"] == str(GUILD)


# Messages


def test_a_message() -> None:
    assert shown(message_object(message, ann, [user_json(bob)])) == {
        "id": str(message.id),
        "type": 0,
        "channel_id": str(TEXT),
        "author": shown(user_object(ann)),
        "content": "hello",
        "timestamp": "2032-06-02T21:56:53.888000+00:00",
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [shown(user_object(bob))],
        "mention_roles": ["7"],
        "embeds": [],
        "flags": 0,
        "attachments": [],
        "components": [],
        "pinned": False,
    }


def test_the_nonce_is_there_for_who_sent_it() -> None:
    assert shown(message_object(message, ann, nonce="12"))["nonce"] == "12"
    assert shown(message_object(message, ann, nonce=0))["nonce"] == 0
    assert "nonce" not in shown(message_object(message, ann))


def test_an_event_tells_the_guild_and_the_members() -> None:
    bob_member = Member(guild_id=GUILD, user_id=BOB, joined_at_ms=0)
    mentions = [mention_json(bob, bob_member), mention_json(bot, None)]
    found = shown(in_event(message_object(message, ann, mentions), GUILD, ann_member))
    assert found["guild_id"] == str(GUILD)
    assert found["member"] == shown(partial_member_json(ann_member))
    assert "user" not in found["member"]
    assert found["mentions"][0]["member"]["roles"] == []
    assert found["mentions"][0].items() > shown(user_object(bob)).items()
    assert "member" not in found["mentions"][1]
    assert "member" not in shown(in_event(message_object(message, ann), GUILD, None))


def test_a_reply_tells_what_it_replies_to() -> None:
    reply = Message(
        id=message.id + 1,
        channel_id=TEXT,
        author_id=BOB,
        type=MessageType.REPLY,
        content="yes",
        edited_at_ms=1000,
        reference=MessageReference(TEXT, message.id, GUILD),
    )
    there = shown(message_object(reply, bob, referenced=message_object(message, ann)))
    assert there["message_reference"] == {
        "type": 0,
        "channel_id": str(TEXT),
        "message_id": str(message.id),
        "guild_id": str(GUILD),
    }
    assert there["referenced_message"]["content"] == "hello"
    assert there["edited_timestamp"] == "1970-01-01T00:00:01.000000+00:00"
    gone = shown(message_object(reply, bob, referenced=None))
    assert gone["referenced_message"] is None
    unsought = shown(message_object(reply, bob))
    assert "message_reference" in unsought
    assert "referenced_message" not in unsought
    # What is no reply has neither, whatever is passed.
    assert "referenced_message" not in shown(message_object(message, ann, referenced=None))


def test_without_the_intent_content_is_blank() -> None:
    embeds = embeds_json([Embed(title="t", fields=[EmbedField(name="a", value="b")])])
    rich = Message(
        id=message.id, channel_id=TEXT, author_id=ANN, type=0, content="hello", embeds=embeds
    )
    full = shown(message_object(rich, ann))
    assert full["embeds"][0]["title"] == "t"
    blank = shown(message_object(rich, ann, with_content=False))
    assert (blank.pop("content"), blank.pop("embeds")) == ("", [])
    assert full.items() >= blank.items()
