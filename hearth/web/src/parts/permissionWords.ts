// Permissions in people's words, in the order of the editor.
import type { Permission } from "../core/permissions.ts";

export const GROUPS: [group: string, permissions: [Permission, string][]][] = [
  ["Guild", [
    ["ADMINISTRATOR", "Do everything, whatever a channel says"],
    ["MANAGE_GUILD", "Change the guild"],
    ["MANAGE_ROLES", "Make roles and give them"],
    ["MANAGE_CHANNELS", "Make and change channels"],
    ["MANAGE_GUILD_EXPRESSIONS", "Change all emoji and stickers"],
    ["CREATE_GUILD_EXPRESSIONS", "Make emoji and stickers"],
    ["MANAGE_WEBHOOKS", "Make webhooks"],
    ["VIEW_AUDIT_LOG", "Read the audit log"],
    ["CREATE_INSTANT_INVITE", "Invite people"],
    ["CHANGE_NICKNAME", "Change their own name here"],
    ["MANAGE_NICKNAMES", "Change others' names here"],
    ["KICK_MEMBERS", "Kick members"],
    ["BAN_MEMBERS", "Ban members"],
    ["MODERATE_MEMBERS", "Time members out"],
  ]],
  ["Text", [
    ["VIEW_CHANNEL", "See channels"],
    ["READ_MESSAGE_HISTORY", "Read what was written before"],
    ["SEND_MESSAGES", "Write"],
    ["EMBED_LINKS", "Show previews of links"],
    ["ATTACH_FILES", "Send files"],
    ["ADD_REACTIONS", "React"],
    ["USE_EXTERNAL_EMOJIS", "Use other guilds' emoji"],
    ["USE_EXTERNAL_STICKERS", "Use other guilds' stickers"],
    ["SEND_VOICE_MESSAGES", "Send voice messages"],
    ["MENTION_EVERYONE", "Mention everyone and any role"],
    ["PIN_MESSAGES", "Pin messages"],
    ["MANAGE_MESSAGES", "Delete others' messages"],
    ["BYPASS_SLOWMODE", "Write without waiting in slow mode"],
    ["SEND_MESSAGES_IN_THREADS", "Write in threads"],
    ["CREATE_PUBLIC_THREADS", "Begin threads"],
    ["CREATE_PRIVATE_THREADS", "Begin private threads"],
    ["MANAGE_THREADS", "Change and delete threads"],
    ["SEND_POLLS", "Make polls"],
    ["USE_APPLICATION_COMMANDS", "Use commands of bots"],
  ]],
  ["Voice", [
    ["CONNECT", "Join voice"],
    ["SPEAK", "Speak"],
    ["USE_VAD", "Speak without a key held"],
    ["STREAM", "Show video and screens"],
    ["REQUEST_TO_SPEAK", "Ask to speak on stages"],
    ["PRIORITY_SPEAKER", "Be heard over others"],
    ["SET_VOICE_CHANNEL_STATUS", "Say what a voice channel is about"],
    ["MUTE_MEMBERS", "Mute others"],
    ["DEAFEN_MEMBERS", "Deafen others"],
    ["MOVE_MEMBERS", "Move others"],
  ]],
];

const WORDS = new Map<Permission, string>(GROUPS.flatMap(([, list]) => list));

/** A permission in words; those that do nothing here have only their names. */
export function wordsOf(permission: Permission): string {
  return WORDS.get(permission) ?? `“${permission.toLowerCase().replaceAll("_", " ")}”`;
}
