// The one algorithm of hearth/core/permissions.py in TypeScript, held to it by shared vectors.
import type { Channel, Id, Member, Overwrite, Role } from "./types.ts";

const NAMES = [
  "CREATE_INSTANT_INVITE", "KICK_MEMBERS", "BAN_MEMBERS", "ADMINISTRATOR", "MANAGE_CHANNELS",
  "MANAGE_GUILD", "ADD_REACTIONS", "VIEW_AUDIT_LOG", "PRIORITY_SPEAKER", "STREAM", "VIEW_CHANNEL",
  "SEND_MESSAGES", "SEND_TTS_MESSAGES", "MANAGE_MESSAGES", "EMBED_LINKS", "ATTACH_FILES",
  "READ_MESSAGE_HISTORY", "MENTION_EVERYONE", "USE_EXTERNAL_EMOJIS", "VIEW_GUILD_INSIGHTS",
  "CONNECT", "SPEAK", "MUTE_MEMBERS", "DEAFEN_MEMBERS", "MOVE_MEMBERS", "USE_VAD",
  "CHANGE_NICKNAME", "MANAGE_NICKNAMES", "MANAGE_ROLES", "MANAGE_WEBHOOKS",
  "MANAGE_GUILD_EXPRESSIONS", "USE_APPLICATION_COMMANDS", "REQUEST_TO_SPEAK", "MANAGE_EVENTS",
  "MANAGE_THREADS", "CREATE_PUBLIC_THREADS", "CREATE_PRIVATE_THREADS", "USE_EXTERNAL_STICKERS",
  "SEND_MESSAGES_IN_THREADS", "USE_EMBEDDED_ACTIVITIES", "MODERATE_MEMBERS",
  "VIEW_CREATOR_MONETIZATION_ANALYTICS", "USE_SOUNDBOARD", "CREATE_GUILD_EXPRESSIONS",
  "CREATE_EVENTS", "USE_EXTERNAL_SOUNDS", "SEND_VOICE_MESSAGES", "",
  "SET_VOICE_CHANNEL_STATUS", "SEND_POLLS", "USE_EXTERNAL_APPS", "PIN_MESSAGES",
  "BYPASS_SLOWMODE",
] as const;

export type Permission = Exclude<(typeof NAMES)[number], "">;

/** Every permission that Discord documents, as a bit. */
export const P = Object.fromEntries(
  NAMES.flatMap((name, bit) => (name ? [[name, 1n << BigInt(bit)]] : [])),
) as Record<Permission, bigint>;

const of = (...names: Permission[]) => names.reduce((bits, name) => bits | P[name], 0n);

export const ALL = of(...(Object.keys(P) as Permission[]));

/** What no overwrite gives or takes. */
export const GUILD_ONLY = of(
  "KICK_MEMBERS", "BAN_MEMBERS", "ADMINISTRATOR", "MANAGE_GUILD", "VIEW_AUDIT_LOG",
  "VIEW_GUILD_INSIGHTS", "CHANGE_NICKNAME", "MANAGE_NICKNAMES", "MANAGE_GUILD_EXPRESSIONS",
  "MODERATE_MEMBERS", "VIEW_CREATOR_MONETIZATION_ANALYTICS", "CREATE_GUILD_EXPRESSIONS",
);
export const CHANNEL = ALL & ~GUILD_ONLY;

const VOICE = of(
  "PRIORITY_SPEAKER", "STREAM", "CONNECT", "SPEAK", "MUTE_MEMBERS", "DEAFEN_MEMBERS",
  "MOVE_MEMBERS", "USE_VAD", "REQUEST_TO_SPEAK", "USE_EMBEDDED_ACTIVITIES", "USE_SOUNDBOARD",
  "USE_EXTERNAL_SOUNDS", "SET_VOICE_CHANNEL_STATUS",
);
const NEEDS_SEND = of("MENTION_EVERYONE", "SEND_TTS_MESSAGES", "ATTACH_FILES", "EMBED_LINKS");
const NEEDS_CONNECT = VOICE | of("MANAGE_CHANNELS", "MANAGE_ROLES");
const TIMED_OUT = of("VIEW_CHANNEL", "READ_MESSAGE_HISTORY");

/** What both may do in a DM. */
export const PRIVATE = of(
  "ADD_REACTIONS", "STREAM", "VIEW_CHANNEL", "SEND_MESSAGES", "EMBED_LINKS", "ATTACH_FILES",
  "READ_MESSAGE_HISTORY", "USE_EXTERNAL_EMOJIS", "CONNECT", "SPEAK", "USE_VAD",
  "USE_APPLICATION_COMMANDS", "USE_EXTERNAL_STICKERS", "USE_EMBEDDED_ACTIVITIES",
  "USE_SOUNDBOARD", "USE_EXTERNAL_SOUNDS", "SEND_VOICE_MESSAGES", "SEND_POLLS",
  "USE_EXTERNAL_APPS", "PIN_MESSAGES",
);
export const GROUP = PRIVATE | P.MENTION_EVERYONE;
export const GROUP_OWNER = GROUP | P.KICK_MEMBERS;

