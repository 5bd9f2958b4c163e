"""Operation × role → code: one table for all doors.

The guild lets @everyone see and nothing else. `below` and `above` have exactly the permission that
the operation needs, one under and one over the member and the roles that it is about; `blind` has
it too, but cannot see the channel. `stranger` is no member.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from msgspec import Struct

from hearth.actions.all import MODULES
from hearth.core.operations import OPERATIONS
from hearth.core.permissions import P
from tests.conformance.facts import reply_faults
from tests.harness import PASSWORD, Answer, Client, Gateway, Refusal, Server
from tests.pictures import data_uri, still

assert MODULES

_claimers = count()

ROLES = ("anonymous", "stranger", "member", "below", "above", "blind", "owner", "bot")


class House:
    """A guild with somebody in every role, for all rows of the table."""

    guild: int
    text: int
    high: int
    low: int

    def __init__(self, server: Server) -> None:
        self.server = server
        people = (name for name in ROLES if name not in ("anonymous", "bot"))
        self.people = {name: server.person(name, PASSWORD) for name in people}
        self.victim = server.person("victim", PASSWORD)
        self.bad = server.person("bad")
        self.owner = self.people["owner"]
        self.guild, self.text = server.guild("House", "owner")
        self.people["bot"] = server.bot("bot", "owner", self.guild)
        for name in ("member", "below", "above", "blind", "victim"):
            server.join(self.guild, name)
        nobody = Client(server, 0, "", name="anonymous")
        self.people["anonymous"] = nobody
        self.clients = [*self.people.values(), self.victim, self.bad]
        self.targets: list[int] = []

    async def build(self) -> None:
        """Make the roles, the highest first: at one position the older is above."""
        await self.do("PATCH", f"/guilds/{self.guild}/roles/{self.guild}", permissions=1024)
        self.high = await self.role()
        self.targets = [await self.role() for _ in range(12)]
        self.low = await self.role()
        for name, role in (("below", self.low), ("above", self.high), ("blind", self.high)):
            await self.give(self.people[name], role)
        await self.close()

    async def close(self) -> None:
        """End the connections, which belong to one test's loop."""
        for client in self.clients:
            if client.gateway is not None:
                await client.gateway.close()
                client.gateway = None
            if client.session is not None:
                await client.session.close()

    async def do(self, method: str, path: str, **body: Any) -> Any:
        """The owner does something; it must work."""
        answer = await self.owner.call(method, path, json=body)
        assert answer.status < 300, answer.body
        return answer.body

    async def role(self) -> int:
        """A new role without permissions, below all others."""
        made = await self.do("POST", f"/guilds/{self.guild}/roles", name="role", permissions=0)
        return int(made["id"])

    async def give(self, who: Client, role: int) -> None:
        """Give a role."""
        await self.do("PUT", f"/guilds/{self.guild}/members/{who.id}/roles/{role}")

    async def channel(self, **more: Any) -> int:
        """A new channel that all but `blind` see."""
        blind = {"id": self.people["blind"].id, "type": 1, "allow": 0, "deny": P.VIEW_CHANNEL}
        made = await self.do(
            "POST",
            f"/guilds/{self.guild}/channels",
            name="new",
            permission_overwrites=[blind],
            **more,
        )
        return int(made["id"])

    async def message(self, channel: int) -> int:
        """A new message of the victim's."""
        everyone = {"type": 0, "allow": P.SEND_MESSAGES, "deny": 0}
        await self.do("PUT", f"/channels/{channel}/permissions/{self.guild}", **everyone)
        answer = await self.victim.post(f"/channels/{channel}/messages", {"content": "x"})
        assert answer.status == 200, answer.body
        await self.do("DELETE", f"/channels/{channel}/permissions/{self.guild}")
        return int(answer.body["id"])

    async def target(self) -> int:
        """The victim is a member and has the role between `low` and `high`, which it gives."""
        self.server.join(self.guild, "victim")
        await self.give(self.victim, self.targets[0])
        return self.targets[0]


Prepare = Callable[[House], Awaitable[dict[str, Any]]]


class Row(Struct):
    """How an operation is called, and what each role gets: a status, or the error's code."""

    codes: dict[str, int]
    needs: int = 0
    body: dict[str, Any] | None = None
    prepare: Prepare | None = None
    query: dict[str, str] | None = None


