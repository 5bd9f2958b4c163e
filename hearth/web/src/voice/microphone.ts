// The person's microphone: opened, measured, and sent when it is to be; devices change under it without a gap.
import { openMicrophone, type Treatment } from "./devices.ts";
import gateUrl from "./gate.worklet.ts?worker&url";
import type { Rule, Told } from "./gate.worklet.ts";
import { makeSuppressor, microphoneContext } from "./suppressor.ts";

export interface MicrophoneListener {
  /** About thirty times a second: how loud it is in dB under full, and whether it is sent. */
  level(db: number, open: boolean): void;
  /** The device went away, as by pulling a plug, or what is behind it: it is to be opened anew. */
  ended(): void;
  /** Whether the browser's own is used where the stronger way against noise is wanted and does not work. */
  plain(on: boolean): void;
}

export class Microphone {
  /** What is sent; it outlives the devices behind it. */
  readonly track: MediaStreamTrack;
  private readonly context: AudioContext;
  private readonly gate: AudioWorkletNode;
  private readonly listener: MicrophoneListener;
  private source: MediaStreamAudioSourceNode | null = null;
  private media: MediaStream | null = null;
  /** Made when it is first wanted; null where it does not work. */
  private suppressor: Promise<AudioWorkletNode | null> | null = null;
  private rule: Rule | null = null;
  private opened = 0;

  private constructor(context: AudioContext, listener: MicrophoneListener) {
    this.context = context;
    this.listener = listener;
    this.gate = new AudioWorkletNode(context, "gate", { channelCount: 1, channelCountMode: "explicit", outputChannelCount: [1] });
    const out = context.createMediaStreamDestination();
    out.channelCount = 1;
    this.gate.connect(out);
    this.track = out.stream.getAudioTracks()[0] as MediaStreamTrack;
    this.gate.port.onmessage = (event: MessageEvent<Told>) => listener.level(event.data.db, event.data.open);
  }

  static async make(listener: MicrophoneListener): Promise<Microphone> {
    const context = microphoneContext();
    await context.audioWorklet.addModule(gateUrl);
    return new Microphone(context, listener);
  }

  /** Take another device in, or the same otherwise treated; the one before is let go once it is there. What was
   * asked last is what is had. Throws `NoDevice`. */
  async open(id: string, treat: Treatment): Promise<void> {
    this.opened += 1;
    const mine = this.opened;
    const strong = treat.noise === "strong";
    const suppressor = strong ? await this.suppressing() : null;
    const next = await openMicrophone(id, strong && !suppressor ? { ...treat, noise: "browser" } : treat);
    if (this.context.state === "closed" || mine !== this.opened) {
      next.getTracks().forEach((track) => track.stop());
      return;
    }
    this.release();
    void this.context.resume();
    this.media = next;
    this.source = this.context.createMediaStreamSource(next);
    this.source.connect(suppressor ?? this.gate);
    this.listener.plain(strong && !suppressor);
    const track = next.getAudioTracks()[0];
    if (track) track.onended = () => this.media === next && this.listener.ended();
  }

  /** Say what is to be sent. */
  obey(rule: Rule): void {
    this.rule = rule;
    this.gate.port.postMessage(rule);
    void this.suppressor?.then((node) => node?.port.postMessage({ rests: rule.gate === "shut" }));
  }

  close(): void {
    this.release();
    this.track.stop();
    void this.context.close();
  }

  private suppressing(): Promise<AudioWorkletNode | null> {
    this.suppressor ??= makeSuppressor(this.context, () => {
      if (this.context.state === "closed") return;
      this.suppressor = Promise.resolve(null);
      this.listener.ended();
    }).then(
      (node) => {
        node.connect(this.gate);
        node.port.postMessage({ rests: this.rule?.gate === "shut" });
        return node;
      },
      () => null,
    );
    return this.suppressor;
  }

  private release(): void {
    this.source?.disconnect();
    this.media?.getTracks().forEach((track) => track.stop());
    this.source = this.media = null;
  }
}
