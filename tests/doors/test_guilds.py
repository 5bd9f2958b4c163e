"""Guilds over the wire: who is told of bans, invites and changes, and what becomes of sessions."""

from typing import Any

import pytest

from hearth.core.permissions import P
from tests.doors.conftest import Den
from tests.harness import Refusal

GUILDS, MODERATION, INVITES = 1 << 0, 1 << 2, 1 << 6


async def marker(den: Den, *clients: Any) -> None:
    """Wait until these have been told all that came before."""
    await den.say(den.ann, "marker")
    for client in clients:
        await client.event("MESSAGE_CREATE")


async def invite(den: Den, **body: Any) -> str:
    answer = await den.ann.post(f"/channels/{den.channel}/invites", body)
    assert answer.status == 200, answer.body
    return answer.body["code"]


async def test_a_ban_is_told_to_moderators_and_ends_the_membership(den: Den) -> None:
    allowed, without = den.bot(P.BAN_MEMBERS), den.bot()
    auditor, deaf = den.bot(P.VIEW_AUDIT_LOG), den.bot(P.BAN_MEMBERS)
    wanted = GUILDS | MODERATION | 1 << 9
    for bot, intents in (
        (allowed, wanted),
        (without, wanted),
        (auditor, wanted),
        (deaf, 1 | 1 << 9),
    ):
        await bot.connect(intents=intents)
    await den.bob.connect()
    await den.ann.connect()
    said = await den.say(den.bob, "spam")
    path = f"/guilds/{den.guild}/bans/{den.bob.id}"
    answer = await den.ann.put(
        path, {"delete_message_seconds": 3600}, headers={"X-Audit-Log-Reason": "caf%C3%A9"}
    )
    assert answer.status == 204
    assert (await den.bob.event("GUILD_DELETE")) == {"id": str(den.guild)}
    for client in (allowed, auditor, den.ann):
        told = await client.event("GUILD_BAN_ADD")
        assert (told["guild_id"], told["user"]["id"]) == (str(den.guild), str(den.bob.id))
    assert (await den.ann.event("GUILD_MEMBER_REMOVE"))["user"]["id"] == str(den.bob.id)
    entry = await den.ann.event("GUILD_AUDIT_LOG_ENTRY_CREATE")
    assert (entry["action_type"], entry["reason"]) == (22, "café")
    gone = await den.ann.event("MESSAGE_DELETE_BULK")
    assert (gone["ids"], gone["channel_id"]) == ([said["id"]], str(den.channel))
    assert (await den.ann.get(path)).body["reason"] == "café"
    assert (await den.ann.delete(path)).status == 204
    for client in (allowed, auditor, den.ann):
        assert (await client.event("GUILD_BAN_REMOVE"))["user"]["id"] == str(den.bob.id)
    await marker(den, without, deaf)
    for client in (without, deaf):
        assert client.gateway is not None
        assert not {"GUILD_BAN_ADD", "GUILD_BAN_REMOVE"} & {*client.gateway.names()}


async def test_who_is_banned_cannot_come_back(den: Den) -> None:
    code = await invite(den)
    path = f"/guilds/{den.guild}/bans/{den.bob.id}"
    await den.ann.put(path, {})
    answer = await den.bob.post(f"/invites/{code}", {})
    assert (answer.status, answer.code) == (403, 40007)
    assert (await den.bob.get(f"/guilds/{den.guild}")).code == 50001
    with pytest.raises(Refusal, match="40007"):
        den.server.join(den.guild, den.bob.name)
    await den.ann.delete(path)
    assert (await den.bob.post(f"/invites/{code}", {})).status == 200
    assert (await den.bob.get(f"/guilds/{den.guild}")).status == 200


async def test_invites_are_told_to_who_manages_channels(den: Den) -> None:
    allowed, without = den.bot(P.MANAGE_CHANNELS), den.bot()
    # What counts is what one may in the channel.
    granted, denied = den.bot(), den.bot(P.MANAGE_CHANNELS)
    for bot, field in ((granted, "allow"), (denied, "deny")):
        answer = await den.ann.put(
            f"/channels/{den.channel}/permissions/{bot.id}",
            {"type": 1, field: str(P.MANAGE_CHANNELS)},
        )
        assert answer.status == 204
    for bot in (allowed, without, granted, denied):
        await bot.connect(intents=GUILDS | INVITES | 1 << 9)
    await den.ann.connect()
    code = await invite(den, max_uses=3)
    for client in (allowed, granted, den.ann):
        told = await client.event("INVITE_CREATE")
        assert (told["code"], told["max_uses"], told["uses"]) == (code, 3, 0)
        assert told["inviter"]["id"] == str(den.ann.id)
        assert told["channel_id"] == str(den.channel)
    assert (await den.ann.delete(f"/invites/{code}")).status == 200
    for client in (allowed, granted, den.ann):
        told = await client.event("INVITE_DELETE")
        assert told == {
            "code": code,
            "guild_id": str(den.guild),
            "channel_id": str(den.channel),
        }
    await marker(den, without, denied)
    for client in (without, denied):
        assert client.gateway is not None
        assert not {"INVITE_CREATE", "INVITE_DELETE"} & {*client.gateway.names()}