def in_guild(status: int, member: int = 50013, below: int | None = None) -> dict[str, int]:
    """Codes of an operation in a guild, whatever one sees of it."""
    reached = status if below is None else below
    return {
        "anonymous": 401,
        "stranger": 50001,
        "member": member,
        "below": reached,
        "above": status,
        "blind": status,
        "owner": status,
        "bot": member,
    }


def in_channel(status: int, member: int = 50013, below: int | None = None) -> dict[str, int]:
    """Codes of an operation in a channel: not for those who do not see it."""
    return {**in_guild(status, member, below), "blind": 50001}


def signed_in(status: int) -> dict[str, int]:
    return dict.fromkeys(ROLES, status) | {"anonymous": 401}


BOTS = dict.fromkeys(ROLES, 20002) | {"anonymous": 401, "bot": 200}
PEOPLE = dict.fromkeys(ROLES, 204) | {"anonymous": 401, "bot": 20001}


def people(status: int) -> dict[str, int]:
    return dict.fromkeys(ROLES, status) | {"anonymous": 401, "bot": 20001}


async def a_claim(house: House) -> dict[str, Any]:
    code = house.server.operate("create_claim_link")["link"].partition("#claim=")[2]
    name = f"claimer{next(_claimers)}"
    return {"json": {"username": name, "password": PASSWORD, "claim": code}}


async def a_member(house: House) -> dict[str, Any]:
    house.server.join(house.guild, "victim")
    return {"user_id": house.victim.id}


async def a_channel(house: House) -> dict[str, Any]:
    return {"channel_id": await house.channel()}


async def a_message(house: House) -> dict[str, Any]:
    channel = await house.channel()
    return {"channel_id": channel, "message_id": await house.message(channel)}


async def an_overwrite(house: House) -> dict[str, Any]:
    channel = await house.channel()
    allow = {"type": 0, "allow": P.VIEW_CHANNEL, "deny": 0}
    await house.do("PUT", f"/channels/{channel}/permissions/{house.guild}", **allow)
    return {"channel_id": channel, "overwrite_id": house.guild}


async def a_target(house: House) -> dict[str, Any]:
    return {"user_id": house.victim.id, "role_id": await house.target()}


async def a_free_target(house: House) -> dict[str, Any]:
    return {"role_id": house.targets.pop()}


async def a_bot(house: House) -> dict[str, Any]:
    return {"application_id": house.people["bot"].id}


async def a_dm(house: House) -> dict[str, Any]:
    return {"json": {"recipient_id": house.victim.id}}


async def a_recipient(house: House) -> dict[str, Any]:
    return {**await a_channel(house), "user_id": house.victim.id}


async def somebody(house: House) -> dict[str, Any]:
    return {"user_id": house.victim.id}


async def a_harvest(house: House) -> dict[str, Any]:
    return {"harvest_id": 1}


async def a_kind(house: House) -> dict[str, Any]:
    return {"settings_type": 1}


async def of_dms(house: House) -> dict[str, Any]:
    return {"guild_id": "@me"}


async def a_place(house: House) -> dict[str, Any]:
    channel = await house.channel()
    return {"json": [{"id": channel, "position": 1}]}


async def an_order(house: House) -> dict[str, Any]:
    return {"json": [{"id": await house.target(), "position": 1}]}


async def a_ban(house: House) -> dict[str, Any]:
    await house.do("PUT", f"/guilds/{house.guild}/bans/{house.bad.id}")
    return {"user_id": house.bad.id}


async def an_unban(house: House) -> dict[str, Any]:
    await house.owner.delete(f"/guilds/{house.guild}/bans/{house.bad.id}")
    return {"json": {"user_ids": [house.bad.id]}}


async def a_free_member(house: House) -> dict[str, Any]:
    await house.owner.delete(f"/guilds/{house.guild}/bans/{house.victim.id}")
    await house.target()
    return {"user_id": house.victim.id}


async def an_invite(house: House) -> dict[str, Any]:
    channel = await house.channel()
    made = await house.do("POST", f"/channels/{channel}/invites")
    return {"code": made["code"], "channel_id": channel}


async def an_invite_elsewhere(house: House) -> dict[str, Any]:
    answer = await house.bad.post("/guilds", {"name": "Other"})
    channel = answer.body["system_channel_id"]
    made = await house.bad.post(f"/channels/{channel}/invites", {})
    return {"code": made.body["code"]}


