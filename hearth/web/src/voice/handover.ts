// When media of two goes directly and when by the server, as a pure machine: the direct way comes up beside
// the server's, and takes over each part once that part has arrived by it (decision 0032).

export type Output =
  /** Tell the other what of theirs arrives directly. */
  | { do: "flows"; sound: boolean; streams: number[] }
  /** Play the other's sound from the direct way, or from the server's. */
  | { do: "hear"; direct: boolean }
  /** Show these of the other's pictures from the direct way, the others from the server's. */
  | { do: "look"; streams: number[] }
  /** Send the server no sound, and not these pictures of ours: the other has them directly. */
  | { do: "hold"; sound: boolean; streams: number[] }
  /** The direct way did not come up, or broke. */
  | { do: "failed" }
  | { do: "close" };

/** How often what arrived is to be counted. */
export const EVERY_MS = 150;
/** Who is not connected by then has no way to the other. */
const CONNECT_MS = 15_000;
/** So much has arrived before it is heard: the browser has put it in order by then. */
const SOUND_PACKETS = 10;
/** So many counts without a packet of sound, and the way is broken. */
const QUIET_COUNTS = 5;
/** After the end the server's way is heard so much later, when its first packets are there; */
const HEAR_MS = 400;
/** and seen so much later, when its first whole picture is. Then nothing comes directly any more. */
const CLOSE_MS = 1_000;

/** One direct connection. Times are monotonic milliseconds; pictures are known by their names in the room. */
export class Handover {
  private phase: "beside" | "ending" | "over" = "beside";
  private readonly began: number;
  private endedAt = 0;
  private connected = false;
  private hears = false;
  private looks: number[] = [];
  private held = false;
  private soundAt: number | null = null;
  private lastSound = 0;
  private quiet = 0;
  private readonly first = new Map<number, number>();

  constructor(now: number) {
    this.began = now;
  }

  /** Whether anything goes directly, there or here. */
  get carries(): boolean {
    return this.hears || this.looks.length > 0 || this.held;
  }

  /** The browser's word about the connection. */
  state(state: RTCPeerConnectionState): Output[] {
    if (state === "connected") this.connected = true;
    return state === "disconnected" || state === "failed" || state === "closed" ? this.lost() : [];
  }

  /** What has arrived directly since the beginning: packets of sound, and whole pictures of each. */
  counted(sound: number, pictures: Map<number, number>): Output[] {
    if (this.phase === "over") return [];
    this.soundAt ??= sound;
    this.quiet = sound > this.lastSound ? 0 : this.quiet + 1;
    this.lastSound = sound;
    if (this.phase === "ending") return this.quiet > 0 ? this.hear(false) : [];
    if (this.hears && this.quiet >= QUIET_COUNTS) return this.lost();
    const hears = this.hears || sound - this.soundAt >= SOUND_PACKETS;
    const looks: number[] = [];
    for (const [ssrc, whole] of pictures) {
      const first = this.first.get(ssrc) ?? whole;
      this.first.set(ssrc, first);
      if (whole > first) looks.push(ssrc);
    }
    const outputs = [...this.hear(hears), ...this.look(looks)];
    return outputs.length ? [...outputs, { do: "flows", sound: hears, streams: looks }] : [];
  }

  /** The other's word about what arrives there. */
  told(sound: boolean, streams: number[]): Output[] {
    if (this.phase !== "beside") return [];
    this.held = sound || streams.length > 0;
    return [{ do: "hold", sound, streams }];
  }

  /** It is not to be any more: the server is sent everything at once, and what comes from it takes over. */
  end(now: number): Output[] {
    if (this.phase !== "beside") return [];
    if (!this.carries) return this.gone();
    this.phase = "ending";
    this.endedAt = now;
    // Where it broke, the direct way has nothing to bridge with.
    return [...this.release(), ...(this.quiet > 0 ? this.hear(false) : [])];
  }

  /** The other is not there any more: nothing of theirs is heard or seen from now on. */
  gone(): Output[] {
    if (this.phase === "over") return [];
    this.phase = "over";
    return [...this.release(), ...this.hear(false), ...this.look([]), { do: "close" }];
  }

  tick(now: number): Output[] {
    if (this.phase === "beside" && !this.connected && now - this.began >= CONNECT_MS) return this.lost();
    if (this.phase !== "ending") return [];
    if (now - this.endedAt >= CLOSE_MS) return this.gone();
    return now - this.endedAt >= HEAR_MS ? this.hear(false) : [];
  }

  private lost(): Output[] {
    return this.phase === "beside" ? [...this.gone(), { do: "failed" }] : this.gone();
  }

  private release(): Output[] {
    if (!this.held) return [];
    this.held = false;
    return [{ do: "hold", sound: false, streams: [] }];
  }

  private hear(direct: boolean): Output[] {
    if (this.hears === direct) return [];
    this.hears = direct;
    return [{ do: "hear", direct }];
  }

  private look(streams: number[]): Output[] {
    if (streams.length === this.looks.length && streams.every((ssrc) => this.looks.includes(ssrc))) return [];
    this.looks = streams;
    return [{ do: "look", streams }];
  }
}
