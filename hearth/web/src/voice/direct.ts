// The connection of media with the other one of a call of two, beside that with the server (decision 0032).
import { type Carried, Counting } from "./counting.ts";
import { EVERY_MS, Handover, type Output } from "./handover.ts";
import { DIRECT } from "./hearing.ts";
import type { Counted } from "./quality.ts";

/** What may go directly, in the order of the sections of the offer. */
const KINDS = ["microphone", "sound", "camera", "screen"] as const;
export type Kind = (typeof KINDS)[number];
export type Pictured = "camera" | "screen";

/** What the server says of it, and passes on of the other. */
export type Told =
  | { type: "begin"; id: number; user_id: string; offers: boolean; ice_servers: RTCIceServer[] }
  | { type: "end"; id: number }
  | { type: "description"; id: number; kind: "offer" | "answer"; sdp: string }
  | { type: "candidates"; id: number; candidates: { candidate: string; mid: string }[] }
  | { type: "flows"; id: number; sound: boolean; streams: number[] };

/** What is said of it to the server. */
export type Word = { type: "allow"; on: boolean } | Exclude<Told, { type: "begin" | "end" }>;

export interface DirectListener {
  say(word: Word): void;
  /** What the person sends now. */
  tracks(): Record<Kind, MediaStreamTrack | null>;
  /** The names in the room of the person's own pictures, and whether the other wants them. */
  mine(): Partial<Record<Pictured, { ssrc: number; wanted: boolean }>>;
  /** The names in the room of the other's pictures. */
  theirs(): Partial<Record<Pictured, number>>;
  /** A section for the other's sound was made; it is to be silent before `hear`. */
  heard(name: string, track: MediaStreamTrack): void;
  hear(direct: boolean): void;
  /** These pictures come another way than before. */
  changed(streams: number[]): void;
  hold(sound: boolean, streams: number[]): void;
  speaking(on: boolean): void;
  failed(): void;
  over(): void;
}

/** Quieter than this is no speech, of 1; as the server has it. */
const LOUD = 10 ** (-50 / 20);
const HANG_MS = 350;
/** Addresses are told in lots: each lot is a message. */
const LOT_MS = 50;
const MOST_IN_LOT = 16;
/** The server passes on no longer ones. */
const LONGEST_SDP = 24 * 1024;
const LONGEST_CANDIDATE = 512;
/** So many of the other's addresses are tried: nobody is to be made to knock everywhere. */
const MOST_TRIED = 32;
const CAMERA_BITS = 2_500_000;
const SCREEN_BITS = 4_000_000;

export class Direct {
  readonly id: number;
  readonly userId: string;
  hears = false;
  private readonly offers: boolean;
  private readonly listener: DirectListener;
  private readonly pc: RTCPeerConnection;
  private readonly handover = new Handover(performance.now());
  private readonly counting = new Counting();
  private readonly timer: ReturnType<typeof setInterval>;
  private lotTimer: ReturnType<typeof setTimeout> | undefined;
  private lot: { candidate: string; mid: string }[] = [];
  private early: RTCIceCandidateInit[] = [];
  private tried = 0;
  private ours: RTCRtpTransceiver[] = [];
  private looks: number[] = [];
  private looking = false;
  private speaks = false;
  private loudAt = -HANG_MS;

  constructor(begin: Extract<Told, { type: "begin" }>, listener: DirectListener) {
    this.id = begin.id;
    this.userId = begin.user_id;
    this.offers = begin.offers;
    this.listener = listener;
    this.pc = new RTCPeerConnection({ iceServers: begin.ice_servers, bundlePolicy: "max-bundle" });
    this.pc.onicecandidate = ({ candidate }) => candidate && this.found(candidate);
    this.pc.onconnectionstatechange = () => this.run(this.handover.state(this.pc.connectionState));
    this.timer = setInterval(() => void this.look(), EVERY_MS);
    if (!begin.offers) return;
    for (const kind of KINDS) {
      this.pc.addTransceiver(isSound(kind) ? "audio" : "video", { direction: "sendrecv" });
    }
    void this.attempt(async () => {
      await this.describe("offer", await this.pc.createOffer());
    });
  }

