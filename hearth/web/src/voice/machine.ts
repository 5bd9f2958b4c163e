// The client's half of the voice gateway v8 as a pure machine: what comes in and when → what to do.
import type { Wire } from "../gateway/driver.ts";
import { Line } from "../gateway/line.ts";
import type { Told, Word } from "./direct.ts";

/** What the machine wants done. */
export type Output =
  | Wire
  | { do: "state"; state: State }
  /** Signalling begins: make an offer. */
  | { do: "ready"; ready: Ready }
  | { do: "answer"; sdp: string }
  | { do: "speaking"; userId: string; flags: number; mid: string | null }
  /** All that somebody shows now. */
  | { do: "streams"; userId: string; streams: Stream[] }
  /** A section of our offer carries that stream from now on; no user is nobody's. */
  | { do: "mapped"; userId: string; ssrc: number; mid: string }
  | { do: "left"; userId: string }
  /** Of media that goes directly. */
  | { do: "direct"; word: Told }
  /** The best that anybody wants of each of our streams, in per cent; of nothing else anything. */
  | { do: "wanted"; streams: Record<number, number> }
  /** The token is spent: ask the main gateway for another. */
  | { do: "renew" }
  /** Taken out of the room. Who was moved is told by the main gateway where to. */
  | { do: "dismissed"; failure: Failure }
  | { do: "failed"; failure: Failure };

/** `waiting`: there is no socket now, packets may still come; `ready`: signalling works. */
export type State = "connecting" | "waiting" | "ready" | "over";

/** Why voice ended, and what to do about it; `again` says whether trying once more can help. */
export interface Failure {
  text: string;
  way: string;
  again: boolean;
  /** Whether the page that tries the ways to the server tells more. */
  check?: true;
}

export interface Ready {
  ssrc: number;
  ice_servers?: RTCIceServer[];
}

/** Something that is shown: a camera or a screen, by its name in the room. */
export interface Stream {
  type: "video" | "screen";
  ssrc: number;
  active: boolean;
  /** Of a screen: who watches it. */
  watchers?: string[];
}

type Shown = { type?: string; ssrc: number; active?: boolean; mid?: string | null; watchers?: string[] };

export interface Payload {
  op: number;
  d: unknown;
  seq?: number;
}

export interface Identity {
  server_id: string;
  channel_id: string;
  user_id: string;
  session_id: string;
  token: string;
}

const OP = {
  IDENTIFY: 0, SELECT: 1, READY: 2, HEARTBEAT: 3, SESSION: 4, SPEAKING: 5, ACK: 6, RESUME: 7, HELLO: 8,
  RESUMED: 9, VIDEO: 12, LEFT: 13, WANTS: 15, DIRECT: 100,
};
const LONGEST_WAIT_MS = 5_000;
const HELLO_MS = 8_000;
/** Who answers no Identify or offer in this time does not answer. */
const ANSWER_MS = 10_000;
/** Who was never let in for so long is not let in. */
const FIRST_MS = 20_000;
/** So many sockets in a row without a word of sense are enough. */
const MOST_TRIES = 8;

/** The server asks for another token after these. */
const RENEW = new Set([4003, 4004, 4006, 4009, 4011]);
const DISMISSED = 4014;
const FINAL: Record<number, Failure> = {
  [DISMISSED]: { text: "You were disconnected from voice.", way: "Somebody took you out, or the channel is gone.", again: true },
  4016: { text: "This page and the server do not understand each other.", way: "Load the page again.", again: false },
  4012: { text: "This page is too old for the server.", way: "Load the page again.", again: false },
  4020: { text: "The server could not use what this browser sent.", way: "Load the page again, or try another browser.", again: true },
  4021: { text: "That was too much at once.", way: "Wait a minute, then join again.", again: true },
  4022: { text: "The call has ended.", way: "Begin another whenever you like.", again: false },
};
export const NO_ANSWER: Failure = {
  text: "The server's voice does not answer.", way: "Try again; if it stays so, tell whoever runs the server.", again: true,
};
export const NO_ROUTE: Failure = {
  text: "Voice does not get through your network.", way: "Neither UDP nor TCP reaches the server's voice. Try another network, or without VPN.", again: true, check: true,
};

