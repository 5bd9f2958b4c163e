// Which dialog is open: one at a time, asked for from anywhere.
import { createSignal } from "solid-js";
import type { Id } from "../core/types.ts";

export type Asked =
  | { kind: "add" }
  | { kind: "channel"; guildId: Id; parentId?: Id | null }
  | { kind: "edit"; channelId: Id }
  | { kind: "invite"; channelId: Id }
  | { kind: "notify"; guildId?: Id; channelId?: Id }
  | { kind: "guild"; guildId: Id }
  | { kind: "leave"; guildId: Id }
  | { kind: "moderate"; guildId: Id; userId: Id; what: "kick" | "ban" | "timeout" | "rename" }
  | { kind: "stage"; channelId: Id }
  | { kind: "dm" }
  | { kind: "group"; channelId: Id }
  | { kind: "keys" };

const [dialog, setDialog] = createSignal<Asked | null>(null);
export { dialog };

export function openDialog(asked: Asked): void {
  setDialog(asked);
}

export function closeDialog(): void {
  setDialog(null);
}
