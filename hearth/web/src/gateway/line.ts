// What both gateways' sockets have in common: HELLO comes in time, beats are answered, and what broke off is tried again.

const FIRST_WAIT_MS = 250;

/** What is due: another socket, giving this one up, or a beat. */
export type Due = "connect" | "give up" | "beat";

/** The life of one socket after another. Times are monotonic milliseconds; `random` gives 0 ≤ x < 1. */
export class Line {
  /** Sockets since the last that led somewhere, which whoever it led says. */
  tries = 0;
  private readonly helloMs: number;
  private readonly longestWaitMs: number;
  private readonly random: () => number;
  private open = false;
  private intervalMs = 0;
  private beatAt: number | null = null;
  private unanswered = false;
  private helloBy: number | null = null;
  private retryAt: number | null = null;

  /** A socket that says no HELLO for `helloMs` is none. Nobody waits longer than `longestWaitMs` for another. */
  constructor(helloMs: number, longestWaitMs: number, random: () => number) {
    this.helloMs = helloMs;
    this.longestWaitMs = longestWaitMs;
    this.random = random;
  }

  /** Whether there is a socket, or one comes. */
  get up(): boolean {
    return this.open || this.helloBy !== null;
  }

  /** Whether another will be tried, and nothing is done until then. */
  get waits(): boolean {
    return this.retryAt !== null;
  }

  connecting(now: number): void {
    this.retryAt = null;
    this.helloBy = now + this.helloMs;
  }

  opened(now: number): void {
    this.open = true;
    this.helloBy = now + this.helloMs;
  }

  hello(intervalMs: number, now: number): void {
    this.helloBy = null;
    this.unanswered = false;
    this.intervalMs = intervalMs;
    this.beatAt = now + intervalMs * this.random();
  }

  acknowledged(): void {
    this.unanswered = false;
  }

  /** The socket is gone, and no other is tried. */
  end(): void {
    this.open = false;
    this.beatAt = this.helloBy = this.retryAt = null;
  }

  /** The socket is gone, and after a while another is tried: ever longer, and never all people at once. */
  retry(now: number): void {
    this.end();
    this.retryAt = now + Math.min(FIRST_WAIT_MS * 2 ** this.tries, this.longestWaitMs) * (0.7 + 0.3 * this.random());
    this.tries += 1;
  }

  /** The times at which `tick` has something to do. */
  times(): number[] {
    return [this.beatAt, this.helloBy, this.retryAt].filter((at) => at !== null);
  }

  tick(now: number): Due | null {
    if (this.retryAt !== null && now >= this.retryAt) return "connect";
    if (this.helloBy !== null && now >= this.helloBy) return "give up";
    if (this.beatAt === null || now < this.beatAt) return null;
    if (this.unanswered) return "give up";
    this.beatAt = now + this.intervalMs;
    this.unanswered = true;
    return "beat";
  }
}
