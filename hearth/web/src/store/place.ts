// Where the person is, as the path says; and what belongs to being there.
import { createSignal } from "solid-js";
import type { Id, Message } from "../core/types.ts";

export interface Place {
  /** "@me" for DMs and friends. */
  guild: Id | "@me" | null;
  channel: Id | null;
  message: Id | null;
}

const [place, setPlace] = createSignal<Place>({ guild: null, channel: null, message: null });
export { place, setPlace };

/** Which message is being replied to in the channel on screen. */
export const [replyingTo, setReplyingTo] = createSignal<Message | null>(null);
/** Which message is being edited. */
export const [editing, setEditing] = createSignal<Id | null>(null);
/** On narrow screens: which of the panes is open over the messages. */
export const [pane, setPane] = createSignal<"none" | "nav" | "members">("none");
/** Whether a voice channel shows what is written in it, instead of who is there. */
export const [chatting, setChatting] = createSignal(false);
/** What is open beside the messages. */
export const [panel, setPanel] = createSignal<"none" | "pins" | "inbox" | "search">("none");
