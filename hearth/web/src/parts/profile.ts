// Whose profile is open beside what.
import { createSignal } from "solid-js";
import type { Id } from "../core/types.ts";

export interface Shown {
  id: Id;
  guildId?: Id;
  beside: Element;
}

const [shown, setShown] = createSignal<Shown | null>(null);
export { shown as shownProfile };

/** Open somebody's profile beside an element. */
export function showProfile(id: Id, guildId: Id | undefined, beside: Element): void {
  setShown({ id, guildId, beside });
}

export function hideProfile(): void {
  setShown(null);
}
