// A message in a few words, where it is not shown whole.
import { type Message, MessageFlag } from "./types.ts";

/** Its text, or what it has instead of one. */
export function brief(message: Message): string {
  const sticker = message.sticker_items?.[0];
  return message.content || (sticker && `Sticker: ${sticker.name}`) || (message.flags & MessageFlag.VOICE ? "Voice message" : message.attachments.length ? "Attachment" : "A message without text");
}
