"""discord.js calls every CORE operation for which it has a method, and has the result after."""

import json
import subprocess

import pytest

from hearth.actions.all import MODULES
from hearth.actions.elsewhere import ELSEWHERE
from hearth.core.errors import Refused
from hearth.core.operations import OPERATIONS
from hearth.net.rest.routes import Routes
from tests.conformance.discord_js.conftest import JS, Den, node_binary
from tests.conformance.facts import FACTS
from tests.conformance.witness import FILE
from tests.pictures import data_uri, still

assert MODULES

IMAGE = data_uri(still())
ROUTES = Routes([*OPERATIONS.values(), *ELSEWHERE.values()])

UNSEEN = {
    "delete_my_message_reaction",
    "delete_user_message_reaction",
    "update_my_guild_member",
    "update_my_user",
}
"""It writes the routes of these in ways that js/routes.mjs does not read."""

WAITING = {
    "add_guild_member": "OAuth2 comes with bots",
}
"""Methods of discord.js that cannot succeed yet, and why."""


def test_every_core_operation_with_a_method_is_driven() -> None:
    found = subprocess.run(
        [node_binary(), JS / "routes.mjs"], capture_output=True, text=True, check=True
    )
    methods = set(UNSEEN)
    for line in found.stdout.splitlines():
        method, path = line.split()
        try:
            methods.add(ROUTES.find(method, path)[0].name)
        except Refused:
            continue
    core = {name for name, facts in FACTS["operations"].items() if facts["class"] == "CORE"}
    driven = {*json.loads(FILE.read_text())["discord.js"]}
    assert len(methods & core) > 45
    assert methods & core - driven == {*WAITING} & methods & core


async def test_channels(den: Den) -> None:
    node = await den.node()
    told = await den.run(
        node,
        """
        const made = await guild.channels.create({name: "plans", type: 0, topic: "What next"});
        const edited = await made.edit({name: "done", topic: null, nsfw: true});
        await made.permissionOverwrites.edit(guild.roles.everyone, {SendMessages: false});
        await made.permissionOverwrites.delete(guild.roles.everyone);
        await guild.channels.setPositions([{channel: made.id, position: 0}]);
        const all = await guild.channels.fetch();
        const one = await client.channels.fetch(made.id, {force: true});
        await made.sendTyping();
        await made.delete();
        return {edited: [edited.name, edited.topic, edited.nsfw], all: all.size,
          one: [one.id === made.id, one.name],
          overwrites: one.permissionOverwrites.cache.size};
        """,
    )
    assert told == {
        "edited": ["done", None, True],
        "all": 5,
        "one": [True, "done"],
        "overwrites": 0,
    }


async def test_roles(den: Den) -> None:
    node = await den.node()
    told = await den.run(
        node,
        """
        const first = await guild.roles.create({name: "first", permissions: ["SendMessages"]});
        const second = await guild.roles.create({name: "second"});
        const edited = await first.edit({name: "crew", hoist: true});
        await guild.roles.setPositions([{role: first.id, position: 1}]);
        const all = await guild.roles.fetch();
        const one = await guild.roles.fetch(first.id, {force: true});
        const member = await guild.members.fetch({user: values.bob, force: true});
        await member.roles.add(first);
        const had = member.roles.cache.has(first.id);
        const counts = await guild.roles.fetchMemberCounts();
        await member.roles.remove(first);
        const has = (await member.fetch(true)).roles.cache.has(first.id);
        await second.delete();
        return {edited: [edited.name, edited.hoist], all: all.size, had, has,
          one: [one.name, one.permissions.toArray()], counted: counts.get(first.id),
          left: guild.roles.cache.has(second.id)};
        """,
        bob=str(den.bob.id),
    )
    assert told == {
        "edited": ["crew", True],
        "all": 4,
        "had": True,
        "has": False,
        "one": ["crew", ["SendMessages"]],
        "counted": 1,
        "left": False,
    }


async def test_members_and_bans(den: Den) -> None:
    node = await den.node()
    told = await den.run(
        node,
        """
        const {bob, name} = values;
        const listed = await guild.members.list({limit: 10});
        const found = await guild.members.search({query: name});
        await guild.members.editMe({nick: "Robot"});
        const me = await guild.members.fetchMe({force: true});
        await guild.members.ban(bob, {reason: "spam", deleteMessageSeconds: 60});
        const ban = await guild.bans.fetch({user: bob, force: true});
        const bans = await guild.bans.fetch();
        await guild.members.unban(bob);
        const bulk = await guild.members.bulkBan([bob, "5"]);
        await guild.members.unban(bob);
        const gone = await guild.bans.fetch({user: bob, force: true}).catch((e) => e.code);
        return {listed: listed.size, found: [...found.keys()], nick: me.nickname,
          ban: [ban.user.id, ban.reason], bans: bans.size,
          bulk: [bulk.bannedUsers, bulk.failedUsers], gone};
        """,
        bob=str(den.bob.id),
        name=den.bob.name,
    )
    assert told == {
        "listed": 3,
        "found": [str(den.bob.id)],
        "nick": "Robot",
        "ban": [str(den.bob.id), "spam"],
        "bans": 1,
        "bulk": [[str(den.bob.id)], ["5"]],
        "gone": 10026,
    }