/** One stay in one channel. Times are monotonic milliseconds; `random` gives 0 ≤ x < 1. */
export class Machine {
  state: State = "waiting";
  private readonly line: Line;
  private readonly url: string;
  private readonly identity: Identity;
  private ready = false;
  private identified = false;
  private seq = -1;
  private rev = 0;
  private answerBy: number | null = null;
  private firstBy: number | null = null;

  constructor(url: string, identity: Identity, random: () => number) {
    this.url = url;
    this.identity = identity;
    this.line = new Line(HELLO_MS, LONGEST_WAIT_MS, random);
  }

  start(now: number): Output[] {
    if (this.state === "over" || this.line.up) return [];
    if (!this.ready) this.firstBy ??= now + FIRST_MS;
    this.line.connecting(now);
    return [...this.turn("connecting"), { do: "connect", url: this.url }];
  }

  opened(now: number): Output[] {
    this.line.opened(now);
    return [];
  }

  receive(payload: Payload, now: number): Output[] {
    const { op, d } = payload;
    if (typeof payload.seq === "number") this.seq = payload.seq;
    switch (op) {
      case OP.HELLO:
        this.line.hello((d as { heartbeat_interval: number }).heartbeat_interval, now);
        this.answerBy = now + ANSWER_MS;
        return [this.introduce()];
      case OP.READY:
        this.ready = true;
        this.answerBy = this.firstBy = null;
        this.line.tries = 0;
        return [...this.turn("ready"), { do: "ready", ready: d as Ready }];
      case OP.RESUMED:
        this.answerBy = null;
        this.line.tries = 0;
        return this.turn("ready");
      case OP.SESSION: {
        const { rev, sdp } = d as { rev?: number; sdp?: string };
        if (rev !== this.rev || !sdp) return [];
        this.answerBy = null;
        return [{ do: "answer", sdp }];
      }
      case OP.ACK:
        this.line.acknowledged();
        return [];
      case OP.SPEAKING: {
        const { user_id, speaking, mid } = d as { user_id: string | null; speaking?: number; mid?: string | null };
        return [{ do: "speaking", userId: user_id ?? "", flags: speaking ?? 0, mid: mid ?? null }];
      }
      case OP.VIDEO: {
        const { user_id, audio_ssrc, streams = [] } = d as { user_id: string | null; audio_ssrc?: number; streams?: Shown[] };
        const carried = streams.flatMap((one): Output[] =>
          one.mid ? [{ do: "mapped", userId: user_id ?? "", ssrc: one.ssrc, mid: one.mid }] : [],
        );
        if (user_id === null || audio_ssrc === undefined) return carried;
        const shown = streams.map((one): Stream => ({ type: one.type === "screen" ? "screen" : "video", ssrc: one.ssrc, active: one.active ?? true, ...(one.watchers ? { watchers: one.watchers } : {}) }));
        return [{ do: "streams", userId: user_id, streams: shown }, ...carried];
      }
      case OP.LEFT:
        return [{ do: "left", userId: (d as { user_id: string }).user_id }];
      case OP.DIRECT:
        return [{ do: "direct", word: d as Told }];
      case OP.WANTS:
        return [{ do: "wanted", streams: numbersOf(d as Record<string, unknown>) }];
      default:
        return [];
    }
  }