async def a_guild_of_all(house: House) -> dict[str, Any]:
    """A guild of the owner's, where all but the stranger are members."""
    guild, _ = house.server.guild("Room", "owner")
    for name in ("member", "below", "above", "blind"):
        house.server.join(guild, name)
    house.server.operate("join_bot", {"user": "bot", "permissions": 0}, guild_id=guild)
    return {"guild_id": guild}


async def an_emoji(house: House) -> dict[str, Any]:
    path = f"/guilds/{house.guild}/emojis"
    made = await house.do("POST", path, name="wave", image=IMAGE)
    return {"emoji_id": int(made["id"])}


async def a_sticker(house: House) -> dict[str, Any]:
    form = aiohttp.FormData({"name": "wave", "tags": "wave"}, default_to_multipart=True)
    form.add_field("file", still(), filename="a.png", content_type="image/png")
    made = await house.owner.call("POST", f"/guilds/{house.guild}/stickers", data=form)
    assert made.status == 201, made.body
    assert reply_faults("create_guild_sticker", made.body) == []
    return {"sticker_id": int(made.body["id"])}


PICTURES = {"emoji": an_emoji, "sticker": a_sticker}


async def a_reaction(house: House) -> dict[str, Any]:
    return {**await a_message(house), "emoji_name": "👍", "user_id": house.victim.id}


async def many_messages(house: House) -> dict[str, Any]:
    at = await a_message(house)
    return {**at, "json": {"messages": [at["message_id"], at["message_id"] + 1]}}


async def a_voice(house: House) -> dict[str, Any]:
    return {"channel_id": await house.channel(type=2)}


async def a_stage_to_open(house: House) -> dict[str, Any]:
    return {"json": {"channel_id": await house.channel(type=13), "topic": "x"}}


async def a_stage(house: House) -> dict[str, Any]:
    channel = await house.channel(type=13)
    await house.do("POST", "/stage-instances", channel_id=channel, topic="x")
    return {"channel_id": channel}


async def no_upload(house: House) -> dict[str, Any]:
    return {"upload_filename": "x"}


IMAGE = data_uri(still())
SEND, READ = P.SEND_MESSAGES, P.READ_MESSAGE_HISTORY
STAGE = P.MANAGE_CHANNELS | P.MUTE_MEMBERS | P.MOVE_MEMBERS | P.CONNECT

