// The guild's own stickers: made, changed, deleted.
import { request } from "../api/client.ts";
import type { Id, Sticker } from "../core/types.ts";

export interface StickerForm {
  name: string;
  description: string;
  tags: string;
}

/** Related words it must have: where the person gave none, its name. */
const formed = (form: StickerForm) => ({ ...form, tags: form.tags.trim() || form.name });

/** With who made each, for those who may make them. */
export function listStickers(guildId: Id): Promise<Sticker[]> {
  return request<Sticker[]>("GET", `/guilds/${guildId}/stickers`);
}

export async function createSticker(guildId: Id, form: StickerForm, picture: Blob): Promise<void> {
  const body = new FormData();
  for (const [name, value] of Object.entries(formed(form))) body.set(name, value);
  body.set("file", picture, picture.type === "image/gif" ? "sticker.gif" : "sticker.png");
  await request("POST", `/guilds/${guildId}/stickers`, { body });
}

export async function changeSticker(guildId: Id, stickerId: Id, form: StickerForm): Promise<void> {
  await request("PATCH", `/guilds/${guildId}/stickers/${stickerId}`, { body: formed(form) });
}

export async function deleteSticker(guildId: Id, stickerId: Id): Promise<void> {
  await request("DELETE", `/guilds/${guildId}/stickers/${stickerId}`);
}