  /** The socket closed, or never opened. */
  closed(code: number, now: number): Output[] {
    if (this.state === "over" || this.line.waits) return [];
    this.answerBy = null;
    const failure = FINAL[code];
    if (failure && code === DISMISSED) return [...this.end(), { do: "dismissed", failure }];
    if (failure) return this.fail(failure);
    // An Identify is good for once: who got no Ready for it needs another token.
    if (RENEW.has(code) || (this.identified && !this.ready)) return [...this.end(), { do: "renew" }];
    if (this.line.tries >= MOST_TRIES) return this.fail(NO_ANSWER);
    this.line.retry(now);
    return this.turn("waiting");
  }

  /** When `tick` has something to do; null for never. */
  wakeAt(): number | null {
    const at = Math.min(...this.line.times(), this.answerBy ?? Infinity, this.firstBy ?? Infinity);
    return at === Infinity ? null : at;
  }

  tick(now: number): Output[] {
    if (this.firstBy !== null && now >= this.firstBy) return [{ do: "close", code: 4000 }, ...this.fail(NO_ANSWER)];
    if (this.answerBy !== null && now >= this.answerBy) return this.giveUp(now);
    const due = this.line.tick(now);
    if (due === "connect") return this.start(now);
    if (due === "give up") return this.giveUp(now);
    return due ? [this.send(OP.HEARTBEAT, { t: Math.round(now), seq_ack: this.seq })] : [];
  }

  /** Send an offer; the answer to it comes as an output, those to earlier ones do not. */
  offer(sdp: string, connectionId: string, now: number): Output[] {
    this.rev += 1;
    this.answerBy = now + ANSWER_MS;
    return [this.send(OP.SELECT, { protocol: "webrtc", type: "offer", rev: this.rev, data: sdp, rtc_connection_id: connectionId })];
  }

  /** Say that this client may be heard; who is loud now the server hears itself. */
  speak(ssrc: number): Output[] {
    return [this.send(OP.SPEAKING, { speaking: 1, delay: 0, ssrc })];
  }

  /** Say what the sections of the offer send. */
  show(streams: { type: "video" | "screen"; mid: string; active: boolean }[]): Output[] {
    return [this.send(OP.VIDEO, { audio_ssrc: 0, video_ssrc: 0, rtx_ssrc: 0, streams })];
  }

  /** Say what is on screen: by stream how many pixels of it; of other cameras nothing. */
  want(pixels: Record<string, number>): Output[] {
    const wanted = Object.fromEntries(Object.keys(pixels).map((ssrc) => [ssrc, 100]));
    return [this.send(OP.WANTS, { any: 0, ...wanted, pixelCounts: pixels })];
  }

  /** Say something of media that goes directly. */
  direct(word: Word): Output[] {
    return [this.send(OP.DIRECT, word)];
  }

  /** Done. */
  stop(): Output[] {
    return [{ do: "close", code: 1000 }, ...this.end()];
  }

  private introduce(): Output {
    const { server_id, session_id, token } = this.identity;
    if (this.ready) return { do: "send", op: OP.RESUME, d: { server_id, session_id, token, seq_ack: this.seq } };
    this.identified = true;
    return { do: "send", op: OP.IDENTIFY, d: { ...this.identity, video: true, streams: [], max_dave_protocol_version: 0 } };
  }

  private send(op: number, d: unknown): Output {
    return { do: "send", op, d };
  }

  private giveUp(now: number): Output[] {
    return [{ do: "close", code: 4000 }, ...this.closed(4000, now)];
  }

  private fail(failure: Failure): Output[] {
    return [...this.end(), { do: "failed", failure }];
  }

  private end(): Output[] {
    this.line.end();
    this.answerBy = this.firstBy = null;
    return this.turn("over");
  }

  private turn(state: State): Output[] {
    if (this.state === state) return [];
    this.state = state;
    return [{ do: "state", state }];
  }
}

/** What is said by ssrc, without "any" and "pixelCounts". */
function numbersOf(d: Record<string, unknown>): Record<number, number> {
  return Object.fromEntries(Object.entries(d).filter((pair): pair is [string, number] => /^\d+$/.test(pair[0]) && typeof pair[1] === "number"));
}
