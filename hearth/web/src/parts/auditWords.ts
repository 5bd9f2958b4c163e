// What an entry of the audit log says, in words: the deed, and each change with what was and what is.
import { names } from "../core/permissions.ts";
import { clockTime, longDate } from "../core/time.ts";
import type { AuditChange, AuditEntry, Id } from "../core/types.ts";
import { channelName, channels } from "../store/channels.ts";
import { guilds, nameIn, roles } from "../store/guilds.ts";
import { userName, users } from "../store/users.ts";
import { wordsOf } from "./permissionWords.ts";

/** The actions that can be asked for, in words. */
export const ACTIONS: [value: string, text: string][] = [
  ["1", "Guild changed"],
  ["10", "Channel made"], ["11", "Channel changed"], ["12", "Channel deleted"],
  ["13", "Channel rule made"], ["14", "Channel rule changed"], ["15", "Channel rule deleted"],
  ["20", "Member kicked"], ["22", "Member banned"], ["23", "Ban lifted"],
  ["24", "Member changed"], ["25", "Member's roles changed"], ["28", "Bot added"],
  ["30", "Role made"], ["31", "Role changed"], ["32", "Role deleted"],
  ["40", "Invite made"], ["41", "Invite changed"], ["42", "Invite taken back"],
  ["60", "Emoji made"], ["61", "Emoji changed"], ["62", "Emoji deleted"],
  ["90", "Sticker made"], ["91", "Sticker changed"], ["92", "Sticker deleted"],
  ["72", "Message deleted"], ["73", "Messages deleted"], ["74", "Message pinned"], ["75", "Message unpinned"],
];

const KEYS: Record<string, string> = {
  name: "Name", nick: "Name here", topic: "Topic", description: "What it is about", position: "Place", parent_id: "Category",
  permissions: "Permissions", allow: "Allowed", deny: "Denied", color: "Colour", hoist: "Shown apart", mentionable: "Mentionable",
  nsfw: "For adults", rate_limit_per_user: "Slow mode", communication_disabled_until: "Timed out until", $add: "Roles given",
  $remove: "Roles taken", owner_id: "Owner", icon_hash: "Picture", banner_hash: "Banner", splash_hash: "Invite picture",
  system_channel_id: "Channel of notices", default_message_notifications: "Notices by default", max_age: "Valid for",
  max_uses: "Uses at most", temporary: "Temporary membership", channel_id: "Channel", mfa_level: "Second factor of moderators",
  tags: "Related emoji or words",
};

const NOTHING = new Set(["no", "none", "off", "any number"]);
const SILENT = new Set(["type", "uses", "inviter_id", "flags", "code", "id", "format_type"]);

function value(entry: AuditEntry, key: string, pick: "old_value" | "new_value"): unknown {
  return entry.changes?.find((one) => one.key === key)?.[pick];
}

/** What a target is called: by what is there now, else by what the entry says that it was. */
function target(entry: AuditEntry): string {
  const was = value(entry, "name", "old_value") ?? value(entry, "name", "new_value");
  return typeof was === "string" ? was : "something that is gone";
}

const channel = (id: Id | null | undefined, otherwise = "a channel that is gone"): string =>
  id && channels[id] ? `#${channelName(channels[id])}` : otherwise;