  /** A word of the other's, or of the server's. One side alone offers, and once, so no two offers meet. */
  told(word: Told): void {
    if (word.type === "flows") this.run(this.handover.told(word.sound, word.streams));
    else if (word.type === "end") this.end();
    else if (word.type === "candidates") void this.attempt(() => this.reach(word.candidates.map(({ candidate, mid }) => ({ candidate, sdpMid: mid }))));
    else if (word.type === "description" && (word.kind === "answer") === this.offers) void this.attempt(() => this.take(word.kind, word.sdp));
  }

  /** The direct way is not wanted any more; the server's takes over. */
  end(): void {
    this.run(this.handover.end(performance.now()));
  }

  /** The other, or the person, has left. */
  gone(): void {
    this.run(this.handover.gone());
  }

  /** The other's picture, where it comes directly. */
  picture(ssrc: number): MediaStream | null {
    const kind = this.looks.includes(ssrc) ? (["camera", "screen"] as const).find((one) => this.listener.theirs()[one] === ssrc) : undefined;
    const section = kind && this.ours[KINDS.indexOf(kind)];
    return section ? new MediaStream([section.receiver.track]) : null;
  }

  /** How the direct way is, and its pictures by their names in the room; null while it carries nothing. */
  async count(now: number): Promise<{ counted: Counted; figures: Record<number, string> } | null> {
    if (!this.handover.carries) return null;
    const { counted, pictures } = this.counting.read(await this.pc.getStats(), now);
    const [mine, theirs] = [this.listener.mine(), this.listener.theirs()];
    const named = (one: Carried): number | undefined => {
      const kind = (["camera", "screen"] as const).find((each) => this.ours[KINDS.indexOf(each)]?.mid === one.mid);
      return kind && (one.sent ? mine[kind]?.ssrc : theirs[kind]);
    };
    return { counted, figures: Object.fromEntries(pictures.flatMap((one) => (named(one) === undefined ? [] : [[named(one), one.words]]))) };
  }

  private say(word: Word): void {
    if (this.pc.connectionState !== "closed") this.listener.say(word);
  }

  /** Addresses are no part of a description: they are told by themselves. */
  private async take(type: "offer" | "answer", sdp: string): Promise<void> {
    if (this.pc.signalingState !== (this.offers ? "have-local-offer" : "stable") || this.pc.remoteDescription) return;
    await this.pc.setRemoteDescription({ type, sdp: sdp.replace(/^a=candidate:.*\r?\n/gm, "") });
    if (!this.offers) {
      this.pc.getTransceivers().forEach((one) => (one.direction = "sendrecv"));
      await this.describe("answer", await this.pc.createAnswer());
    }
    await this.reach(this.early.splice(0));
  }

  private async describe(kind: "offer" | "answer", { sdp = "" }: RTCSessionDescriptionInit): Promise<void> {
    await this.pc.setLocalDescription({ type: kind, sdp });
    if (sdp.length > LONGEST_SDP) throw new Error("This browser describes itself at too great a length.");
    this.begun();
    this.say({ type: "description", id: this.id, kind, sdp });
  }

  /** The sections are there. */
  private begun(): void {
    const all = this.pc.getTransceivers();
    if (all.map((one) => one.receiver.track.kind).join() !== KINDS.map((kind) => (isSound(kind) ? "audio" : "video")).join()) throw new Error("These are not the sections that were agreed on.");
    this.ours = all;
    KINDS.forEach((kind, i) => isSound(kind) && this.listener.heard(DIRECT + kind, (all[i] as RTCRtpTransceiver).receiver.track));
    void this.look();
  }

  private async reach(candidates: RTCIceCandidateInit[]): Promise<void> {
    if (!this.pc.remoteDescription) {
      this.early.push(...candidates);
      return;
    }
    for (const one of candidates) {
      this.tried += 1;
      // One that this browser cannot use is no reason not to try the others.
      if (this.tried <= MOST_TRIED) await this.pc.addIceCandidate(one).catch(() => {});
    }
  }

