// Where channels stand, and which of them change their place when one is moved.
import { compare } from "./snowflake.ts";
import { type Channel, ChannelType, type Id } from "./types.ts";

/** What the API is told of a channel that stands elsewhere afterwards. */
export interface Move {
  id: Id;
  position: number;
  parent_id?: Id | null;
}

/** A place: in a category or outside all (null), before a channel or at the end (null). */
export interface Spot {
  parent: Id | null;
  before: Id | null;
}

const spoken = (one: Channel) => one.type === ChannelType.VOICE || one.type === ChannelType.STAGE;

/** Channels of a kind stand together: categories, what is written in, and below that what is spoken in. */
const kind = (one: Channel) => (one.type === ChannelType.CATEGORY ? 0 : spoken(one) ? 2 : 1);

const order = (a: Channel, b: Channel) => kind(a) - kind(b) || (a.position ?? 0) - (b.position ?? 0) || compare(a.id, b.id);

/** Those of a channel's kind in a category, in order. */
function row(all: Channel[], like: Channel, parent: Id | null): Channel[] {
  return all.filter((one) => kind(one) === kind(like) && (kind(one) === 0 || parentOf(all, one) === parent)).sort(order);
}

/** The category that a channel is shown in. */
function parentOf(all: Channel[], one: Channel): Id | null {
  return all.some((each) => each.id === one.parent_id && each.type === ChannelType.CATEGORY) ? (one.parent_id as Id) : null;
}

/** What changes when a channel goes to a place; nothing where it stands there already. */
export function moves(all: Channel[], id: Id, to: Spot): Move[] {
  const one = all.find((each) => each.id === id);
  if (!one) return [];
  const parent = kind(one) === 0 ? null : to.parent;
  const others = row(all, one, parent).filter((each) => each.id !== id);
  const target = to.before === null ? undefined : all.find((each) => each.id === to.before);
  let at = others.findIndex((each) => each.id === to.before);
  // Beside one of another kind: at the end of its own that faces it.
  if (at < 0) at = target && kind(target) < kind(one) ? 0 : others.length;
  if (target?.id === id) return [];
  const after = [...others.slice(0, at), one, ...others.slice(at)];
  return after.flatMap((each, position) => {
    const there = each.id === id && kind(one) !== 0 && parentOf(all, one) !== parent;
    if (!there && (each.position ?? 0) === position) return [];
    return [{ id: each.id, position, ...(there ? { parent_id: parent } : {}) }];
  });
}

/** The place one step up or down, also into the next category; null where there is none. */
export function step(all: Channel[], id: Id, by: 1 | -1): Spot | null {
  const one = all.find((each) => each.id === id);
  if (!one) return null;
  const parent = kind(one) === 0 ? null : parentOf(all, one);
  const here = row(all, one, parent);
  const at = here.findIndex((each) => each.id === id);
  if (by < 0 && at > 0) return { parent, before: (here[at - 1] as Channel).id };
  if (by > 0 && at < here.length - 1) return { parent, before: here[at + 2]?.id ?? null };
  if (kind(one) === 0) return null;
  const parents = [null, ...all.filter((each) => kind(each) === 0).sort(order).map((each) => each.id)];
  const next = parents[parents.indexOf(parent) + by];
  if (next === undefined) return null;
  return { parent: next, before: by < 0 ? null : (row(all, one, next)[0]?.id ?? null) };
}
