// What system messages say, and the icon beside them.
import type { Id, Message } from "../core/types.ts";
import { nameIn } from "../store/guilds.ts";
import { myId } from "../store/session.ts";
import type { IconName } from "../ui/Icon.tsx";

const SIGNS: Record<number, IconName> = {
  1: "plus",
  2: "logout",
  3: "phone",
  4: "pencil",
  5: "pencil",
  6: "pin",
  7: "people",
  27: "stage",
  28: "stage",
  29: "mic",
  31: "pencil",
};

export const systemSign = (message: Message): IconName => SIGNS[message.type] ?? "dots";

export function systemText(message: Message, name: string, guildId: Id | undefined): string {
  const other = message.mentions[0] ? nameIn(guildId, message.mentions[0].id) : "somebody";
  switch (message.type) {
    case 1:
      return `${name} added ${other}.`;
    case 2:
      return message.mentions[0]?.id === message.author.id ? `${name} left.` : `${name} removed ${other}.`;
    case 3:
      return callText(message, name);
    case 4:
      return `${name} named this “${message.content}”.`;
    case 5:
      return `${name} changed the picture.`;
    case 6:
      return `${name} pinned a message.`;
    case 7:
      return `${name} is here now.`;
    case 27:
      return `${name} opened the stage “${message.content}”.`;
    case 28:
      return `The stage “${message.content}” is over.`;
    case 29:
      return `${name} speaks on the stage.`;
    case 31:
      return `${name} changed what the stage is about: “${message.content}”.`;
    default:
      return `${name}: ${message.content || "something that this client cannot show yet"}`;
  }
}

function callText(message: Message, name: string): string {
  const ended = message.call?.ended_timestamp;
  if (!ended) return `${name} began a call.`;
  if (!message.call?.participants.includes(myId())) return `You missed a call of ${name}'s.`;
  const minutes = Math.round((Date.parse(ended) - Date.parse(message.timestamp)) / 60_000);
  return `${name} began a call that took ${minutes < 1 ? "less than a minute" : minutes === 1 ? "a minute" : `${minutes} minutes`}.`;
}