REST: dict[str, Row] = {
    "login": Row(dict.fromkeys(ROLES, 200), body={"login": "victim", "password": PASSWORD}),
    "logout": Row(PEOPLE),
    "register": Row(dict.fromkeys(ROLES, 200), prepare=a_claim),
    "login_with_totp": Row(dict.fromkeys(ROLES, 60011), body={"ticket": "x", "code": "123456"}),
    "login_with_backup_code": Row(
        dict.fromkeys(ROLES, 60011), body={"ticket": "x", "code": "123456"}
    ),
    "forgot_password": Row(dict.fromkeys(ROLES, 40006), body={"login": "victim"}),
    "reset_password": Row(dict.fromkeys(ROLES, 50020), body={"token": "x", "password": PASSWORD}),
    "list_relationships": Row(people(200)),
    "create_relationship": Row(people(204), body={}, prepare=somebody),
    "send_friend_request": Row(people(204), body={"username": "victim"}),
    "update_relationship": Row(people(80006), body={"nickname": "x"}, prepare=somebody),
    "delete_relationship": Row(people(204), prepare=somebody),
    "list_notes": Row(people(200)),
    "get_note": Row(people(10013), prepare=somebody),
    "update_note": Row(people(204), body={"note": "x"}, prepare=somebody),
    "get_user_settings": Row(people(200)),
    "update_user_settings": Row(people(200), body={"theme": "light"}),
    "get_proto_settings": Row(people(200), prepare=a_kind),
    "update_proto_settings": Row(people(200), body={"settings": "AA=="}, prepare=a_kind),
    "update_notification_settings": Row(people(200), body={"muted": True}, prepare=of_dms),
    "update_all_notification_settings": Row(people(200), body={"guilds": {}}),
    "ack_bulk": Row(people(204), body={"read_states": []}),
    "list_auth_sessions": Row(people(200)),
    "logout_auth_sessions": Row(people(50035), body={"session_id_hashes": ["x"]}),
    "enable_totp": Row(people(50035), body={"password": "not this"}),
    "disable_totp": Row(people(60002), body={"code": "123456"}),
    "regenerate_backup_codes": Row(people(50035), body={"password": "not this"}),
    "set_guild_mfa_level": Row(in_guild(50013) | {"owner": 60003}, body={"level": 1}),
    "disable_my_account": Row(people(50035), body={"password": "not this"}),
    "delete_my_account": Row(people(50035), body={"password": "not this"}),
    "get_harvest": Row(people(204)),
    "download_harvest": Row(people(404), prepare=a_harvest),
    "create_harvest": Row(people(200)),
    "update_my_user": Row(people(200), body={"global_name": "Somebody"}),
    "update_my_profile": Row(people(200), body={"pronouns": "they"}),
    "get_user_profile": Row(people(200) | {"stranger": 50001}, prepare=a_member),
    "get_gateway": Row(dict.fromkeys(ROLES, 200)),
    "check_voice": Row(dict.fromkeys(ROLES, 200)),
    "get_bot_gateway": Row(BOTS),
    "get_my_user": Row(signed_in(200)),
    "get_user": Row(signed_in(200), prepare=somebody),
    "list_my_guilds": Row(signed_in(200)),
    "get_my_application": Row(BOTS),
    "get_my_oauth2_application": Row(BOTS),
    "list_application_commands": Row(BOTS, prepare=a_bot),
    "get_soundboard_default_sounds": Row(signed_in(200)),
    "list_sticker_packs": Row(signed_in(200)),
    "list_voice_regions": Row(signed_in(200)),
    "list_guild_voice_regions": Row(in_guild(200, 200)),
    "get_guild": Row(in_guild(200, 200)),
    "list_guild_channels": Row(in_guild(200, 200)),
    "create_guild_channel": Row(in_guild(201), P.MANAGE_CHANNELS, {"name": "made"}),
    "create_dm": Row(signed_in(200), prepare=a_dm),
    "list_private_channels": Row(signed_in(200)),
    "add_group_dm_user": Row(in_channel(50024, 50024), body={}, prepare=a_recipient),
    "delete_group_dm_user": Row(in_channel(50024, 50024), prepare=a_recipient),
    "get_channel": Row(in_channel(200, 200), prepare=a_channel),
    "update_channel": Row(in_channel(200), P.MANAGE_CHANNELS, {"topic": "x"}, a_channel),
    "delete_channel": Row(in_channel(200), P.MANAGE_CHANNELS, prepare=a_channel),
    "set_channel_permission_overwrite": Row(
        in_channel(204), P.MANAGE_ROLES, {"type": 0, "deny": "1024"}, an_overwrite
    ),
    "delete_channel_permission_overwrite": Row(
        in_channel(204), P.MANAGE_ROLES, prepare=an_overwrite
    ),
    "trigger_typing_indicator": Row(in_channel(204), SEND, prepare=a_channel),
    "create_message": Row(in_channel(200), SEND, {"content": "x"}, a_channel),
    "create_attachments": Row(
        in_channel(200),
        SEND | P.ATTACH_FILES,
        {"files": [{"filename": "a.txt", "file_size": 5}]},
        a_channel,
    ),
    "delete_attachment": Row(dict.fromkeys(ROLES, 404) | {"anonymous": 401}, prepare=no_upload),
    "refresh_attachment_urls": Row(
        dict.fromkeys(ROLES, 200) | {"anonymous": 401}, body={"attachment_urls": ["x"]}
    ),
    "list_messages": Row(in_channel(200, 200), READ, prepare=a_message),
    "get_message": Row(in_channel(200), READ, prepare=a_message),
    "update_message": Row(in_channel(200), P.MANAGE_MESSAGES, {"flags": 4}, a_message),
    "delete_message": Row(in_channel(204), P.MANAGE_MESSAGES, prepare=a_message),
    "bulk_delete_messages": Row(in_channel(204), P.MANAGE_MESSAGES, prepare=many_messages),
    "add_my_message_reaction": Row(in_channel(204), READ | P.ADD_REACTIONS, prepare=a_reaction),
    "delete_my_message_reaction": Row(in_channel(204, 204), prepare=a_reaction),
    "delete_user_message_reaction": Row(in_channel(204), P.MANAGE_MESSAGES, prepare=a_reaction),
    "list_message_reactions_by_emoji": Row(in_channel(200), READ, prepare=a_reaction),
    "delete_all_message_reactions": Row(in_channel(204), P.MANAGE_MESSAGES, prepare=a_reaction),
    "delete_all_message_reactions_by_emoji": Row(
        in_channel(204), P.MANAGE_MESSAGES, prepare=a_reaction
    ),
    "list_pins": Row(in_channel(200, 200), READ, prepare=a_message),
    "create_pin": Row(in_channel(204), P.PIN_MESSAGES, prepare=a_message),
    "delete_pin": Row(in_channel(204), P.MANAGE_MESSAGES, prepare=a_message),
    "deprecated_list_pins": Row(in_channel(200, 200), READ, prepare=a_message),
    "deprecated_create_pin": Row(in_channel(204), P.MANAGE_MESSAGES, prepare=a_message),
    "deprecated_delete_pin": Row(in_channel(204), P.PIN_MESSAGES, prepare=a_message),
    "list_recent_mentions": Row(people(200)),
    "delete_recent_mention": Row(people(10008), prepare=a_message),
    "ack_message": Row(in_channel(200, 200) | {"bot": 20001}, prepare=a_message),
    "delete_ack": Row(in_channel(204, 204) | {"bot": 20001}, prepare=a_channel),
    "ack_pins": Row(in_channel(204, 204) | {"bot": 20001}, prepare=a_channel),
    "ack_guild": Row(in_guild(204, 204) | {"bot": 20001}),
    "list_guild_roles": Row(in_guild(200, 200)),
    "get_guild_role": Row(in_guild(200, 200), prepare=a_target),
    "create_guild_role": Row(in_guild(200), P.MANAGE_ROLES, {"permissions": "0"}),
    "update_guild_role": Row(in_guild(200, below=50013), P.MANAGE_ROLES, {"name": "y"}, a_target),
    "delete_guild_role": Row(in_guild(204, below=50013), P.MANAGE_ROLES, prepare=a_free_target),
    "add_guild_member_role": Row(in_guild(204, below=50013), P.MANAGE_ROLES, prepare=a_target),
    "delete_guild_member_role": Row(in_guild(204, below=50013), P.MANAGE_ROLES, prepare=a_target),
    "get_guild_member": Row(in_guild(200, 200), prepare=a_target),
    "update_guild_member": Row(
        in_guild(200, below=50013), P.MANAGE_NICKNAMES, {"nick": "y"}, a_target
    ),
    "delete_guild_member": Row(in_guild(204, below=50013), P.KICK_MEMBERS, prepare=a_target),
    "update_guild": Row(in_guild(200), P.MANAGE_GUILD, {"description": "x"}),
    "create_my_guild": Row(signed_in(201), body={"name": "Made"}),
    "delete_guild": Row(in_guild(50013) | {"owner": 204}, prepare=a_guild_of_all),
    "delete_guild_by_post": Row(in_guild(50013) | {"owner": 204}, prepare=a_guild_of_all),
    "leave_guild": Row(in_guild(204, 204) | {"owner": 50055}, prepare=a_guild_of_all),
    "get_my_guild_member": Row(in_guild(200, 200)),
    "update_my_guild_member": Row(in_guild(200), P.CHANGE_NICKNAME, {"nick": "me"}),
    "update_my_nick": Row(in_guild(200), P.CHANGE_NICKNAME, {"nick": "myself"}),
    "list_guild_members": Row(in_guild(200, 200)),
    "search_guild_members": Row(in_guild(200, 200), query={"query": "v"}),
    "add_guild_member": Row(in_guild(40006, 40006), body={"access_token": "x"}, prepare=somebody),
    "list_guild_bans": Row(in_guild(200), P.BAN_MEMBERS, prepare=a_ban),
    "get_guild_ban": Row(in_guild(200), P.BAN_MEMBERS, prepare=a_ban),
    "ban_user_from_guild": Row(in_guild(204, below=50013), P.BAN_MEMBERS, prepare=a_free_member),
    "unban_user_from_guild": Row(in_guild(204), P.BAN_MEMBERS, prepare=a_ban),
    "bulk_ban_users_from_guild": Row(
        in_guild(200), P.BAN_MEMBERS | P.MANAGE_GUILD, prepare=an_unban
    ),
    "create_channel_invite": Row(in_channel(200), P.CREATE_INSTANT_INVITE, {}, a_channel),
    "list_channel_invites": Row(in_channel(200), P.MANAGE_CHANNELS, prepare=an_invite),
    "list_guild_invites": Row(in_guild(200), P.MANAGE_GUILD),
    "invite_resolve": Row(dict.fromkeys(ROLES, 200), prepare=an_invite),
    "invite_revoke": Row(in_guild(200) | {"blind": 50013}, P.MANAGE_CHANNELS, prepare=an_invite),
    "accept_invite": Row(signed_in(200) | {"bot": 20001}, prepare=an_invite_elsewhere),
    "bulk_update_guild_roles": Row(in_guild(200, below=50013), P.MANAGE_ROLES, prepare=an_order),
    "guild_role_member_counts": Row(in_guild(200, 200)),
    "bulk_update_guild_channels": Row(
        in_guild(204) | {"blind": 50013}, P.MANAGE_CHANNELS, prepare=a_place
    ),
    "list_guild_audit_log_entries": Row(in_guild(200), P.VIEW_AUDIT_LOG),
    "get_self_voice_state": Row(in_guild(10065, 10065)),
    "update_self_voice_state": Row(in_guild(10065, 10065), body={}),
    "get_voice_state": Row(in_guild(10065, 10065), prepare=somebody),
    "update_voice_state": Row(in_guild(10065, 10065), body={}, prepare=somebody),
    "create_stage_instance": Row(in_channel(200), STAGE, {"topic": "x"}, prepare=a_stage_to_open),
    "get_stage_instance": Row(in_channel(200, 200), prepare=a_stage),
    "update_stage_instance": Row(in_channel(200), STAGE, {"topic": "y"}, a_stage),
    "delete_stage_instance": Row(in_channel(204), STAGE, prepare=a_stage),
    "update_voice_channel_status": Row(
        in_channel(204),
        P.CONNECT | P.SET_VOICE_CHANNEL_STATUS | P.MANAGE_CHANNELS,
        {"status": "x"},
        a_voice,
    ),
    "get_call": Row(in_channel(50024, 50024), prepare=a_channel),
    "update_call": Row(in_channel(50024, 50024), body={}, prepare=a_channel),
    "ring_call": Row(in_channel(50024, 50024), body={}, prepare=a_channel),
    "stop_ringing": Row(in_channel(50024, 50024), body={}, prepare=a_channel),
    "guild_search": Row(in_guild(200, 200), query={"content": "x"}),
    "channel_search": Row(in_channel(200), READ, prepare=a_channel, query={"content": "x"}),
    "list_guild_emojis": Row(in_guild(200, 200)),
    "get_guild_emoji": Row(in_guild(200, 200), prepare=an_emoji),
    "create_guild_emoji": Row(
        in_guild(201), P.CREATE_GUILD_EXPRESSIONS, {"name": "made", "image": IMAGE}
    ),
    "update_guild_emoji": Row(in_guild(200), P.MANAGE_GUILD_EXPRESSIONS, {"name": "xy"}, an_emoji),
    "delete_guild_emoji": Row(in_guild(204), P.MANAGE_GUILD_EXPRESSIONS, prepare=an_emoji),
    "list_guild_stickers": Row(in_guild(200, 200)),
    "get_guild_sticker": Row(in_guild(200, 200), prepare=a_sticker),
    "get_sticker": Row(signed_in(200) | {"stranger": 10060}, prepare=a_sticker),
    # Its file comes by multipart; who may send one is asked for it.
    "create_guild_sticker": Row(
        in_guild(50035), P.CREATE_GUILD_EXPRESSIONS, {"name": "made", "tags": "x"}
    ),
    "update_guild_sticker": Row(
        in_guild(200), P.MANAGE_GUILD_EXPRESSIONS, {"name": "xy"}, a_sticker
    ),
    "delete_guild_sticker": Row(in_guild(204), P.MANAGE_GUILD_EXPRESSIONS, prepare=a_sticker),
}

