// The guild's own emoji: made, renamed, deleted.
import { request } from "../api/client.ts";
import type { Emoji, Id } from "../core/types.ts";

/** With who made each, for those who may make them. */
export function listEmojis(guildId: Id): Promise<Emoji[]> {
  return request<Emoji[]>("GET", `/guilds/${guildId}/emojis`);
}

/** `image` is a data URI. */
export async function createEmoji(guildId: Id, name: string, image: string): Promise<void> {
  await request("POST", `/guilds/${guildId}/emojis`, { body: { name, image } });
}

export async function renameEmoji(guildId: Id, emojiId: Id, name: string): Promise<void> {
  await request("PATCH", `/guilds/${guildId}/emojis/${emojiId}`, { body: { name } });
}

export async function deleteEmoji(guildId: Id, emojiId: Id): Promise<void> {
  await request("DELETE", `/guilds/${guildId}/emojis/${emojiId}`);
}