async def test_who_accepts_gets_the_guild(den: Den) -> None:
    code = await invite(den)
    cat = den.person("cat")
    await cat.connect()
    await den.ann.connect()
    nobody = den.person("nobody")
    nobody.token = "none"
    shown = await nobody.get(f"/invites/{code}?with_counts=true")
    assert (shown.status, shown.body["approximate_member_count"]) == (200, 2)
    assert (await cat.post(f"/invites/{code}", {})).body["new_member"] is True
    guild = await cat.event("GUILD_CREATE")
    assert guild["id"] == str(den.guild)
    assert "unavailable" not in guild
    joined = await den.ann.event("GUILD_MEMBER_ADD")
    assert joined["user"]["id"] == str(cat.id)
    greeting = await den.ann.event("MESSAGE_CREATE")
    assert (greeting["type"], greeting["author"]["id"]) == (7, str(cat.id))


async def test_a_temporary_member_goes_with_the_connection(den: Den) -> None:
    code = await invite(den, temporary=True)
    cat = den.person("cat")
    gateway = await cat.connect()
    await den.ann.connect()
    await cat.post(f"/invites/{code}", {})
    await cat.event("GUILD_CREATE")
    await den.ann.event("GUILD_MEMBER_ADD")
    await gateway.close(1000)
    assert (await den.ann.event("GUILD_MEMBER_REMOVE"))["user"]["id"] == str(cat.id)


async def test_all_are_told_that_a_guild_is_gone(den: Den) -> None:
    bot = den.bot()
    await bot.connect(intents=GUILDS)
    for client in (den.ann, den.bob):
        await client.connect()
    assert (await den.bob.delete(f"/guilds/{den.guild}")).code == 50013
    assert (await den.ann.delete(f"/guilds/{den.guild}")).status == 204
    for client in (den.ann, den.bob, bot):
        assert await client.event("GUILD_DELETE") == {"id": str(den.guild)}
    for path in (f"/guilds/{den.guild}", f"/channels/{den.channel}"):
        assert (await den.ann.get(path)).status == 404
    # The sessions go on.
    made = (await den.bob.post("/guilds", {"name": "New"})).body
    assert (await den.bob.event("GUILD_CREATE"))["id"] == made["id"]


async def test_who_leaves_is_told(den: Den) -> None:
    await den.bob.connect()
    await den.ann.connect()
    assert (await den.bob.delete(f"/users/@me/guilds/{den.guild}")).status == 204
    assert await den.bob.event("GUILD_DELETE") == {"id": str(den.guild)}
    assert (await den.ann.event("GUILD_MEMBER_REMOVE"))["user"]["id"] == str(den.bob.id)


async def test_a_change_of_the_guild_is_told(den: Den) -> None:
    await den.bob.connect()
    answer = await den.ann.patch(f"/guilds/{den.guild}", {"name": "Forest", "owner_id": den.bob.id})
    assert (answer.body["name"], answer.body["owner_id"]) == ("Forest", str(den.bob.id))
    told = await den.bob.event("GUILD_UPDATE")
    assert (told["name"], told["owner_id"]) == ("Forest", str(den.bob.id))
    # The new owner sees and may do everything.
    assert (await den.bob.patch(f"/guilds/{den.guild}", {"name": "Wood"})).status == 200


async def test_lists_come_as_lists(den: Den) -> None:
    for path in ("roles", "channels"):
        answer = await den.ann.patch(f"/guilds/{den.guild}/{path}", {"id": 1})
        assert (answer.status, answer.code) == (400, 50035)
    body = [{"id": str(den.channel), "position": 9}]
    assert (await den.ann.patch(f"/guilds/{den.guild}/channels", body)).status == 204
    assert (await den.ann.get(f"/channels/{den.channel}")).body["position"] == 9
