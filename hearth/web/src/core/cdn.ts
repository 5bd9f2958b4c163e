// Where pictures are.
import type { Channel, Emoji, Guild, StickerItem, User } from "./types.ts";

const SIZE = 128;

/** A file of this server as the page may load it: from where the page itself is, whatever name the server gives itself. */
export function hereUrl(url: string): string {
  if (!URL.canParse(url)) return url;
  const { pathname, search } = new URL(url);
  return /^\/(cdn|media)\//.test(pathname) ? pathname + search : url;
}

function format(hash: string): string {
  return hash.startsWith("a_") ? "gif" : "webp";
}

export function avatarUrl(user: Pick<User, "id" | "avatar"> | undefined): string | undefined {
  return user?.avatar ? `/cdn/avatars/${user.id}/${user.avatar}.${format(user.avatar)}?size=${SIZE}` : undefined;
}

export function iconUrl(guild: Pick<Guild, "id" | "icon">): string | undefined {
  return guild.icon ? `/cdn/icons/${guild.id}/${guild.icon}.${format(guild.icon)}?size=${SIZE}` : undefined;
}

export function groupIconUrl(channel: Pick<Channel, "id" | "icon">): string | undefined {
  return channel.icon ? `/cdn/channel-icons/${channel.id}/${channel.icon}.${format(channel.icon)}?size=${SIZE}` : undefined;
}

/** A sticker as it was sent: a PNG may move, and would not in another size. */
export function stickerUrl(sticker: Pick<StickerItem, "id" | "format_type">): string {
  return `/cdn/stickers/${sticker.id}.${sticker.format_type === 4 ? "gif" : "png"}`;
}

export function emojiUrl(emoji: Pick<Emoji, "id" | "animated">): string {
  return `/cdn/emojis/${emoji.id}.${emoji.animated ? "gif" : "webp"}?size=64`;
}