SOCKET: dict[str, dict[str, Any]] = {
    "explain_permission": {"user": "victim", "channel": "#general", "permission": "VIEW_CHANNEL"},
    "create_user": {"username": "made", "password": PASSWORD},
    "create_token": {"user": "victim"},
    "create_claim_link": {},
    "create_reset_link": {"user": "victim"},
    "suspend_user": {"user": "made"},
    "restore_user": {"user": "made"},
    "export_user": {"user": "made"},
    "delete_user": {"user": "made"},
    "create_guild": {"name": "Run", "owner": "victim"},
    "create_bot": {"username": "madebot", "owner": "victim"},
    "find_guild": {"guild": "House"},
    "join_guild": {"user": "stranger"},
    "join_bot": {"user": "madebot", "permissions": 8},
    "check_storage": {},
    "rebuild_search": {},
    "read_messages": {"channel": "{text}"},
    "read_operator_log": {},
    "list_users": {},
    "list_bots": {},
    "list_guilds": {},
    "show_account": {"user": "victim"},
    "list_sessions": {"user": "victim"},
    "show_guild": {"guild": "House"},
    "measure_guild": {"guild": "House"},
    "show_stats": {},
    "report_voice": {},
    "list_members_as_operator": {"guild": "House"},
    "create_invite": {"channel": "{text}"},
    "list_invites_as_operator": {"guild": "House"},
    "delete_invite": {"code": "{code}"},
    "list_roles_as_operator": {"guild": "House"},
    "grant_role": {"guild": "House", "user": "member", "role": "{low}"},
    "revoke_role": {"guild": "House", "user": "member", "role": "{low}"},
    "add_ban": {"guild": "Run", "user": "bad"},
    "list_bans_as_operator": {"guild": "Run"},
    "remove_ban": {"guild": "Run", "user": "bad"},
    "list_emojis_as_operator": {"guild": "House"},
    "delete_emoji": {"guild": "House", "emoji": "{emoji}"},
    "list_stickers_as_operator": {"guild": "House"},
    "delete_sticker": {"guild": "House", "sticker": "{sticker}"},
    "show_message": {"channel": "{text}", "message": "{message}"},
    "delete_message_as_operator": {"channel": "{text}", "message": "{message}"},
    "transfer_guild": {"guild": "Run", "user": "member"},
    "reset_bot_token": {"user": "madebot"},
    "end_sessions": {"user": "madebot"},
    "create_backup": {"directory": "{folder}/backup"},
    "delete_guild_as_operator": {"guild": "Run"},
}
"""The operator's operations with a body of each, in order; no other door has them."""

