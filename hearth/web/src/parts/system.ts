// What system messages say.
import type { Id, Message } from "../core/types.ts";
import { nameIn } from "../store/guilds.ts";

export function systemText(message: Message, name: string, guildId: Id | undefined): string {
  const other = message.mentions[0] ? nameIn(guildId, message.mentions[0].id) : "somebody";
  switch (message.type) {
    case 1:
      return `${name} added ${other}.`;
    case 2:
      return message.mentions[0]?.id === message.author.id ? `${name} left.` : `${name} removed ${other}.`;
    case 4:
      return `${name} named this “${message.content}”.`;
    case 6:
      return `${name} pinned a message.`;
    case 7:
      return `${name} is here now.`;
    default:
      return `${name}: ${message.content || "something that this client cannot show yet"}`;
  }
}
