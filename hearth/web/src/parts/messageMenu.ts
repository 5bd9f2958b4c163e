// Parts of what the menu of a message does.
import { createSignal } from "solid-js";
import type { Id, Message } from "../core/types.ts";
import { say } from "../ui/toast.tsx";

/** The message that is about to be deleted, until the person says so. */
const [doomed, setDoomed] = createSignal<Message | null>(null);
export { doomed, setDoomed };

export function attemptDelete(message: Message): void {
  setDoomed(message);
}

export function linkTo(message: Message, guildId: Id | undefined): string {
  return `${location.origin}/channels/${guildId ?? "@me"}/${message.channel_id}/${message.id}`;
}

export function copy(text: string): void {
  navigator.clipboard.writeText(text).then(
    () => say("Copied."),
    () => say("This browser does not let the page copy.", true),
  );
}