COMMANDS = {
    "request_channel_info": 43,
    "request_channel_statuses": 36,
    "request_guild_members": 8,
    "request_last_messages": 34,
    "request_soundboard_sounds": 31,
    "request_call_connect": 13,
    "request_voice_state": 4,
    "subscribe_guild": 14,
    "subscribe_guilds": 37,
    "update_presence": 3,
}
"""The gateway's, with their opcodes."""

INTERNAL = {
    "announce_presence",
    "find_presence",
    "end_sessions_of",
    "end_temporary_stay",
    "is_connected",
    "sweep_banned",
    "set_session_presence",
    "show_mentions",
    "show_presence",
    "show_user",
    "take_code",
    "set_password",
    "set_disabled",
    "erase_user",
    "forget_user",
    "delete_messages_of",
    "open_private_channel",
    "request_call_state",
    "enter_voice",
    "restore_voice",
    "end_ringing",
    "set_streaming",
    "readmit_voice",
    "leave_voice",
    "move_to_afk",
    "open_stage",
    "start_session",
}
"""What only the server itself calls: no door has them."""


@pytest.fixture(scope="module")
def built(server: Server) -> House:
    """The house; the table's rows share it."""
    made = House(server)
    with asyncio.Runner() as runner:
        runner.run(made.build())
    return made


