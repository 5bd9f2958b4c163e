// What others say, out of the chosen speaker, each as loud as the person wants them.

/** How the names of sections that come directly begin. */
export const DIRECT = "direct ";

export class Hearing {
  private readonly slots = new Map<string, HTMLAudioElement>();
  /** Whose sound a section carries: said before there is a track where somebody spoke before one came. */
  private readonly owners = new Map<string, string>();
  private readonly volumeOf: (userId: string) => number;
  private readonly blocked: () => void;
  /** Who is heard by the sections that come directly from them. */
  private near = "";
  private deaf = false;
  private speaker = "";

  /** `volumeOf` gives per cent; `blocked` is called where the browser wants a click before it plays. */
  constructor(volumeOf: (userId: string) => number, blocked: () => void) {
    this.volumeOf = volumeOf;
    this.blocked = blocked;
  }

  add(mid: string, track: MediaStreamTrack): void {
    const element = new Audio();
    element.srcObject = new MediaStream([track]);
    this.slots.set(mid, element);
    this.adjust();
    this.direct(element);
    void element.play().catch((error: unknown) => error instanceof DOMException && error.name === "NotAllowedError" && this.blocked());
  }

  /** A section carries somebody's sound now. */
  assign(mid: string, userId: string): void {
    this.owners.set(mid, userId);
    this.adjust();
  }

  /** Hear somebody by their direct sections alone, which are silent else; nobody by "". */
  prefer(userId: string): void {
    this.near = userId;
    this.adjust();
  }

  /** No section comes directly any more. */
  part(): void {
    this.near = "";
    for (const [mid, element] of [...this.slots].filter(([name]) => name.startsWith(DIRECT))) {
      element.srcObject = null;
      this.slots.delete(mid);
      this.owners.delete(mid);
    }
    this.adjust();
  }

  /** The volumes changed, or who is deaf. */
  adjust(deaf = this.deaf): void {
    this.deaf = deaf;
    for (const [mid, element] of this.slots) {
      const owner = this.owners.get(mid) ?? "";
      const near = owner !== "" && owner === this.near;
      element.muted = deaf || near !== mid.startsWith(DIRECT);
      element.volume = Math.max(0, Math.min(1, this.volumeOf(owner) / 100));
    }
  }

  /** Play out of another device; "" is the system's. */
  useSpeaker(id: string): void {
    if (id === this.speaker) return;
    this.speaker = id;
    for (const element of this.slots.values()) this.direct(element);
  }

  play(): void {
    for (const element of this.slots.values()) void element.play().catch(() => {});
  }

  close(): void {
    for (const element of this.slots.values()) {
      element.pause();
      element.srcObject = null;
    }
    this.slots.clear();
    this.owners.clear();
  }

  private direct(element: HTMLAudioElement): void {
    // One that is gone leaves the system's; browsers without the choice have only that.
    if ("setSinkId" in element) void element.setSinkId(this.speaker).catch(() => {});
  }
}
