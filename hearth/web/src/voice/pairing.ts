// Whether media goes directly now: said to the server, begun when it says so, tried again after a failure.
import { Direct, type DirectListener, type Told } from "./direct.ts";

/** After a failure it is tried again, each time after twice as long. */
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 600_000;

export class Pairing {
  direct: Direct | null = null;
  private readonly listener: Omit<DirectListener, "failed">;
  private wanted = false;
  private ready = false;
  /** What the server was told last on this socket. */
  private said = false;
  private failures = 0;
  private pause: ReturnType<typeof setTimeout> | undefined;

  constructor(listener: Omit<DirectListener, "failed">) {
    this.listener = listener;
  }

  /** Whether the person wants it, and whether the server can be told. Without signals nothing goes directly. */
  want(wanted: boolean, ready: boolean): void {
    this.wanted = wanted;
    this.ready = ready;
    if (!ready) this.said = false;
    this.settle();
  }

  told(word: Told): void {
    if (word.type !== "begin") {
      if (word.id === this.direct?.id) this.direct.told(word);
      return;
    }
    this.direct?.gone();
    if (!this.said) return;
    this.direct = new Direct(word, {
      ...this.listener,
      failed: () => this.failed(),
      over: () => {
        this.listener.over();
        this.direct = null;
      },
    });
  }

  /** Whether somebody's sound comes directly. */
  hears(userId: string): boolean {
    return this.direct !== null && this.direct.userId === userId && this.direct.hears;
  }

  /** Somebody left the call. */
  left(userId: string): void {
    if (this.direct?.userId === userId) this.direct.gone();
  }

  close(): void {
    clearTimeout(this.pause);
    this.wanted = this.said = false;
    this.direct?.gone();
  }

  private failed(): void {
    clearTimeout(this.pause);
    const wait = Math.min(FIRST_WAIT_MS * 2 ** this.failures, LONGEST_WAIT_MS);
    this.failures += 1;
    this.pause = setTimeout(() => {
      this.pause = undefined;
      this.settle();
    }, wait);
    this.settle();
  }

  private settle(): void {
    const on = this.wanted && this.ready && this.pause === undefined;
    if (!on) this.direct?.end();
    if (!this.ready || on === this.said) return;
    this.said = on;
    this.listener.say({ type: "allow", on });
  }
}
