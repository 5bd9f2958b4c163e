// Who is typing where; each is forgotten after ten seconds, or when their message comes.
import { createStore, produce } from "solid-js/store";
import type { Id, Member, Message } from "../core/types.ts";
import type { Reducers } from "./events.ts";
import { noteMember } from "./guilds.ts";
import { myId } from "./session.ts";

const LASTS_MS = 10_000;

const [typists, setTypists] = createStore<Record<Id, Record<Id, number>>>({});

/** Who is typing in a channel, who began first. */
export function typingIn(channelId: Id): Id[] {
  return Object.entries(typists[channelId] ?? {})
    .sort((a, b) => a[1] - b[1])
    .map(([id]) => id);
}

function stop(channelId: Id, userId: Id): void {
  if (typists[channelId]?.[userId]) setTypists(channelId, produce((all) => void delete all[userId]));
}

export const reducers: Reducers = {
  TYPING_START(d: { channel_id: Id; user_id: Id; guild_id?: Id; member?: Member }) {
    if (d.user_id === myId()) return;
    if (d.guild_id && d.member) noteMember(d.guild_id, d.member);
    const now = Date.now();
    if (!typists[d.channel_id]) setTypists(d.channel_id, {});
    setTypists(d.channel_id, d.user_id, now);
    setTimeout(() => {
      if (typists[d.channel_id]?.[d.user_id] === now) stop(d.channel_id, d.user_id);
    }, LASTS_MS);
  },
  MESSAGE_CREATE: (d: Message) => stop(d.channel_id, d.author.id),
};
