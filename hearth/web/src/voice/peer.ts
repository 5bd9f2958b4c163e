// The connection of media with the server: what is sent, the sections that are received, and what is counted.
import { type Carried, Counting } from "./counting.ts";
import type { Counted } from "./quality.ts";

export interface PeerListener {
  /** An offer is to be sent; `answer` is then to be called. */
  offer(sdp: string): void;
  state(state: RTCPeerConnectionState): void;
  /** A section for somebody's microphone was made. */
  heard(mid: string, track: MediaStreamTrack): void;
}

const AUDIO_SLOTS = 8;
const VIDEO_SLOTS = 4;
const BATCH = 8;
const MOST = { audio: 24, video: 25 };
/** Quarter, half, full: the server sends to each what they have room for. */
const LAYERS: RTCRtpEncodingParameters[] = [
  { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: "f", scaleResolutionDownBy: 1, maxBitrate: 1_700_000 },
];
const SCREEN_BITS = 4_000_000;

type Kind = "audio" | "video";

export class Peer {
  readonly id = crypto.randomUUID();
  private readonly pc: RTCPeerConnection;
  private readonly listener: PeerListener;
  private readonly slots: Record<Kind, RTCRtpTransceiver[]> = { audio: [], video: [] };
  private readonly told = new Set<string>();
  private readonly microphone: RTCRtpTransceiver;
  private readonly camera: RTCRtpTransceiver;
  private screen: RTCRtpTransceiver | null = null;
  private screenSound: RTCRtpTransceiver | null = null;
  private pending: string | null = null;
  private dirty = false;
  private readonly counting = new Counting();
  /** What is wanted of each section that sends a picture, in per cent; one that is not named is sent whole. */
  private readonly wanted = new Map<string, number>();
  /** The sections in which nothing is sent, whatever is wanted. */
  private readonly held = new Set<string>();
  /** What is to be sent in each section for sound, when it is not held. */
  private readonly sounds = new Map<RTCRtpTransceiver, MediaStreamTrack | null>();
  private obeying: Promise<void> = Promise.resolve();

  constructor(iceServers: RTCIceServer[], listener: PeerListener) {
    this.listener = listener;
    this.pc = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
    this.pc.onconnectionstatechange = () => listener.state(this.pc.connectionState);
    this.microphone = this.pc.addTransceiver("audio", { direction: "sendonly" });
    // Chromium offers layers only in sections that were there from the first offer on.
    this.camera = this.pc.addTransceiver("video", { direction: "sendonly", sendEncodings: LAYERS });
    this.add("audio", AUDIO_SLOTS);
    this.add("video", VIDEO_SLOTS);
  }

  /** Make the first offer, of all that is to be heard and seen. */
  async start(microphone: MediaStreamTrack | null, camera: MediaStream | null, screen: MediaStream | null): Promise<void> {
    await this.speakWith(microphone);
    if (camera) await this.sendCamera(camera);
    if (screen) await this.sendScreen(screen);
    await this.negotiate();
  }

  /** Make an offer of what there is now, once the one before is answered. */
  async negotiate(restart = false): Promise<void> {
    if (this.pending !== null || this.pc.signalingState === "closed") {
      this.dirty = true;
      return;
    }
    this.pending = "";
    await this.pc.setLocalDescription(await this.pc.createOffer({ iceRestart: restart }));
    this.pending = this.pc.localDescription?.sdp ?? "";
    this.listener.offer(this.pending);
  }

  /** The signalling came back: whatever was not answered is asked again. */
  again(): void {
    if (this.pending) this.listener.offer(this.pending);
  }

  async answer(sdp: string): Promise<void> {
    if (this.pending === null || this.pc.signalingState !== "have-local-offer") return;
    await this.pc.setRemoteDescription({ type: "answer", sdp });
    this.pending = null;
    for (const slot of this.slots.audio) {
      if (!slot.mid || this.told.has(slot.mid)) continue;
      this.told.add(slot.mid);
      this.listener.heard(slot.mid, slot.receiver.track);
    }
    if (this.dirty) {
      this.dirty = false;
      await this.negotiate();
    }
  }

  speakWith(track: MediaStreamTrack | null): Promise<void> {
    this.sounds.set(this.microphone, track);
    return this.obey(this.microphone);
  }

  /** Show a camera, or none. */
  async showCamera(media: MediaStream | null): Promise<void> {
    await this.sendCamera(media);
    await this.negotiate();
  }

  /** Show a screen with its sound, where it has any; or none. */
  async showScreen(media: MediaStream | null): Promise<void> {
    await this.sendScreen(media);
    await this.negotiate();
  }

  private async sendCamera(media: MediaStream | null): Promise<void> {
    await this.change(this.camera, media?.getVideoTracks()[0] ?? null);
  }