async def test_invites(den: Den) -> None:
    node = await den.node()
    told = await den.run(
        node,
        """
        const made = await channel.createInvite({maxAge: 300, maxUses: 2, unique: true});
        const read = await client.fetchInvite(made.code);
        const ofGuild = await guild.invites.fetch({cache: false});
        const ofChannel = await channel.fetchInvites();
        await made.delete();
        const gone = await client.fetchInvite(made.code).catch((e) => e.code);
        return {made: [made.maxAge, made.maxUses], guild: read.guild.id,
          members: read.memberCount, ofGuild: ofGuild.size, ofChannel: ofChannel.size, gone};
        """,
    )
    assert told == {
        "made": [300, 2],
        "guild": str(den.guild),
        "members": 3,
        "ofGuild": 1,
        "ofChannel": 1,
        "gone": 10006,
    }


async def test_reactions_and_pins(den: Den) -> None:
    node = await den.node()
    message = await den.say(den.bob, "react to this")
    bob = f"/channels/{den.channel}/messages/{message}/reactions/%F0%9F%91%8D/@me"
    assert (await den.bob.put(bob)).status == 204
    told = await den.run(
        node,
        """
        const message = await channel.messages.fetch({message: values.message, force: true});
        const reaction = await message.react("👍");
        const users = await reaction.users.fetch();
        await reaction.users.remove();
        await reaction.users.remove(values.bob);
        await message.react("🎉");
        await message.reactions.resolve("🎉").remove();
        await message.react("❤");
        await message.reactions.removeAll();
        const left = (await message.fetch(true)).reactions.cache.size;
        await message.pin();
        const pins = await channel.messages.fetchPins();
        const old = await channel.messages.fetchPinned(false);
        await message.unpin();
        const none = await channel.messages.fetchPins();
        return {users: users.size, left, pins: pins.items.map((each) => each.message.id),
          old: [...old.keys()], none: none.items.length};
        """,
        message=message,
        bob=str(den.bob.id),
    )
    assert told == {"users": 2, "left": 0, "pins": [message], "old": [message], "none": 0}


async def test_messages_are_purged(den: Den) -> None:
    node = await den.node()
    for number in range(3):
        await den.say(den.bob, str(number))
    told = await den.run(
        node,
        """
        const gone = await channel.bulkDelete(2);
        const left = await channel.messages.fetch({limit: 5, cache: false});
        return [gone.size, left.map((each) => each.content)];
        """,
    )
    assert told == [2, ["0"]]


async def test_files(den: Den) -> None:
    node = await den.node()
    told = await den.run(
        node,
        """
        const data = Buffer.from(values.image.split(",")[1], "base64");
        const sent = await channel.send({content: "two", files: [
          {attachment: data, name: "p.png", description: "a picture"},
          {attachment: Buffer.from("hello"), name: "a.txt"},
        ]});
        const [picture, text] = [...sent.attachments.values()];
        const read = async (each) => Buffer.from(await (await fetch(each.url)).arrayBuffer());
        const same = (await read(picture)).equals(data);
        const edited = await sent.edit({
          attachments: [text], files: [{attachment: Buffer.from("more"), name: "b.txt"}],
        });
        const again = await channel.messages.fetch({message: sent.id, force: true});
        const texts = [];
        for (const each of again.attachments.values()) texts.push((await read(each)).toString());
        return {width: picture.width, height: picture.height, about: picture.description, same,
          names: edited.attachments.map((each) => each.name), texts};
        """,
        image=IMAGE,
    )
    assert told == {
        "width": 40,
        "height": 20,
        "about": "a picture",
        "same": True,
        "names": ["a.txt", "b.txt"],
        "texts": ["hello", "more"],
    }


async def test_emojis(den: Den) -> None:
    node = await den.node()
    told = await den.run(
        node,
        """
        const made = await guild.emojis.create({attachment: values.image, name: "wave"});
        const all = await guild.emojis.fetch();
        const one = await guild.emojis.fetch(made.id, {force: true});
        const author = await one.fetchAuthor(), name = one.name;
        const edited = await made.edit({name: "waves"});
        await made.delete();
        return {all: all.size, one: name, author: author.id === client.user.id,
          edited: edited.name, left: guild.emojis.cache.size};
        """,
        image=IMAGE,
    )
    assert told == {"all": 1, "one": "wave", "author": True, "edited": "waves", "left": 0}


async def test_direct_messages_and_users(den: Den) -> None:
    node = await den.node()
    told = await den.run(
        node,
        """
        const user = await client.users.fetch(values.ann, {force: true});
        const sent = await user.send("hello");
        return {name: user.username, dm: sent.channel.isDMBased(),
          to: sent.channel.recipientId, said: sent.content};
        """,
        ann=str(den.ann.id),
    )
    assert told == {"name": den.ann.name, "dm": True, "to": str(den.ann.id), "said": "hello"}


