// Which member list a channel has: channels that the same members see share one, by an id of what decides that.
import { P } from "./permissions.ts";
import type { Overwrite } from "./types.ts";

export const EVERYONE = "everyone";

/** The id of the member list of a channel with these overwrites, in a guild whose @everyone may do this. */
export function listId(guildId: string, everyone: bigint, overwrites: Overwrite[]): string {
  const view = P.VIEW_CHANNEL;
  let sees = (everyone & view) !== 0n;
  let denied = false;
  const parts: string[] = [];
  for (const one of overwrites) {
    if (BigInt(one.allow) & view) {
      parts.push(`allow:${one.id}`);
      sees ||= one.type === 0 && one.id === guildId;
    } else if (BigInt(one.deny) & view) {
      parts.push(`deny:${one.id}`);
      denied = true;
    }
  }
  if (everyone & P.ADMINISTRATOR || (sees && !denied)) return EVERYONE;
  return String(murmur3(parts.sort().join(",")));
}

/** MurmurHash3 for x86 in 32 bits with seed 0, of text whose characters are all ASCII. */
function murmur3(text: string): number {
  let value = 0;
  for (let start = 0; start < text.length; start += 4) {
    const block = text.slice(start, start + 4);
    let k = 0;
    for (let i = 0; i < block.length; i += 1) k |= block.charCodeAt(i) << (8 * i);
    k = Math.imul(k, 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    value ^= Math.imul(k, 0x1b873593);
    if (block.length === 4) value = (Math.imul((value << 13) | (value >>> 19), 5) + 0xe6546b64) | 0;
  }
  value ^= text.length;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