  private async sendScreen(media: MediaStream | null): Promise<void> {
    const picture = media?.getVideoTracks()[0] ?? null;
    const sound = media?.getAudioTracks()[0] ?? null;
    if (picture) picture.contentHint = "detail";
    if (!this.screen && picture) {
      this.screen = this.pc.addTransceiver(picture, { direction: "sendonly", sendEncodings: [{ maxBitrate: SCREEN_BITS }] });
    } else await this.change(this.screen, picture);
    if (!this.screenSound && sound) {
      this.screenSound = this.pc.addTransceiver(sound, { direction: "sendonly" });
      this.sounds.set(this.screenSound, sound);
    } else await this.change(this.screenSound, sound);
  }

  /** What the video sections of the last offer send. */
  shown(): { type: "video" | "screen"; mid: string; active: boolean }[] {
    const found: { type: "video" | "screen"; mid: string; active: boolean }[] = [];
    for (const [type, one] of [["video", this.camera], ["screen", this.screen]] as const) {
      if (one?.mid) found.push({ type, mid: one.mid, active: one.direction === "sendonly" });
    }
    return found;
  }

  /** Send of a picture only the layers that somebody wants: of three, 33 is the poorest, 0 is none. */
  async limit(mid: string, percent: number): Promise<void> {
    this.wanted.set(mid, percent);
    const one = [this.camera, this.screen].find((each) => each?.mid === mid);
    if (one) await this.obey(one);
  }

  /** Have room for so many others to be heard and seen. */
  async fit(audio: number, video: number): Promise<void> {
    let more = false;
    for (const [kind, count] of [["audio", audio], ["video", video]] as const) {
      const wanted = Math.min(count, MOST[kind]);
      if (this.slots[kind].length >= wanted) continue;
      this.add(kind, Math.min(BATCH, MOST[kind] - this.slots[kind].length));
      more = true;
    }
    if (more) await this.negotiate();
  }

  /** The picture that a section carries. */
  picture(mid: string): MediaStream | null {
    const slot = this.slots.video.find((one) => one.mid === mid);
    return slot ? new MediaStream([slot.receiver.track]) : null;
  }

  /** What was counted since it was last asked, and the pictures that are carried. */
  async count(now: number): Promise<{ counted: Counted; pictures: Carried[] }> {
    return this.counting.read(await this.pc.getStats(), now);
  }

  /** Send nothing in these sections, and no sound; what goes another way is not sent here too. */
  async hold(sound: boolean, mids: string[]): Promise<void> {
    const all = [this.microphone, this.screenSound, this.camera, this.screen].filter((one) => one !== null);
    this.held.clear();
    for (const one of all) {
      if (one.mid && (one.receiver.track.kind === "audio" ? sound : mids.includes(one.mid))) this.held.add(one.mid);
    }
    await Promise.all(all.map((one) => this.obey(one)));
  }

  close(): void {
    this.pc.onconnectionstatechange = null;
    this.pc.close();
  }

  private async change(one: RTCRtpTransceiver | null, track: MediaStreamTrack | null): Promise<void> {
    if (!one) return;
    // What was wanted of the picture before says nothing of this one.
    this.wanted.delete(one.mid ?? "");
    if (one.receiver.track.kind === "video") this.held.delete(one.mid ?? "");
    if (one.receiver.track.kind === "audio") {
      this.sounds.set(one, track);
      await this.obey(one);
    } else {
      if (track) await this.obey(one);
      await one.sender.replaceTrack(track);
    }
    one.direction = track ? "sendonly" : "inactive";
  }

  /** One after the other: a browser takes back what it gave out before another change. */
  private obey(one: RTCRtpTransceiver): Promise<void> {
    this.obeying = this.obeying.catch(() => {}).then(async () => {
      if (one.receiver.track.kind === "audio") {
        // Firefox sends sound that is not active all the same.
        const track = this.held.has(one.mid ?? "") ? null : (this.sounds.get(one) ?? null);
        if (one.sender.track !== track) await one.sender.replaceTrack(track);
        return;
      }
      const wanted = this.held.has(one.mid ?? "") ? 0 : (this.wanted.get(one.mid ?? "") ?? 100);
      const now = one.sender.getParameters();
      const layers = layersFor(wanted, now.encodings.length);
      if (now.encodings.every((each, i) => (each.active ?? true) === i < layers)) return;
      now.encodings.forEach((each, i) => (each.active = i < layers));
      await one.sender.setParameters(now);
    });
    return this.obeying;
  }

  private add(kind: Kind, count: number): void {
    for (let i = 0; i < count; i += 1) this.slots[kind].push(this.pc.addTransceiver(kind, { direction: "recvonly" }));
  }
}

/** How many layers, poorest first, give so much of the best. */
export function layersFor(percent: number, layers: number): number {
  return Math.min(layers, Math.ceil((percent * layers) / 100));
}
