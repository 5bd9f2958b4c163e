// Member lists as the server keeps them in order: of each, the part that was asked for.
import { createStore, produce } from "solid-js/store";
import type { Id, Member, Presence } from "../core/types.ts";
import type { Reducers } from "./events.ts";
import { noteMember } from "./guilds.ts";
import { setStatus } from "./users.ts";

export type Item = { group: { id: string; count: number } } | { member: Id };

export interface List {
  groups: { id: string; count: number }[];
  items: (Item | undefined)[];
  memberCount: number;
  onlineCount: number;
}

const [lists, setLists] = createStore<Record<string, List>>({});
export { lists };

export const listKey = (guildId: Id, id: string): string => `${guildId}/${id}`;

type Told = { group: { id: string; count: number } } | { member: Member & { presence?: Presence } };

interface Update {
  guild_id: Id;
  id: string;
  groups: { id: string; count: number }[];
  member_count: number;
  online_count: number;
  ops: (
    | { op: "SYNC"; range: [number, number]; items: Told[] }
    | { op: "INSERT"; index: number; item: Told }
    | { op: "UPDATE"; index: number; item: Told }
    | { op: "DELETE"; index: number }
    | { op: "INVALIDATE"; range: [number, number] }
  )[];
}

function taken(guildId: Id, told: Told): Item {
  if ("group" in told) return { group: told.group };
  const { presence, ...member } = told.member;
  noteMember(guildId, member);
  setStatus(member.user.id, presence?.status ?? "offline");
  return { member: member.user.id };
}

export const reducers: Reducers = {
  READY: () => setLists(produce((all) => Object.keys(all).forEach((key) => delete all[key]))),
  GUILD_MEMBER_LIST_UPDATE(d: Update) {
    const key = listKey(d.guild_id, d.id);
    const items = [...(lists[key]?.items ?? [])];
    for (const op of d.ops) {
      if (op.op === "SYNC") op.items.forEach((item, i) => (items[op.range[0] + i] = taken(d.guild_id, item)));
      else if (op.op === "INSERT") items.splice(op.index, 0, taken(d.guild_id, op.item));
      else if (op.op === "UPDATE") items[op.index] = taken(d.guild_id, op.item);
      else if (op.op === "DELETE") items.splice(op.index, 1);
      else for (let i = op.range[0]; i <= op.range[1] && i < items.length; i += 1) items[i] = undefined;
    }
    setLists(key, { groups: d.groups, items, memberCount: d.member_count, onlineCount: d.online_count });
  },
};
