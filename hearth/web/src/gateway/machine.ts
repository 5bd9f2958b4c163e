// The client's half of Gateway v10 as a pure machine: what comes in and when → what to do.
import type { Wire } from "./driver.ts";
import { Line } from "./line.ts";

/** What the machine wants done. */
export type Output =
  | Wire
  | { do: "dispatch"; name: string; d: unknown }
  | { do: "state"; state: State }
  | { do: "void"; reason: string };

/** `waiting`: there is no connection now; `ready`: events come. */
export type State = "connecting" | "waiting" | "ready" | "over";

export interface Payload {
  op: number;
  d: unknown;
  s?: number | null;
  t?: string | null;
}

const OP = { DISPATCH: 0, HEARTBEAT: 1, IDENTIFY: 2, RESUME: 6, RECONNECT: 7, INVALID: 9, HELLO: 10, ACK: 11 };
const LONGEST_WAIT_MS = 15_000;
/** After a crash all come anew, within so long; who was in a call is back within five seconds. */
const REFUSED_MS = 1_500;
const HELLO_MS = 15_000;
/** After these the token or the client is at fault: another try would be the same. */
const FINAL = new Map([
  [4004, "Please log in again."],
  [4012, "This page is too old for the server. Load it again."],
  [4015, "You are connected too often. Close some other windows."],
]);
/** After these the session is gone. */
const SESSION_GONE = new Set([4007, 4009, 4003]);

/** One person's connection. A resumption goes to the page's own server too. Times are monotonic milliseconds; `random` gives 0 ≤ x < 1. */
export class Machine {
  state: State = "waiting";
  private readonly url: string;
  private readonly identify: Record<string, unknown>;
  private readonly random: () => number;
  private session: string | null = null;
  private seq: number | null = null;
  private readonly line: Line;
  private identifyAt: number | null = null;

  constructor(url: string, identify: Record<string, unknown>, random: () => number) {
    this.url = url;
    this.identify = identify;
    this.random = random;
    this.line = new Line(HELLO_MS, LONGEST_WAIT_MS, random);
  }

  /** Begin, or try again at once: the network came back, the window was looked at. */
  start(now: number): Output[] {
    if (this.state === "over" || this.line.up) return [];
    return this.connect(now);
  }

  /** The socket opened. */
  opened(now: number): Output[] {
    this.line.opened(now);
    return [];
  }

  /** The server said something. */
  receive(payload: Payload, now: number): Output[] {
    const { op, d } = payload;
    if (typeof payload.s === "number") this.seq = payload.s;
    switch (op) {
      case OP.HELLO:
        this.line.hello((d as { heartbeat_interval: number }).heartbeat_interval, now);
        return this.introduce();
      case OP.ACK:
        this.line.acknowledged();
        return [];
      case OP.HEARTBEAT:
        return [this.beat()];
      case OP.RECONNECT:
        return this.giveUp(now);
      case OP.INVALID:
        if (d !== true) this.forget();
        this.identifyAt = now + REFUSED_MS * (0.2 + 0.8 * this.random());
        return [];
      case OP.DISPATCH:
        return this.dispatch(payload.t ?? "", d);
      default:
        return [];
    }
  }

  /** The socket closed, or never opened; a second word of the same is nothing new. */
  closed(code: number, now: number): Output[] {
    if (this.state === "over" || this.line.waits) return [];
    this.identifyAt = null;
    const reason = FINAL.get(code);
    if (reason !== undefined) {
      this.line.end();
      this.state = "over";
      return [{ do: "state", state: "over" }, { do: "void", reason }];
    }
    if (SESSION_GONE.has(code)) this.forget();
    this.line.retry(now);
    return this.turn("waiting");
  }

  /** When `tick` has something to do; null for never. */
  wakeAt(): number | null {
    const at = Math.min(...this.line.times(), this.identifyAt ?? Infinity);
    return at === Infinity ? null : at;
  }

  /** Time went by. */
  tick(now: number): Output[] {
    const due = this.line.tick(now);
    if (due === "connect") return this.connect(now);
    if (due === "give up") return this.giveUp(now);
    if (due === "beat") return [this.beat()];
    if (this.identifyAt !== null && now >= this.identifyAt) {
      this.identifyAt = null;
      return this.introduce();
    }
    return [];
  }

  /** Done: the person logged out. */
  stop(): Output[] {
    this.state = "over";
    this.line.end();
    this.identifyAt = null;
    return [{ do: "close", code: 1000 }, { do: "state", state: "over" }];
  }

  private connect(now: number): Output[] {
    this.line.connecting(now);
    return [...this.turn("connecting"), { do: "connect", url: `${this.url}?v=10&encoding=json` }];
  }

  private introduce(): Output[] {
    if (this.session) {
      const { token } = this.identify;
      return [{ do: "send", op: OP.RESUME, d: { token, session_id: this.session, seq: this.seq } }];
    }
    return [{ do: "send", op: OP.IDENTIFY, d: this.identify }];
  }

  private dispatch(name: string, d: unknown): Output[] {
    const out: Output[] = [];
    if (name === "READY") {
      const { session_id } = d as { session_id: string };
      this.session = session_id;
    }
    out.push({ do: "dispatch", name, d });
    if (name === "READY" || name === "RESUMED") {
      this.line.tries = 0;
      out.push(...this.turn("ready"));
    }
    return out;
  }

  private beat(): Output {
    return { do: "send", op: OP.HEARTBEAT, d: this.seq };
  }

  private giveUp(now: number): Output[] {
    return [{ do: "close", code: 4000 }, ...this.closed(4000, now)];
  }

  private turn(state: State): Output[] {
    if (this.state === state) return [];
    this.state = state;
    return [{ do: "state", state }];
  }

  private forget(): void {
    this.session = this.seq = null;
  }
}
