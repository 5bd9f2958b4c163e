// Friends, requests and blocked users.
import { createStore, produce, reconcile } from "solid-js/store";
import { type Id, type Relationship, RelationshipType } from "../core/types.ts";
import type { Reducers } from "./events.ts";
import { learn } from "./users.ts";

const [relationships, setRelationships] = createStore<Record<Id, Relationship>>({});
export { relationships };

export function isBlocked(id: Id): boolean {
  return relationships[id]?.type === RelationshipType.BLOCKED;
}

function noteRelationships(list: Relationship[]): void {
  for (const one of list) learn(one.user);
  setRelationships(reconcile(Object.fromEntries(list.map((one) => [one.id, one]))));
}

function put(d: Relationship): void {
  setRelationships(d.id, { ...relationships[d.id], ...d });
}

export const reducers: Reducers = {
  READY: (d: { relationships?: Relationship[] }) => noteRelationships(d.relationships ?? []),
  RELATIONSHIP_ADD: put,
  RELATIONSHIP_UPDATE: put,
  RELATIONSHIP_REMOVE: (d: { id: Id }) => setRelationships(produce((all) => void delete all[d.id])),
};
