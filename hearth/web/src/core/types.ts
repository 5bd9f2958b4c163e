// Discord's objects as the client uses them: the wire's names, ids as strings, what is left out optional.

export type Id = string;

export interface User {
  id: Id;
  username: string;
  global_name: string | null;
  avatar: string | null;
  bot?: boolean;
}

export interface OwnUser extends User {
  email: string | null;
  mfa_enabled: boolean;
  verified: boolean;
  bio: string;
  pronouns: string;
  accent_color: number | null;
  locale: string;
}

export interface Member {
  user: User;
  nick: string | null;
  avatar: string | null;
  roles: Id[];
  joined_at: string;
  communication_disabled_until: string | null;
}

export interface Role {
  id: Id;
  name: string;
  color: number;
  hoist: boolean;
  position: number;
  permissions: string;
  managed: boolean;
  mentionable: boolean;
}

export interface Overwrite {
  id: Id;
  /** 0 of a role, 1 of a member. */
  type: 0 | 1;
  allow: string;
  deny: string;
}

export const ChannelType = {
  TEXT: 0,
  DM: 1,
  VOICE: 2,
  GROUP_DM: 3,
  CATEGORY: 4,
  ANNOUNCEMENT: 5,
  ANNOUNCEMENT_THREAD: 10,
  PUBLIC_THREAD: 11,
  PRIVATE_THREAD: 12,
  STAGE: 13,
  FORUM: 15,
  MEDIA: 16,
} as const;

export interface Channel {
  id: Id;
  type: number;
  guild_id?: Id;
  name?: string | null;
  topic?: string | null;
  position?: number;
  parent_id?: Id | null;
  permission_overwrites?: Overwrite[];
  nsfw?: boolean;
  last_message_id?: Id | null;
  last_pin_timestamp?: string | null;
  rate_limit_per_user?: number;
  /** Of voice channels: how many fit in; 0 is no limit. */
  user_limit?: number;
  /** Of private channels: the others in it, by id. */
  recipient_ids?: Id[];
  owner_id?: Id;
  /** Of groups: their picture. */
  icon?: string | null;
  /** Which of the guild's member lists is the channel's; READY and events say it. */
  member_list_id?: string;
}

/** Where somebody is in voice, and what of theirs is off. */
export interface VoiceState {
  user_id: Id;
  channel_id: Id | null;
  session_id: string;
  deaf: boolean;
  mute: boolean;
  self_deaf: boolean;
  self_mute: boolean;
  self_video: boolean;
  self_stream?: boolean;
  suppress: boolean;
  request_to_speak_timestamp: string | null;
  /** null in private; left out in GUILD_CREATE. */
  guild_id?: Id | null;
  member?: Member;
}

/** A stage that is live. */
export interface Stage {
  id: Id;
  guild_id: Id;
  channel_id: Id;
  topic: string;
}

/** A call in a private channel. */
export interface Call {
  channel_id: Id;
  /** Who is being rung. */
  ringing: Id[];
}

export interface Emoji {
  id: Id | null;
  name: string | null;
  animated?: boolean;
  /** Who made it; for those who may manage it. */
  user?: User;
}

/** A sticker as a message has it; format_type is 1 PNG, 2 APNG, 4 GIF. */
export interface StickerItem {
  id: Id;
  name: string;
  format_type: number;
}

export interface Sticker extends StickerItem {
  guild_id: Id;
  description: string | null;
  /** The name of a related emoji, or words to find it by. */
  tags: string;
  available: boolean;
  /** Who made it; for those who may manage it. */
  user?: User;
}

export interface AuditChange {
  key: string;
  old_value?: unknown;
  new_value?: unknown;
}

export interface AuditEntry {
  id: Id;
  action_type: number;
  /** null is the server's own operator. */
  user_id: Id | null;
  target_id: Id | null;
  changes?: AuditChange[];
  options?: Record<string, string>;
  reason?: string;
}

export interface Guild {
  id: Id;
  name: string;
  icon: string | null;
  owner_id: Id;
  description: string | null;
  system_channel_id: Id | null;
  member_count: number;
  large: boolean;
  joined_at: string;
  unavailable?: boolean;
  emojis: Emoji[];
  stickers: Sticker[];
  mfa_level: number;
  default_message_notifications: number;
}

export interface Reaction {
  count: number;
  me: boolean;
  emoji: Emoji;
}

export interface Attachment {
  id: Id;
  filename: string;
  size: number;
  url: string;
  proxy_url?: string;
  content_type?: string;
  width?: number | null;
  height?: number | null;
  description?: string;
  /** Of a voice message, in base64. */
  waveform?: string;
  duration_secs?: number;
}

export const MessageFlag = { VOICE: 1 << 13 } as const;

export interface Embed {
  title?: string;
  description?: string;
  url?: string;
  color?: number;
  author?: { name: string; url?: string };
  footer?: { text: string };
  fields?: { name: string; value: string; inline?: boolean }[];
}

export interface Message {
  id: Id;
  channel_id: Id;
  guild_id?: Id;
  type: number;
  author: User;
  content: string;
  timestamp: string;
  edited_timestamp: string | null;
  mention_everyone: boolean;
  mentions: User[];
  mention_roles: Id[];
  attachments: Attachment[];
  embeds: Embed[];
  sticker_items?: StickerItem[];
  reactions?: Reaction[];
  pinned: boolean;
  flags: number;
  nonce?: string | number;
  message_reference?: { channel_id: Id; message_id: Id };
  referenced_message?: Message | null;
  /** Of the message that tells of a call: who took part, and since when it is over. */
  call?: { participants: Id[]; ended_timestamp: string | null };
}

export type Status = "online" | "idle" | "dnd" | "offline";

export interface Presence {
  user: { id: Id };
  status: Status;
  guild_id?: Id;
}

export interface ReadState {
  id: Id;
  last_message_id: Id;
  mention_count: number;
}

export const RelationshipType = { FRIEND: 1, BLOCKED: 2, INCOMING: 3, OUTGOING: 4 } as const;

export interface Relationship {
  id: Id;
  type: number;
  nickname: string | null;
  user?: User;
}

export interface Invite {
  code: string;
  guild: { id: Id; name: string; icon: string | null; description: string | null };
  channel: { id: Id; name: string };
  inviter?: User;
  expires_at: string | null;
  approximate_member_count?: number;
  approximate_presence_count?: number;
  uses?: number;
  max_uses?: number;
}

export interface AuthSession {
  id_hash: string;
  approx_last_used_time: string;
  client_info: { os: string | null; platform: string | null };
}

export interface NotificationSettings {
  guild_id: Id | null;
  muted: boolean;
  message_notifications: number;
  suppress_everyone: boolean;
  suppress_roles: boolean;
  mute_config?: { end_time: string | null } | null;
  channel_overrides: { channel_id: Id; muted: boolean; message_notifications: number }[];
}
