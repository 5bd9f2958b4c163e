// An unmodified discord.js client that is told what to do by lines of JSON on its standard input,
// and says what it was told, and how each command ended, by lines of JSON on its standard output.
import { createInterface } from "node:readline";
import { Client, Events, GatewayIntentBits, PermissionFlagsBits, REST } from "discord.js";

const url = process.env.HEARTH_URL;
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const tell = (event, more = {}) => say({ event, ...more });

const client = new Client({
  intents: Object.values(GatewayIntentBits).filter((bit) => typeof bit === "number"),
  rest: { api: `${url}/api`, cdn: `${url}/cdn` },
});

const message = (m) => ({
  id: m.id,
  channel: m.channelId,
  guild: m.guildId,
  author: m.author?.id,
  content: m.content,
  edited: m.editedTimestamp,
  reference: m.reference?.messageId ?? null,
  embeds: m.embeds.map((embed) => embed.title),
  mentions: [...m.mentions.users.keys()],
});

let echoes = false;
client.on(Events.ClientReady, () => tell("ready", { user: client.user.tag, id: client.user.id }));
client.on(Events.MessageCreate, async (m) => {
  tell("messageCreate", message(m));
  if (echoes && !m.author.bot) await m.channel.send(m.content);
});
client.on(Events.MessageUpdate, (before, m) =>
  tell("messageUpdate", { before: before.content, ...message(m) }),
);
client.on(Events.MessageDelete, (m) => tell("messageDelete", { id: m.id, content: m.content }));
client.on(Events.ChannelCreate, (c) => tell("channelCreate", { id: c.id, name: c.name }));
client.on(Events.ChannelDelete, (c) => tell("channelDelete", { id: c.id, name: c.name }));
client.on(Events.GuildMemberAdd, (m) => tell("guildMemberAdd", { id: m.id }));
client.on(Events.GuildMemberUpdate, (_, m) =>
  tell("guildMemberUpdate", { id: m.id, nick: m.nickname, roles: [...m.roles.cache.keys()] }),
);
client.on(Events.TypingStart, (t) => tell("typingStart", { user: t.user.id }));
client.on(Events.PresenceUpdate, (_, p) => tell("presenceUpdate", { user: p.userId, status: p.status }));
client.on(Events.ShardReady, () => tell("shardReady"));
client.on(Events.ShardReconnecting, () => tell("shardReconnecting"));
client.on(Events.ShardResume, (_, replayed) => tell("shardResume", { replayed }));
client.on(Events.ShardError, (error) => tell("shardError", { code: error.code }));
client.on(Events.Invalidated, () => tell("invalidated"));
client.on(Events.Error, (error) => tell("error", { text: String(error) }));
client.rest.on("response", (request, response) =>
  say({ answered: { method: request.method, path: request.path.split("?")[0], status: response.status } }),
);
client.rest.on("rateLimited", (limit) => tell("rateLimited", { global: limit.global }));

const text = (c) => client.channels.fetch(c.channel);
const one = async (c) => (await text(c)).messages.fetch(c.message);
const guild = (c) => client.guilds.cache.get(c.guild);

// @discordjs/voice, for who asks for it.
const voice = () => import("@discordjs/voice");

const AsyncFunction = (async () => {}).constructor;

const commands = {
  run: async (c) =>
    new AsyncFunction("client", "guild", "channel", "values", "voice", "tell", c.code)(
      client, guild(c), await text(c), c.values, voice, tell,
    ),
  login: async () => (await client.login(process.env.HEARTH_TOKEN)).length,
  echo: async () => (echoes = true),
  caches: async (c) => {
    const it = guild(c);
    return {
      name: it.name,
      owner: it.ownerId,
      available: it.available,
      memberCount: it.memberCount,
      channels: it.channels.cache.map((each) => each.name).sort(),
      roles: it.roles.cache.map((each) => each.name).sort(),
      members: [...it.members.cache.keys()],
      admin: it.members.me.permissions.has(PermissionFlagsBits.Administrator),
      session: client.ws.shards.get(0).sessionInfo?.sessionId,
    };
  },
  application: async () => (await client.application.fetch()).owner.id,
  send: async (c) => message(await (await text(c)).send(c.body)),
  reply: async (c) => message(await (await one(c)).reply(c.body)),
  edit: async (c) => message(await (await one(c)).edit(c.body)),
  delete: async (c) => (await (await one(c)).delete()).id,
  history: async (c) =>
    (await (await text(c)).messages.fetch({ limit: c.limit, after: c.after, before: c.before })).map(
      (m) => m.content,
    ),
  members: async (c) => [...(await guild(c).members.fetch(c.options)).keys()],
  channel: async (c) => (await guild(c).channels.create(c.body)).id,
  overwrite: async (c) =>
    (await text(c)).permissionOverwrites.edit(c.target, c.body).then((it) =>
      it.permissionOverwrites.cache.map((each) => [each.id, each.deny.toArray()]),
    ),
  remove: async (c) => (await (await text(c)).delete()).id,
  role: async (c) => (await guild(c).roles.create(c.body)).id,
  give: async (c) => {
    const member = await guild(c).members.fetch(c.user);
    return [...(await member.roles.add(c.role, "given")).roles.cache.keys()];
  },
  timeout: async (c) =>
    (await (await guild(c).members.fetch(c.user)).timeout(c.ms)).isCommunicationDisabled(),
  kick: async (c) => (await guild(c).members.kick(c.user, "kicked")) !== null,
  typing: async (c) => (await text(c)).sendTyping(),
  presence: async (c) => client.user.setPresence(c.body).status,
  storm: async (c) => {
    // A second client of the same bot, which does not know of the first one's calls.
    const rest = new REST({ api: `${url}/api`, version: "10" }).setToken(process.env.HEARTH_TOKEN);
    const routes = c.messages.map((id) => `/channels/${c.channel}/messages/${id}`);
    let refused = 0;
    for (const each of [rest, client.rest]) each.on("response", (_, r) => (refused += r.status === 429));
    await Promise.all(routes.map((path, i) => (i % 2 ? rest : client.rest).delete(path)));
    return refused;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  commands[command.do](command).then(
    (value) => say({ done: command.n, value: value ?? null }),
    (error) =>
      say({ done: command.n, error: { code: error.code, status: error.status, text: String(error) } }),
  );
}
await client.destroy();
process.exit(0);