@pytest.fixture
async def house(built: House) -> AsyncIterator[House]:
    """The house, whose connections end with the test."""
    yield built
    await built.close()


def test_every_operation_is_in_the_table() -> None:
    assert set(OPERATIONS) == {*REST, *SOCKET, *COMMANDS, *INTERNAL}
    for name, row in REST.items():
        assert OPERATIONS[name].path, name
        assert tuple(sorted(row.codes)) == tuple(sorted(ROLES)), name
    assert {name: op.op for name, op in OPERATIONS.items() if op.op is not None} == COMMANDS
    assert not any(OPERATIONS[name].path for name in (*SOCKET, *COMMANDS, *INTERNAL))


def outcome(answer: Answer) -> int:
    """The error's code, or the status where it says all."""
    if answer.status < 300:
        return answer.status
    return answer.code or answer.status


@pytest.mark.parametrize("name", REST)
async def test_rest(house: House, name: str) -> None:
    operation, row = OPERATIONS[name], REST[name]
    for role in (house.low, house.high):
        path = f"/guilds/{house.guild}/roles/{role}"
        await house.do("PATCH", path, permissions=row.needs)
    got: dict[str, int] = {}
    for role in ROLES:
        fresh = {} if row.prepare is None else await row.prepare(house)
        params = {"guild_id": house.guild, "channel_id": house.text, **fresh}
        path = operation.path.format(**params)
        headers: dict[str, str] = {}
        if name == "logout" and role != "anonymous":
            made = house.server.operate("create_token", {"user": role})
            headers["Authorization"] = made["token"]
        json = fresh.pop("json", row.body)
        more: dict[str, Any] = {} if json is None else {"json": json}
        more["params"] = row.query
        answer = await house.people[role].call(operation.method, path, headers=headers, **more)
        got[role] = outcome(answer)
        if answer.status in (200, 201):
            assert reply_faults(name, answer.body) == [], role
    assert got == row.codes


