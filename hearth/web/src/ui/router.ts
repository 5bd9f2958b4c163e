// The path as a signal: the address bar is the one place that says what is shown.
import { createSignal } from "solid-js";

const [path, setPath] = createSignal(location.pathname);
export { path };

addEventListener("popstate", () => setPath(location.pathname));

/** Show another path. `replace` leaves no way back to the present one. */
export function navigate(to: string, options: { replace?: boolean } = {}): void {
  if (to === location.pathname) return;
  if (options.replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  setPath(location.pathname);
}

/** What a path says by a pattern such as "/channels/:guild/:channel?", or null where it is no such path. */
export function match(pattern: string, of: string): Record<string, string> | null {
  const words = of.split("/").filter(Boolean);
  const found: Record<string, string> = {};
  const parts = pattern.split("/").filter(Boolean);
  if (words.length > parts.length) return null;
  for (const [i, part] of parts.entries()) {
    const word = words[i];
    if (part.startsWith(":")) {
      if (word !== undefined) found[part.replace(/^:|\?$/g, "")] = decodeURIComponent(word);
      else if (!part.endsWith("?")) return null;
    } else if (part !== word) return null;
  }
  return found;
}

/** For a link: goes there without loading the page, unless another window is asked for. */
export function follow(event: MouseEvent & { currentTarget: HTMLAnchorElement }): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  navigate(new URL(event.currentTarget.href).pathname);
}
