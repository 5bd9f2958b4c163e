// Which tiles a room has, and how they fill it.
import type { Id } from "../../core/types.ts";

export interface Tile {
  key: string;
  userId: Id;
  /** The stream that it shows, or would; undefined is a face. */
  ssrc?: number;
  kind: "face" | "video" | "screen";
  /** The person's own picture. */
  media?: MediaStream;
}

interface Shows {
  type: "video" | "screen";
  ssrc: number;
  active: boolean;
}

/** Screens first, then people in the order that they are listed; a camera stands for its face. */
export function tilesOf(
  users: Id[], me: Id, streams: Record<Id, Shows[]>, own: { camera: MediaStream | null; screen: MediaStream | null },
): Tile[] {
  const screens: Tile[] = [];
  const people: Tile[] = [];
  for (const userId of users) {
    if (userId === me) {
      if (own.screen) screens.push({ key: "screen", userId, kind: "screen", media: own.screen });
      people.push(own.camera ? { key: userId, userId, kind: "video", media: own.camera } : { key: userId, userId, kind: "face" });
      continue;
    }
    const shown = (streams[userId] ?? []).filter((one) => one.active);
    // After a cut a stream has another name, and its tile is the same.
    shown.filter((one) => one.type === "screen").forEach(({ ssrc }, i) => screens.push({ key: `${userId} ${i}`, userId, kind: "screen", ssrc }));
    const camera = shown.find((one) => one.type === "video");
    people.push(camera ? { key: userId, userId, kind: "video", ssrc: camera.ssrc } : { key: userId, userId, kind: "face" });
  }
  return [...screens, ...people];
}

/** Tiles are rather a little high than very wide: faces are round. */
const RATIO = 1.2;

/** How many columns make the tiles largest. */
export function columnsFor(count: number, width: number, height: number, gap: number): number {
  let best = 1;
  let largest = 0;
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const wide = Math.min((width - gap * (columns - 1)) / columns, ((height - gap * (rows - 1)) / rows) * RATIO);
    if (wide > largest) [largest, best] = [wide, columns];
  }
  return best;
}