async def test_a_bot_takes_another_name(den: Den) -> None:
    node = await den.node()
    name = f"{den.account.name}x"
    code = "return [(await client.user.setUsername(values.name)).username, client.user.username];"
    assert await den.run(node, code, name=name) == [name, name]


async def test_voice_states(den: Den) -> None:
    node = await den.node()
    told = await den.run(
        node,
        """
        const stage = await guild.channels.create({ name: "stage", type: 13 });
        const joined = new Promise((done) => client.once("voiceStateUpdate", done));
        guild.shard.send({ op: 4, d: { guild_id: guild.id, channel_id: stage.id,
          self_mute: false, self_deaf: false } });
        await joined;
        const me = guild.members.me;
        const before = me.voice.suppress;
        const changed = async (what) => {
          const told = new Promise((done) =>
            client.once("voiceStateUpdate", (_, now) => done(now)));
          await what;
          return told;
        };
        // It changes one object in place: what is asked is asked at once.
        const asked = (await changed(me.voice.setRequestToSpeak(true))).requestToSpeakTimestamp;
        const after = (await changed(me.voice.setSuppressed(false))).suppress;
        const fetched = (await me.voice.fetch()).channelId;
        const other = (await guild.voiceStates.fetch(me.id, { force: true })).channelId;
        const instance = await stage.createStageInstance({ topic: "news" });
        await instance.setTopic("more");
        const topic = (await guild.stageInstances.fetch(stage, { force: true })).topic;
        await instance.delete();
        await changed(me.voice.setChannel(null));
        return { before, asked: asked !== null, after, fetched: fetched === stage.id,
          other: other === stage.id, topic, left: me.voice.channelId };
        """,
    )
    assert told == {
        "before": True,
        "asked": True,
        "after": False,
        "fetched": True,
        "other": True,
        "topic": "more",
        "left": None,
    }


async def test_another_is_let_speak(den: Den) -> None:
    node = await den.node()
    gateway = await den.bob.connect()
    stage = await den.run(node, "return (await guild.channels.create({ name: 's', type: 13 })).id;")
    await gateway.send(4, {"guild_id": str(den.guild), "channel_id": stage})
    await gateway.event("VOICE_STATE_UPDATE")
    code = """
        const state = await guild.voiceStates.fetch(values.bob);
        await state.setSuppressed(false);
    """
    await den.run(node, code, bob=str(den.bob.id))
    told = await gateway.event("VOICE_STATE_UPDATE")
    assert told["suppress"] is False
    assert told["request_to_speak_timestamp"] is not None


async def test_guild_and_regions(den: Den) -> None:
    node = await den.node()
    told = await den.run(
        node,
        """
        const edited = await guild.edit({name: "Forest", description: "trees"});
        const one = await client.guilds.fetch({guild: guild.id, force: true});
        const all = await client.guilds.fetch();
        const regions = await client.fetchVoiceRegions();
        await guild.leave();
        return {edited: [edited.name, edited.description], one: one.name, all: all.size,
          regions: regions.size};
        """,
    )
    assert told == {"edited": ["Forest", "trees"], "one": "Forest", "all": 1, "regions": 1}


@pytest.mark.parametrize("feature", ["stickers", "scheduledEvents", "autoModerationRules"])
async def test_what_is_not_there_yet_is_an_empty_list(den: Den, feature: str) -> None:
    node = await den.node()
    assert await den.run(node, f"return (await guild.{feature}.fetch()).size;") == 0


async def test_more_empty_lists(den: Den) -> None:
    node = await den.node()
    told = await den.run(
        node,
        """
        const threads = await guild.channels.fetchActiveThreads();
        const archived = await channel.threads.fetchArchived();
        const screen = await guild.fetchWelcomeScreen();
        const onboarding = await guild.fetchOnboarding();
        return {
          threads: threads.threads.size, archived: archived.threads.size,
          webhooks: (await guild.fetchWebhooks()).size, here: (await channel.fetchWebhooks()).size,
          integrations: (await guild.fetchIntegrations()).size,
          templates: (await guild.fetchTemplates()).size,
          sounds: (await guild.soundboardSounds.fetch()).size,
          commands: (await guild.commands.fetch()).size,
          global: (await client.application.commands.fetch()).size,
          emojis: (await client.application.emojis.fetch()).size,
          skus: (await client.application.fetchSKUs()).size,
          entitlements: (await client.application.entitlements.fetch()).size,
          packs: (await client.fetchStickerPacks()).size,
          metadata: (await client.application.fetchRoleConnectionMetadataRecords()).length,
          screen: screen.welcomeChannels.size, prompts: onboarding.prompts.size,
        };
        """,
    )
    assert told == dict.fromkeys(told, 0)
    assert len(told) == 16


async def test_what_would_make_something_is_refused(den: Den) -> None:
    node = await den.node()
    for code in (
        "channel.createWebhook({name: 'hook'})",
        "channel.threads.create({name: 'thread'})",
        "client.application.commands.set([])",
    ):
        refused = await node.ask("run", **den.at, code=f"return {code}", values={})
        assert (refused["error"]["code"], refused["error"]["status"]) == (40006, 403), code
