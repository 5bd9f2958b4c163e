// One stay in one channel: signalling, media, microphone and ears, put together.
import { Driver, type Wire } from "../gateway/driver.ts";
import { NoDevice, onDevices, type Treatment } from "./devices.ts";
import { Hearing } from "./hearing.ts";
import { type Failure, type Identity, Machine, NO_ROUTE, type Output, type Payload, type Stream } from "./machine.ts";
import { Microphone } from "./microphone.ts";
import { Pairing } from "./pairing.ts";
import { Peer } from "./peer.ts";
import { Pictures } from "./pictures.ts";
import { judge, type Quality } from "./quality.ts";

export interface TalkListener {
  phase(phase: "connecting" | "connected" | "waiting"): void;
  failed(failure: Failure): void;
  /** Taken out of the room, perhaps to come into another. */
  dismissed(failure: Failure): void;
  /** The token is spent; this stay is over, and another may begin. */
  renew(): void;
  speaking(userId: string, on: boolean): void;
  streams(userId: string, streams: Stream[]): void;
  picture(ssrc: number, media: MediaStream | null): void;
  left(userId: string): void;
  quality(quality: Quality, figures: Record<number, string>): void;
  /** The microphone could not be had; null once it can. */
  microphone(failure: Failure | null): void;
  /** Whether the browser's own way against noise stands in for the stronger one, which does not work here. */
  plain(on: boolean): void;
}

/** What the person shows; whoever opened it stops it. */
export interface Shows {
  camera: MediaStream | null;
  screen: MediaStream | null;
}

/** How the person wants to speak and hear now. */
export interface Wishes {
  muted: boolean;
  deafened: boolean;
  /** Whether it is sent when loud (`auto`), or as long as a key is held. */
  push: boolean;
  held: boolean;
  thresholdDb: number;
  microphone: string;
  speaker: string;
  treat: Treatment;
  volumes: Record<string, number>;
  /** Whether media of two may go directly, and show each the other's address. */
  direct: boolean;
}

/** Below this everything is sent. */
export const LOWEST_DB = -80;
/** Who has no way to the server's media after this long has none. */
const ROUTE_MS = 12_000;
const COUNT_MS = 2_000;
const WANT_MS = 250;
/** What nobody wants any more is sent so long still: who looks at less waits for its beginning. */
const LOWER_MS = 1_000;
const MOST_RESTARTS = 3;

export class Talk {
  private readonly machine: Machine;
  private readonly me: string;
  private readonly listener: TalkListener;
  private readonly hearing: Hearing;
  private wishes: Wishes;
  private readonly driver: Driver<Payload, Output>;
  private peer: Peer | null = null;
  private mic: Microphone | null = null;
  private making: Promise<Microphone> | null = null;
  private micWanted = "";
  /** Whether there is no microphone, and another may come. */
  private micMissed = false;
  private readonly unhear = onDevices(() => this.micMissed && this.retryMicrophone());
  private route: ReturnType<typeof setTimeout> | undefined;
  private counting: ReturnType<typeof setInterval> | undefined;
  private wanting: ReturnType<typeof setTimeout> | undefined;
  private pixels: Record<string, number> = {};
  private readonly pictures = new Pictures();
  private readonly pairing: Pairing;
  /** What the other has directly, so that the server is not sent it. */
  private held: { sound: boolean; streams: number[] } = { sound: false, streams: [] };
  private lowering: ReturnType<typeof setTimeout> | undefined;
  private readonly shows: Shows;
  private restarts = 0;
  private sent = false;
  private routed = false;
  private over = false;

  constructor(url: string, identity: Identity, wishes: Wishes, shows: Shows, listener: TalkListener) {
    this.machine = new Machine(url, identity, Math.random);
    this.driver = new Driver<Payload, Output>(this.machine, (output) => this.obtain(output));
    this.me = identity.user_id;
    this.listener = listener;
    this.wishes = wishes;
    this.shows = { camera: shows.camera, screen: shows.screen };
    this.hearing = new Hearing((id) => this.wishes.volumes[id] ?? 100, () => addEventListener("pointerdown", () => this.hearing.play(), { once: true }));
    this.pairing = this.pair();
    listener.phase("connecting");
    this.driver.run(this.machine.start(performance.now()));
    void this.listen();
  }

  /** The person wants it otherwise. */
  wish(wishes: Wishes): void {
    this.wishes = wishes;
    this.hearing.adjust(wishes.deafened);
    this.hearing.useSpeaker(wishes.speaker);
    this.obey();
    this.allow();
    void this.listen();
  }

