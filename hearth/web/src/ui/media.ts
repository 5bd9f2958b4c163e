// What the window is like, as signals.
import { type Accessor, createSignal } from "solid-js";

/** Whether a media query holds now. */
export function media(query: string): Accessor<boolean> {
  const list = matchMedia(query);
  const [holds, set] = createSignal(list.matches);
  list.addEventListener("change", () => set(list.matches));
  return holds;
}

/** There is no room for anything beside the messages but the channels. */
export const tight = media("(max-width: 1100px)");

/** One thing at a time: what is beside the messages covers them. */
export const narrow = media("(max-width: 768px)");