  private found({ candidate, sdpMid, protocol, type }: RTCIceCandidate): void {
    if (!candidate || candidate.length > LONGEST_CANDIDATE || protocol !== "udp" || type === "relay") return;
    this.lot.push({ candidate, mid: sdpMid ?? "0" });
    if (this.lot.length >= MOST_IN_LOT) return this.tell();
    this.lotTimer ??= setTimeout(() => this.tell(), LOT_MS);
  }

  private tell(): void {
    clearTimeout(this.lotTimer);
    this.lotTimer = undefined;
    if (this.lot.length) this.say({ type: "candidates", id: this.id, candidates: this.lot.splice(0) });
  }

  /** Send what is sent now, and count what has come. */
  private async look(): Promise<void> {
    this.run(this.handover.tick(performance.now()));
    if (this.looking || !this.ours.length) return;
    this.looking = true;
    await this.attempt(async () => {
      await this.send();
      const stats = await this.pc.getStats();
      if (this.pc.connectionState === "closed") return;
      let sound = 0;
      const whole = new Map<string, number>();
      stats.forEach((one) => {
        if (one.type !== "inbound-rtp") return;
        if (one.kind === "audio") sound += one.packetsReceived;
        else if (one.mid) whole.set(one.mid, one.framesDecoded ?? 0);
      });
      const theirs = this.listener.theirs();
      const pictures = new Map<number, number>();
      for (const kind of ["camera", "screen"] as const) {
        const ssrc = theirs[kind];
        if (ssrc !== undefined) pictures.set(ssrc, whole.get(this.ours[KINDS.indexOf(kind)]?.mid ?? "") ?? 0);
      }
      this.listen();
      this.run(this.handover.counted(sound, pictures));
    });
    this.looking = false;
  }

  private async send(): Promise<void> {
    const [tracks, mine] = [this.listener.tracks(), this.listener.mine()];
    for (const [i, kind] of KINDS.entries()) {
      const sender = (this.ours[i] as RTCRtpTransceiver).sender;
      if (sender.track !== tracks[kind]) await sender.replaceTrack(tracks[kind]);
      if (isSound(kind)) continue;
      const now = sender.getParameters();
      const wanted = mine[kind]?.wanted ?? false;
      if (!now.encodings.some((each) => (each.active ?? true) !== wanted)) continue;
      now.encodings.forEach((each) => {
        each.active = wanted;
        each.maxBitrate = kind === "screen" ? SCREEN_BITS : CAMERA_BITS;
      });
      await sender.setParameters(now);
    }
  }

  /** What comes directly the server does not hear: who is loud is told by the sound itself. */
  private listen(): void {
    const now = performance.now();
    const [source] = this.ours[0]?.receiver.getSynchronizationSources() ?? [];
    if ((source?.audioLevel ?? 0) >= LOUD) this.loudAt = now;
    const speaks = now - this.loudAt < HANG_MS;
    if (this.hears && speaks !== this.speaks) this.listener.speaking(speaks);
    this.speaks = speaks;
  }

  /** What fails here leaves the server's way as it was. */
  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch {
      this.run(this.handover.state("failed"));
    }
  }

  private run(outputs: Output[]): void {
    for (const output of outputs) {
      switch (output.do) {
        case "flows":
          this.say({ type: "flows", id: this.id, sound: output.sound, streams: output.streams });
          break;
        case "hear":
          this.hears = output.direct;
          this.listener.hear(output.direct);
          this.listener.speaking(output.direct && this.speaks);
          break;
        case "look": {
          const before = this.looks;
          this.looks = output.streams;
          this.listener.changed([...before, ...output.streams].filter((ssrc) => before.includes(ssrc) !== output.streams.includes(ssrc)));
          break;
        }
        case "hold":
          this.listener.hold(output.sound, output.streams);
          break;
        case "failed":
          this.listener.failed();
          break;
        case "close":
          clearInterval(this.timer);
          clearTimeout(this.lotTimer);
          this.pc.onconnectionstatechange = this.pc.onicecandidate = null;
          this.pc.close();
          this.listener.over();
      }
    }
  }
}

function isSound(kind: Kind): kind is Exclude<Kind, Pictured> {
  return kind === "microphone" || kind === "sound";
}
