// In the sound's own thread: measures how loud a microphone is, and lets through what is to be sent.

declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
declare const sampleRate: number;

/** Beginnings of words were said before it was known that they are loud: what is sent is so much later. */
const DELAY_S = 0.03;
/** It stays open so long after the last loud sound. */
const HOLD_S = 0.3;
const TELL_S = 0.03;
const RAMP_S = 0.005;

export interface Rule {
  /** `auto` opens for what is louder than the threshold. */
  gate: "auto" | "open" | "shut";
  thresholdDb: number;
}

export interface Told {
  db: number;
  open: boolean;
}

class Gate extends AudioWorkletProcessor {
  private rule: Rule = { gate: "shut", thresholdDb: -60 };
  private readonly ring = new Float32Array(Math.round(DELAY_S * sampleRate));
  private at = 0;
  private gain = 0;
  private held = 0;
  private sum = 0;
  private counted = 0;
  private db = -100;

  constructor() {
    super();
    this.port.onmessage = (event: MessageEvent<Rule>) => (this.rule = event.data);
  }

  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const output = outputs[0]?.[0];
    if (!output) return true;
    const input = inputs[0]?.[0];
    let block = 0;
    for (let i = 0; i < output.length; i += 1) block += (input?.[i] ?? 0) ** 2;
    const { gate, thresholdDb } = this.rule;
    if (10 * Math.log10(block / output.length + 1e-10) >= thresholdDb) this.held = HOLD_S * sampleRate;
    else this.held = Math.max(0, this.held - output.length);
    const open = gate === "open" || (gate === "auto" && this.held > 0);
    const step = 1 / (RAMP_S * sampleRate);
    for (let i = 0; i < output.length; i += 1) {
      this.gain = open ? Math.min(1, this.gain + step) : Math.max(0, this.gain - step);
      output[i] = (this.ring[this.at] as number) * this.gain;
      this.ring[this.at] = input?.[i] ?? 0;
      this.at = (this.at + 1) % this.ring.length;
    }
    this.sum += block;
    this.counted += output.length;
    if (this.counted >= TELL_S * sampleRate) {
      this.db = Math.max(10 * Math.log10(this.sum / this.counted + 1e-10), this.db - 3);
      this.sum = this.counted = 0;
      this.port.postMessage({ db: this.db, open } satisfies Told);
    }
    return true;
  }
}

registerProcessor("gate", Gate);
