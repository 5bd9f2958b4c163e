// A recording of the microphone for a voice message: its bytes, its length, and its shape.
import { waveformOf } from "../core/waveform.ts";
import { NoDevice, openMicrophone, type Treatment } from "./devices.ts";
import { makeSuppressor, microphoneContext } from "./suppressor.ts";

export interface Recorded {
  file: File;
  seconds: number;
  waveform: string;
}

/** What browsers record, the most widely played first. */
const FORMS: [type: string, name: string][] = [
  ["audio/ogg;codecs=opus", "voice-message.ogg"],
  ["audio/webm;codecs=opus", "voice-message.webm"],
  ["audio/mp4", "voice-message.m4a"],
];
const BITS = 48_000;
const LOOK_MS = 50;
export const LONGEST_S = 20 * 60;

export class Recorder {
  private readonly media: MediaStream;
  private readonly recorder: MediaRecorder;
  private readonly context: AudioContext;
  private readonly name: string;
  private readonly chunks: Blob[] = [];
  private readonly levels: number[] = [];
  private readonly began = performance.now();
  private readonly timer: ReturnType<typeof setInterval>;

  private constructor(context: AudioContext, suppressor: AudioNode | null, media: MediaStream, told: (seconds: number, levels: number[]) => void) {
    this.context = context;
    this.media = media;
    let sound = context.createMediaStreamSource(media) as AudioNode;
    if (suppressor) sound = sound.connect(suppressor);
    const [type, name] = FORMS.find(([one]) => MediaRecorder.isTypeSupported(one)) ?? ["", "voice-message.webm"];
    this.name = name;
    const out = suppressor ? context.createMediaStreamDestination() : null;
    if (out) sound.connect(out);
    this.recorder = new MediaRecorder(out?.stream ?? media, { mimeType: type || undefined, audioBitsPerSecond: BITS });
    this.recorder.ondataavailable = (event) => this.chunks.push(event.data);
    const analyser = new AnalyserNode(this.context, { fftSize: 2048 });
    sound.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      this.levels.push(samples.reduce((most, one) => Math.max(most, Math.abs(one)), 0));
      told(this.seconds(), this.levels);
    }, LOOK_MS);
    this.recorder.start(1000);
  }

  /** Begin. `told` is called about twenty times a second. Throws `NoDevice`. */
  static async begin(id: string, treat: Treatment, told: (seconds: number, levels: number[]) => void): Promise<Recorder> {
    if (typeof MediaRecorder === "undefined") throw new NoDevice("", "microphone");
    const context = microphoneContext();
    const suppressor = treat.noise === "strong" ? await makeSuppressor(context, () => {}).catch(() => null) : null;
    try {
      const noise = treat.noise === "strong" && !suppressor ? "browser" : treat.noise;
      return new Recorder(context, suppressor, await openMicrophone(id, { ...treat, noise }), told);
    } catch (error) {
      void context.close();
      throw error;
    }
  }

  /** End, and have what was said. */
  async end(): Promise<Recorded> {
    const seconds = Math.min(this.seconds(), LONGEST_S);
    const done = new Promise((stopped) => (this.recorder.onstop = stopped));
    this.recorder.stop();
    await done;
    this.drop();
    const type = this.recorder.mimeType.split(";")[0] as string;
    return { file: new File(this.chunks, this.name, { type }), seconds, waveform: waveformOf(this.levels) };
  }

  /** End without anything. */
  drop(): void {
    clearInterval(this.timer);
    if (this.recorder.state !== "inactive") this.recorder.stop();
    this.media.getTracks().forEach((track) => track.stop());
    void this.context.close().catch(() => {});
  }

  private seconds(): number {
    return (performance.now() - this.began) / 1000;
  }
}