  /** What is on screen: pixels by stream. */
  want(pixels: Record<string, number>): void {
    this.pixels = pixels;
    clearTimeout(this.wanting);
    this.wanting = setTimeout(() => {
      void this.peer?.fit(0, Object.keys(pixels).length);
      if (this.machine.state === "ready") this.driver.run(this.machine.want(this.pixels));
    }, WANT_MS);
  }

  /** So many others may be heard. */
  fit(others: number): void {
    void this.peer?.fit(others, 0);
  }

  /** Show a camera or a screen, or no more of it. */
  async show(what: keyof Shows, media: MediaStream | null): Promise<void> {
    this.shows[what] = media;
    await (what === "camera" ? this.peer?.showCamera(media) : this.peer?.showScreen(media));
  }

  stop(): void {
    if (this.over) return;
    this.driver.run(this.machine.stop());
    this.end();
  }

  private end(): void {
    this.over = true;
    clearTimeout(this.route);
    clearTimeout(this.wanting);
    clearTimeout(this.lowering);
    clearInterval(this.counting);
    this.pairing.close();
    this.unhear();
    this.mic?.close();
    this.hearing.close();
    this.peer?.close();
    this.driver.close();
  }

  private fail(failure: Failure): void {
    if (this.over) return;
    this.machine.stop();
    this.end();
    this.listener.failed(failure);
  }

  /** Have the microphone that is wanted; without one the person listens. */
  private async listen(): Promise<void> {
    const { microphone: id, treat } = this.wishes;
    const wanted = JSON.stringify([id, treat]);
    if (this.over || wanted === this.micWanted) return;
    this.micWanted = wanted;
    try {
      this.making ??= Microphone.make({
        level: (_, open) => this.opened(open),
        // The next best takes over.
        ended: () => this.retryMicrophone(),
        plain: (on) => this.listener.plain(on),
      });
      const mic = await this.making;
      if (this.over) return mic.close();
      this.mic = mic;
      this.obey();
      await mic.open(id, treat);
      await this.peer?.speakWith(mic.track);
      this.micMissed = false;
      this.listener.microphone(null);
    } catch (error) {
      if (this.over) return;
      if (!this.mic) this.making = null;
      this.micMissed = true;
      this.listener.microphone(error instanceof NoDevice ? error.failure : new NoDevice("", "microphone").failure);
    }
  }

  /** Try the microphone again, as after it was allowed. */
  retryMicrophone(): void {
    this.micWanted = "";
    void this.listen();
  }

  private obey(): void {
    const { muted, deafened, push, held, thresholdDb } = this.wishes;
    const gate = muted || deafened || (push && !held) ? "shut" : push || thresholdDb <= LOWEST_DB ? "open" : "auto";
    this.mic?.obey({ gate, thresholdDb });
  }

  /** The person's own ring does not go by way of the server. */
  private opened(open: boolean): void {
    if (open === this.sent) return;
    this.sent = open;
    this.listener.speaking(this.me, open);
  }

  private begin(iceServers: RTCIceServer[]): void {
    const peer = new Peer(iceServers, {
      offer: (sdp) => {
        if (this.machine.state === "ready") this.driver.run(this.machine.offer(sdp, peer.id, performance.now()));
      },
      state: (state) => this.media(state),
      heard: (mid, track) => this.hearing.add(mid, track),
    });
    this.peer = peer;
    void peer.start(this.mic?.track ?? null, this.shows.camera, this.shows.screen);
    this.awaitRoute();
    this.counting = setInterval(() => void this.count(), COUNT_MS);
  }

  private awaitRoute(): void {
    clearTimeout(this.route);
    // Where the server as a whole is away, its media is no matter of the way there.
    this.route = setTimeout(() => (this.machine.state === "ready" ? this.fail(NO_ROUTE) : this.awaitRoute()), ROUTE_MS);
  }

  private media(state: RTCPeerConnectionState): void {
    if (this.over) return;
    if (state === "connected") {
      clearTimeout(this.route);
      this.restarts = 0;
      this.routed = true;
      this.listener.phase("connected");
      this.allow();
    } else if (state === "disconnected" || state === "failed") {
      this.listener.phase("waiting");
      this.awaitRoute();
      if (state === "failed" && this.restarts < MOST_RESTARTS) {
        this.restarts += 1;
        void this.peer?.negotiate(true);
      }
    }
  }

  private async count(): Promise<void> {
    const found = await this.peer?.count(performance.now());
    if (!found || this.over) return;
    const direct = await this.pairing.direct?.count(performance.now());
    if (this.over) return;
    this.listener.quality(judge(direct?.counted ?? found.counted, Boolean(direct)), { ...this.pictures.figures(found.pictures), ...direct?.figures });
  }