/** What was done, to follow the name of who did it. */
export function deedOf(entry: AuditEntry, guildId: Id): string {
  const { target_id: id, options = {} } = entry;
  const who = id ? (nameIn(guildId, id) === "Somebody" ? userName(users[id]) : nameIn(guildId, id)) : "somebody";
  const role = (id && roles[guildId]?.[id]?.name) || target(entry);
  const whom = options.type === "1" ? nameIn(guildId, options.id ?? "") : `@${options.role_name ?? "everyone"}`;
  const code = value(entry, "code", "old_value") ?? value(entry, "code", "new_value") ?? "";
  switch (entry.action_type) {
    case 1: return "changed the guild";
    case 10: return `made ${channel(id, `#${target(entry)}`)}`;
    case 11: return `changed ${channel(id, `#${target(entry)}`)}`;
    case 12: return `deleted #${target(entry)}`;
    case 13: return `made a rule for ${whom} in ${channel(id)}`;
    case 14: return `changed the rule for ${whom} in ${channel(id)}`;
    case 15: return `deleted the rule for ${whom} in ${channel(id)}`;
    case 20: return `kicked ${who}`;
    case 22: return `banned ${who}`;
    case 23: return `lifted the ban of ${who}`;
    case 24: {
      const until = value(entry, "communication_disabled_until", "new_value");
      if (until) return `timed ${who} out`;
      return value(entry, "communication_disabled_until", "old_value") ? `ended the timeout of ${who}` : `changed ${who}`;
    }
    case 25: return `changed the roles of ${who}`;
    case 28: return `added the bot ${who}`;
    case 30: return `made the role ${role}`;
    case 31: return `changed the role ${role}`;
    case 32: return `deleted the role ${role}`;
    case 40: return `made the invite ${code}`;
    case 41: return `changed the invite ${code}`;
    case 42: return `took the invite ${code} back`;
    case 60: return `made the emoji :${target(entry)}:`;
    case 61: return `renamed an emoji`;
    case 62: return `deleted the emoji :${target(entry)}:`;
    case 90: return `made the sticker ${target(entry)}`;
    case 91: return `changed the sticker ${guilds[guildId]?.stickers.find((one) => one.id === id)?.name ?? target(entry)}`;
    case 92: return `deleted the sticker ${target(entry)}`;
    case 72: return `deleted a message of ${who} in ${channel(options.channel_id)}`;
    case 73: return `deleted ${options.count ?? "many"} messages in ${channel(id)}`;
    case 74: return `pinned a message of ${who} in ${channel(options.channel_id)}`;
    case 75: return `unpinned a message of ${who} in ${channel(options.channel_id)}`;
    default: return `did something of kind ${entry.action_type}`;
  }
}

export interface Line {
  what: string;
  was?: string;
  is?: string;
}

/** The changes of an entry that say something, a line each. */
export function linesOf(entry: AuditEntry, guildId: Id): Line[] {
  return (entry.changes ?? []).flatMap((change) => {
    if (SILENT.has(change.key)) return [];
    if (["permissions", "allow", "deny"].includes(change.key)) return bits(change);
    const [was, is] = [shown(change.key, change.old_value, guildId), shown(change.key, change.new_value, guildId)];
    if (was === is) return [];
    // What was made or deleted: its name is in the deed, and what it does not have says nothing.
    const both = change.old_value !== undefined && change.new_value !== undefined;
    if (!both && (change.key === "name" || change.key === "position" || NOTHING.has(was ?? is ?? ""))) return [];
    return [{ what: KEYS[change.key] ?? change.key.replace(/_/g, " "), was, is }];
  });
}

/** Of permissions only those are said that came or went. */
function bits(change: AuditChange): Line[] {
  const [was, is] = [BigInt(String(change.old_value ?? 0)), BigInt(String(change.new_value ?? 0))];
  const said = (some: bigint) => names(some).map(wordsOf).join(", ");
  const [gone, come] = [said(was & ~is), said(is & ~was)];
  const what = KEYS[change.key] as string;
  return [
    ...(come ? [{ what: change.key === "permissions" ? "Now may" : `Now ${what.toLowerCase()}`, is: come }] : []),
    ...(gone ? [{ what: change.key === "permissions" ? "No longer may" : `No longer ${what.toLowerCase()}`, was: gone }] : []),
  ];
}

function shown(key: string, given: unknown, guildId: Id): string | undefined {
  if (given === undefined || given === null || given === "") return undefined;
  if (typeof given === "boolean") return given ? "yes" : "no";
  if (Array.isArray(given)) return given.map((one: { name?: string }) => one.name ?? "").join(", ");
  if (key === "color") return given === 0 ? "none" : `#${Number(given).toString(16).padStart(6, "0")}`;
  if (key === "rate_limit_per_user") return given === 0 ? "off" : `${given} s`;
  if (key === "max_age") return given === 0 ? "ever" : `${Number(given) / 3600} h`;
  if (key === "max_uses") return given === 0 ? "any number" : String(given);
  if (key === "owner_id") return nameIn(guildId, String(given));
  if (key === "parent_id" || key.endsWith("channel_id")) return channels[String(given)] ? channelName(channels[String(given)] as NonNullable<(typeof channels)[string]>) : "one that is gone";
  if (key.endsWith("_hash")) return "a picture";
  if (key === "communication_disabled_until") {
    const at = Date.parse(String(given));
    return `${longDate(at)}, ${clockTime(at)}`;
  }
  return typeof given === "object" ? JSON.stringify(given) : String(given);
}