/** What the algorithm reads of a guild. */
export interface World {
  id: Id;
  owner_id: Id;
  roles: Record<Id, Pick<Role, "id" | "permissions" | "name">>;
  /** The channel by id, for the parents of threads. */
  channel(id: Id): Place | undefined;
}

export type Place = Pick<Channel, "id" | "type" | "parent_id" | "owner_id" | "permission_overwrites">;
export type Who = Pick<Member, "roles" | "communication_disabled_until"> & { user: { id: Id } };

export type Rule =
  | "OWNER" | "ROLE" | "ADMINISTRATOR" | "ORPHAN" | "EVERYONE_OVERWRITE" | "ROLE_OVERWRITE"
  | "MEMBER_OVERWRITE" | "PRIVATE_THREAD" | "HIDDEN" | "THREAD" | "MUTE" | "DISCONNECTED"
  | "TIMEOUT";

/** What one rule gave and took; `id` is the role, member or channel that it speaks of. */
export interface Step {
  rule: Rule;
  id: Id;
  allow: bigint;
  deny: bigint;
}

function overwritesOf(world: World, place: Place, isThread: boolean): Overwrite[] | null {
  if (!isThread) return place.permission_overwrites ?? [];
  const parent = place.parent_id ? world.channel(place.parent_id) : undefined;
  return parent ? (parent.permission_overwrites ?? []) : null;
}

/** What `member` may do in `place`, in the guild at large for null. `trace` is filled with the steps. */
export function resolve(
  world: World, member: Who, place: Place | null, wallMs: number, trace?: Step[],
): bigint {
  const userId = member.user.id;
  const step = (rule: Rule, id: Id, allow: bigint, deny: bigint) => trace?.push({ rule, id, allow, deny });
  if (userId === world.owner_id) {
    step("OWNER", userId, ALL, 0n);
    return ALL;
  }
  const held = new Set(member.roles);
  let bits = 0n;
  for (const id of [world.id, ...member.roles]) {
    const role = world.roles[id];
    if (!role) continue;
    const given = BigInt(role.permissions);
    bits |= given;
    step("ROLE", id, given, 0n);
  }
  if (bits & P.ADMINISTRATOR) {
    step("ADMINISTRATOR", userId, ALL, 0n);
    return ALL;
  }
  if (place) {
    const isThread = place.type >= 10 && place.type <= 12;
    const overwrites = overwritesOf(world, place, isThread);
    if (!overwrites) {
      step("ORPHAN", place.id, 0n, ALL);
      return 0n;
    }
    let [everyoneAllow, everyoneDeny, allow, deny, ownAllow, ownDeny] = [0n, 0n, 0n, 0n, 0n, 0n];
    for (const one of overwrites) {
      const [gives, takes] = [BigInt(one.allow), BigInt(one.deny)];
      let rule: Rule;
      if (one.type === 1) {
        if (one.id !== userId) continue;
        [ownAllow, ownDeny, rule] = [gives, takes, "MEMBER_OVERWRITE"];
      } else if (one.id === world.id) {
        [everyoneAllow, everyoneDeny, rule] = [gives, takes, "EVERYONE_OVERWRITE"];
      } else if (held.has(one.id)) {
        [allow, deny, rule] = [allow | gives, deny | takes, "ROLE_OVERWRITE"];
      } else continue;
      step(rule, one.id, gives & CHANNEL, takes & CHANNEL);
    }
    const base = bits;
    bits = (((bits & ~everyoneDeny) | everyoneAllow) & ~deny) | allow;
    bits = (bits & ~ownDeny) | ownAllow;
    bits = (bits & CHANNEL) | (base & GUILD_ONLY);

    if (place.type === 12 && place.owner_id !== userId && !(bits & P.MANAGE_THREADS)) {
      step("PRIVATE_THREAD", place.id, 0n, ALL);
      return 0n;
    }
    if (!(bits & P.VIEW_CHANNEL)) {
      step("HIDDEN", place.id, 0n, ALL & ~P.VIEW_CHANNEL);
      return 0n;
    }
    if (isThread) {
      const may = bits & P.SEND_MESSAGES_IN_THREADS;
      bits = may ? bits | P.SEND_MESSAGES : bits & ~P.SEND_MESSAGES;
      step("THREAD", place.id, may ? P.SEND_MESSAGES : 0n, may ? 0n : P.SEND_MESSAGES);
    }
    if (!(bits & P.SEND_MESSAGES)) {
      bits &= ~NEEDS_SEND;
      step("MUTE", place.id, 0n, NEEDS_SEND);
    }
    if ((place.type === 2 || place.type === 13) && !(bits & P.CONNECT)) {
      bits &= ~NEEDS_CONNECT;
      step("DISCONNECTED", place.id, 0n, NEEDS_CONNECT & ~P.CONNECT);
    }
  }
  const until = member.communication_disabled_until;
  if (until && Date.parse(until) > wallMs) {
    bits &= TIMED_OUT;
    step("TIMEOUT", userId, 0n, ALL & ~TIMED_OUT);
  }
  return bits;
}

/** The names of the permissions in `bits`, lowest first. */
export function names(bits: bigint): Permission[] {
  return (Object.keys(P) as Permission[]).filter((name) => bits & P[name]);
}