  /** Send what is wanted: more at once, less after a while. */
  private demanded(demands = this.pictures.demands): void {
    const before = this.pictures.demands;
    this.pictures.demands = demands;
    clearTimeout(this.lowering);
    this.lowering = setTimeout(() => this.limit(this.pictures.demands), LOWER_MS);
    this.limit(Object.fromEntries(Object.entries(demands).map(([ssrc, percent]) => [ssrc, Math.max(percent, before[Number(ssrc)] ?? 100)])));
  }

  private limit(demands: Record<number, number>): void {
    for (const [ssrc, mid] of this.pictures.sends) {
      const percent = demands[ssrc];
      // A connection that ends meanwhile sends nothing anyway.
      if (percent !== undefined) void this.peer?.limit(mid, percent).catch(() => {});
    }
  }

  private map(mid: string, ssrc: number, userId: string): void {
    const was = this.pictures.carried.get(mid);
    if (was !== undefined && (was !== ssrc || !userId)) {
      this.pictures.carried.delete(mid);
      this.listener.picture(was, null);
    }
    if (!userId) return;
    this.pictures.carried.set(mid, ssrc);
    this.look(mid, ssrc);
  }

  private look(mid: string, ssrc: number): void {
    this.listener.picture(ssrc, this.pairing.direct?.picture(ssrc) ?? this.peer?.picture(mid) ?? null);
  }

  /** Say whether media may go directly; only beside a way by the server, and while that can end it. */
  private allow(): void {
    this.pairing.want(this.wishes.direct && this.routed, this.machine.state === "ready");
  }

  /** Send the server what nobody has directly, and nothing else. */
  private hold(): void {
    const mids = this.held.streams.flatMap((ssrc) => this.pictures.sends.get(ssrc) ?? []);
    void this.peer?.hold(this.held.sound, mids).catch(() => {});
  }

  private pair(): Pairing {
    const other = () => this.pairing.direct?.userId ?? "";
    return new Pairing({
      say: (word) => this.machine.state === "ready" && this.driver.run(this.machine.direct(word)),
      tracks: () => {
        const { camera, screen } = this.shows;
        const picture = (media: MediaStream | null) => media?.getVideoTracks()[0] ?? null;
        return { microphone: this.mic?.track ?? null, sound: screen?.getAudioTracks()[0] ?? null, camera: picture(camera), screen: picture(screen) };
      },
      mine: () => this.pictures.mine(this.peer?.shown() ?? []),
      theirs: () => this.pictures.of(other()),
      heard: (name, track) => {
        this.hearing.assign(name, other());
        this.hearing.add(name, track);
      },
      hear: (direct) => this.hearing.prefer(direct ? other() : ""),
      changed: (streams) => this.pictures.carried.forEach((ssrc, mid) => streams.includes(ssrc) && this.look(mid, ssrc)),
      hold: (sound, streams) => {
        this.held = { sound, streams };
        this.hold();
      },
      speaking: (on) => this.listener.speaking(other(), on),
      over: () => this.hearing.part(),
    });
  }

  private obtain(output: Exclude<Output, Wire>): void {
    switch (output.do) {
      case "state":
        if (output.state === "ready") this.peer?.again();
        return this.allow();
      case "ready":
        return this.begin(output.ready.ice_servers ?? []);
      case "answer":
        void this.peer?.answer(output.sdp).then(
          () => {
            const shown = this.peer?.shown() ?? [];
            if (shown.length && this.machine.state === "ready") this.driver.run(this.machine.show(shown));
            this.want(this.pixels);
          },
          () => this.fail({ text: "This browser could not use the server's answer.", way: "Load the page again, or try another browser.", again: true }),
        );
        return;
      case "speaking":
        if (output.mid !== null) this.hearing.assign(output.mid, output.userId);
        if (output.userId && output.userId !== this.me && !this.pairing.hears(output.userId)) this.listener.speaking(output.userId, (output.flags & 1) !== 0);
        return;
      case "streams":
        if (this.pictures.are(output.userId, output.streams, output.userId === this.me)) this.hold();
        return this.listener.streams(output.userId, output.streams);
      case "wanted":
        return this.demanded(output.streams);
      case "mapped":
        if (output.userId === this.me) {
          this.pictures.sends.set(output.ssrc, output.mid);
          this.hold();
          return this.demanded();
        }
        return this.map(output.mid, output.ssrc, output.userId);
      case "direct":
        return this.pairing.told(output.word);
      case "left":
        this.pictures.left(output.userId);
        this.pairing.left(output.userId);
        return this.listener.left(output.userId);
      case "renew":
        this.end();
        return this.listener.renew();
      case "dismissed":
        this.end();
        return this.listener.dismissed(output.failure);
      case "failed":
        this.end();
        return this.listener.failed(output.failure);
    }
  }
}
