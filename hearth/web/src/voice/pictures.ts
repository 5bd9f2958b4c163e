// The pictures of a room by their names in it: whose they are, and in which sections they come and go.
import type { Carried } from "./counting.ts";
import type { Pictured } from "./direct.ts";
import type { Stream } from "./machine.ts";

export const KIND = { video: "camera", screen: "screen" } as const;

export class Pictures {
  /** By section, what comes in it. */
  readonly carried = new Map<string, number>();
  /** By name, the section in which one of ours is sent. */
  readonly sends = new Map<number, string>();
  /** What is wanted of each of ours, in per cent; of one that is not named all is. */
  demands: Record<number, number> = {};
  private readonly shows = new Map<string, Stream[]>();

  /** Somebody shows these now, and nothing else; whether it is us. */
  are(userId: string, streams: Stream[], ours: boolean): boolean {
    this.shows.set(userId, streams);
    if (ours) for (const ssrc of this.sends.keys()) if (!streams.some((one) => one.ssrc === ssrc)) this.sends.delete(ssrc);
    return ours;
  }

  left(userId: string): void {
    this.shows.delete(userId);
  }

  /** What somebody shows, by kind. */
  of(userId: string): Partial<Record<Pictured, number>> {
    return Object.fromEntries((this.shows.get(userId) ?? []).filter((one) => one.active).map((one) => [KIND[one.type], one.ssrc]));
  }

  /** Of what our sections send: the names, and whether anybody wants them. */
  mine(shown: { type: "video" | "screen"; mid: string; active: boolean }[]): Partial<Record<Pictured, { ssrc: number; wanted: boolean }>> {
    const found: Partial<Record<Pictured, { ssrc: number; wanted: boolean }>> = {};
    for (const { type, mid, active } of shown) {
      const ssrc = this.nameOf(mid);
      if (active && ssrc !== undefined) found[KIND[type]] = { ssrc, wanted: (this.demands[ssrc] ?? 100) > 0 };
    }
    return found;
  }

  /** The words about pictures, by name. */
  figures(pictures: Carried[]): Record<number, string> {
    const found: Record<number, string> = {};
    for (const { mid, words } of pictures) {
      const ssrc = this.carried.get(mid) ?? this.nameOf(mid);
      if (ssrc !== undefined) found[ssrc] = words;
    }
    return found;
  }

  private nameOf(mid: string): number | undefined {
    return [...this.sends].findLast((pair) => pair[1] === mid)?.[0];
  }
}
