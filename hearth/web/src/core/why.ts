// Why somebody has a permission or not: one sentence for each step that bears on it, the verdict last.
import { P, type Permission, type Place, resolve, type Step, type Who, type World } from "./permissions.ts";

const ORDER = [
  "OWNER", "ROLE", "ADMINISTRATOR", "ORPHAN", "EVERYONE_OVERWRITE", "ROLE_OVERWRITE", "MEMBER_OVERWRITE",
  "PRIVATE_THREAD", "HIDDEN", "THREAD", "MUTE", "DISCONNECTED", "TIMEOUT",
];

export interface Reason {
  text: string;
  /** Whether this step gave it, took it, or says how it ends. */
  effect: "gives" | "takes" | "verdict";
}

/** The steps about one permission; `name` is what the member is called, `what` what the permission allows. */
export function why(
  world: World, member: Who, place: Place | null, permission: Permission, name: string, what: string, wallMs: number,
): { has: boolean; reasons: Reason[] } {
  const trace: Step[] = [];
  const bit = P[permission];
  const has = (resolve(world, member, place, wallMs, trace) & bit) !== 0n;
  trace.sort((a, b) => ORDER.indexOf(a.rule) - ORDER.indexOf(b.rule));
  const role = (id: string) => (id === world.id ? "@everyone" : `@${world.roles[id]?.name ?? "a role that is gone"}`);
  const reasons: Reason[] = [];
  for (const step of trace) {
    const gives = (step.allow & bit) !== 0n;
    const takes = (step.deny & bit) !== 0n;
    if (!gives && !takes) continue;
    const effect = gives ? "gives" : "takes";
    const texts: Partial<Record<Step["rule"], string>> = {
      OWNER: `${name} owns the guild and may do everything`,
      ROLE: `${role(step.id)} may do so in the guild`,
      ADMINISTRATOR: "A role makes an administrator, who may do everything",
      ORPHAN: "The thread's channel is gone",
      EVERYONE_OVERWRITE: `Here @everyone is ${gives ? "allowed" : "denied"} it`,
      ROLE_OVERWRITE: `Here ${role(step.id)} is ${gives ? "allowed" : "denied"} it`,
      MEMBER_OVERWRITE: `Here ${name} alone is ${gives ? "allowed" : "denied"} it`,
      PRIVATE_THREAD: "The thread is private",
      HIDDEN: "Who can't see the channel can do nothing in it",
      THREAD: gives ? "May write in threads" : "May not write in threads",
      MUTE: "Who can't write here can't do that either",
      DISCONNECTED: "Who can't join can't do that either",
      TIMEOUT: `${name} is timed out`,
    };
    reasons.push({ effect, text: texts[step.rule] ?? step.rule });
  }
  if (!reasons.some((reason) => reason.effect === "gives")) {
    reasons.unshift({ effect: "takes", text: `No role of ${name} allows it` });
  }
  reasons.push({ effect: "verdict", text: has ? `${name} may: ${what}` : `${name} may not: ${what}` });
  return { has, reasons };
}
