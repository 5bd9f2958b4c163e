// In the sound's own thread: takes noise out of a microphone. Where it cannot it lets everything through, and says so.
import { FRAME, RNNoise } from "./rnnoise.ts";

declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new (options: { processorOptions: { module: WebAssembly.Module } }) => AudioWorkletProcessor): void;

class Suppressor extends AudioWorkletProcessor {
  private rnnoise: RNNoise | null = null;
  /** While nothing is sent nothing need be done. */
  private rests = false;
  private readonly frame = new Float32Array(FRAME);
  private readonly cleaned = new Float32Array(FRAME);
  private at = 0;

  constructor(options: { processorOptions: { module: WebAssembly.Module } }) {
    super();
    this.port.onmessage = (event: MessageEvent<{ rests: boolean }>) => (this.rests = event.data.rests);
    this.attempt(() => (this.rnnoise = new RNNoise(options.processorOptions.module)));
  }

  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const output = outputs[0]?.[0];
    if (!output) return true;
    const input = inputs[0]?.[0];
    for (let i = 0; i < output.length; i += 1) {
      output[i] = this.cleaned[this.at] as number;
      this.frame[this.at] = input?.[i] ?? 0;
      this.at += 1;
      if (this.at === FRAME) this.turn();
    }
    return true;
  }

  private turn(): void {
    this.at = 0;
    const rnnoise = this.rests ? null : this.rnnoise;
    if (rnnoise) this.attempt(() => rnnoise.clean(this.frame, this.cleaned));
    else this.cleaned.set(this.frame);
  }

  private attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.rnnoise = null;
      this.cleaned.set(this.frame);
      this.port.postMessage(String(error));
    }
  }
}

registerProcessor("suppressor", Suppressor);