async def test_the_socket(house: House, tmp_path: Path) -> None:
    facts = {
        "text": house.text,
        "low": house.low,
        "message": await house.message(house.text),
        **{name: (await made(house))[f"{name}_id"] for name, made in PICTURES.items()},
        "folder": tmp_path,
    }
    for name, body in SOCKET.items():
        params = {"guild_id": house.guild} if name.startswith("join_") else {}
        filled = {
            key: each.format(**facts) if isinstance(each, str) else each
            for key, each in body.items()
        }
        value = house.server.operate(name, filled, **params)
        if name == "create_guild":
            house.server.join(int(value["id"]), "member")
        elif name == "create_invite":
            facts["code"] = value["id"]
    for name in (*REST, *COMMANDS, *INTERNAL, "nothing"):
        with pytest.raises(Refusal, match="404: Not Found"):
            house.server.operate(name, {}, guild_id=house.guild)


def test_the_socket_names_what_is_missing(house: House) -> None:
    with pytest.raises(Refusal, match="guild_id"):
        house.server.operate("join_guild", {"user": "victim"})
    with pytest.raises(Refusal, match="BASE_TYPE_REQUIRED"):
        house.server.operate("create_guild", {"name": "x"}, guild_id=house.guild)
    with pytest.raises(Refusal, match="50002"):
        house.server.operate("join_bot", {"user": "victim"}, guild_id=house.guild)


@pytest.mark.parametrize("role", ["stranger", "member", "owner", "bot"])
async def test_commands_of_the_gateway(house: House, role: str) -> None:
    server = house.server
    server.operate("join_guild", {"user": "victim"}, guild_id=house.guild)
    if role == "stranger":
        stranger = server.person("outsider")
        house.clients.append(stranger)
        house.people["stranger"] = stranger
    who = house.people[role]
    watcher = await house.victim.connect()
    # A bot without GUILD_MEMBERS asks for somebody, but not for all.
    gateway = await who.connect(**({"intents": 1} if who.is_bot else {}))
    await gateway.send(8, {"guild_id": house.guild, "query": "", "limit": 0, "nonce": "all"})
    await gateway.send(8, {"guild_id": house.guild, "user_ids": [house.victim.id], "nonce": "one"})
    await gateway.send(3, {"status": "dnd", "since": None, "activities": [], "afk": False})
    await gateway.send(1, None)
    await gateway.other(11)
    wanted = {"stranger": [], "member": ["all", "one"], "owner": ["all", "one"], "bot": ["one"]}
    nonces = [(await gateway.event("GUILD_MEMBERS_CHUNK"))["nonce"] for _ in wanted[role]]
    assert nonces == wanted[role]
    if role != "stranger":
        told = await watcher.event("PRESENCE_UPDATE")
        while (told["user"]["id"], told["status"]) != (str(who.id), "dnd"):
            told = await watcher.event("PRESENCE_UPDATE")
        return
    # What others do afterwards comes without a word of the stranger's.
    other = await house.people["member"].connect()
    await other.send(3, {"status": "idle", "since": None, "activities": [], "afk": False})
    told = await watcher.event("PRESENCE_UPDATE")
    while told["status"] != "idle":
        assert told["user"]["id"] != str(who.id)
        told = await watcher.event("PRESENCE_UPDATE")
    assert "GUILD_MEMBERS_CHUNK" not in gateway.names()


async def test_a_command_before_identify_ends_the_connection(house: House) -> None:
    for op in COMMANDS.values():
        gateway = await Gateway.open(house.server)
        await gateway.send(op, {"guild_id": house.guild})
        assert await gateway.closed() == 4003
        await gateway.close()
