// The person's microphone: opened, measured, and sent when it is to be; devices change under it without a gap.
import { openMicrophone, type Treatment } from "./devices.ts";
import gateUrl from "./gate.worklet.ts?worker&url";
import type { Rule, Told } from "./gate.worklet.ts";

export interface MicrophoneListener {
  /** About thirty times a second: how loud it is in dB under full, and whether it is sent. */
  level(db: number, open: boolean): void;
  /** The device went away, as by pulling a plug. */
  ended(): void;
}

export class Microphone {
  /** What is sent; it outlives the devices behind it. */
  readonly track: MediaStreamTrack;
  private readonly context: AudioContext;
  private readonly gate: AudioWorkletNode;
  private readonly listener: MicrophoneListener;
  private source: MediaStreamAudioSourceNode | null = null;
  private media: MediaStream | null = null;

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
    const context = new AudioContext({ latencyHint: "interactive" });
    await context.audioWorklet.addModule(gateUrl);
    return new Microphone(context, listener);
  }

  /** Take another device in; the one before is let go once it is there. Throws `NoDevice`. */
  async open(id: string, treat: Treatment): Promise<void> {
    const next = await openMicrophone(id, treat);
    this.release();
    if (this.context.state === "closed") {
      next.getTracks().forEach((track) => track.stop());
      return;
    }
    void this.context.resume();
    this.media = next;
    this.source = this.context.createMediaStreamSource(next);
    this.source.connect(this.gate);
    const track = next.getAudioTracks()[0];
    if (track) track.onended = () => this.media === next && this.listener.ended();
  }

  /** Say what is to be sent. */
  obey(rule: Rule): void {
    this.gate.port.postMessage(rule);
  }

  close(): void {
    this.release();
    this.track.stop();
    void this.context.close();
  }

  private release(): void {
    this.source?.disconnect();
    this.media?.getTracks().forEach((track) => track.stop());
    this.source = this.media = null;
  }
}
