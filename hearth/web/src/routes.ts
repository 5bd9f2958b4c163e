// Path → view. What needs somebody who is logged in, and what is for those who are not.
import { lazy } from "solid-js";
import type { Kind } from "./views/Entry.tsx";

export const Entry = lazy(() => import("./views/Entry.tsx"));
export const Shell = lazy(() => import("./views/Shell.tsx"));
export const VoiceCheck = lazy(() => import("./views/VoiceCheck.tsx"));
export const Settings = lazy(() => import("./views/Settings.tsx"));

/** What everybody may see, logged in or not. */
export function isOpen(path: string): boolean {
  return /^\/voice-check\/?$/.test(path);
}

/** Which form of the way in a path is; links from mails and the console have it behind the "#" too. */
export function entryOf(path: string): { kind: Kind; code: string } | null {
  const found = /^\/(?:(login|register)|(claim|invite|reset)\/([\w-]+))\/?$/.exec(path);
  if (!found) return null;
  return { kind: (found[1] ?? found[2]) as Kind, code: found[3] ?? "" };
}

/** The path that a link like "/#claim=CODE" stands for. What is behind "#" reaches no server's log. */
export function pathOfHash(hash: string): string | null {
  const found = /^#(claim|invite|reset)=([\w-]+)$/.exec(hash);
  return found ? `/${found[1]}/${found[2]}` : null;
}
