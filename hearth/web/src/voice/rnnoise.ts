// RNNoise, a small neural network that keeps of a sound what is a voice; the same in every thread.

/** It takes so many samples at a time, of so many a second. */
export const FRAME = 480;
export const RATE = 48_000;

const FULL = 32_768;

/** What its build calls things (version 0.2.1 of the package, which the lock holds us to). */
interface Exports {
  c: WebAssembly.Memory;
  /** Begins. */
  d(): void;
  /** Gives so many bytes of memory. */
  e(bytes: number): number;
  /** Makes a listener with the network that is built in. */
  h(network: 0): number;
  /** One frame, out of the last place into the one before; gives how likely it is a voice. */
  j(listener: number, to: number, from: number): number;
}

export class RNNoise {
  private readonly run: Exports;
  private readonly listener: number;
  private readonly from: number;
  private readonly to: number;

  /** Throws where the browser does not want it. */
  constructor(module: WebAssembly.Module) {
    const grow = (bytes: number) => {
      try {
        this.run.c.grow(Math.ceil((bytes - this.run.c.buffer.byteLength) / 65_536));
        return 1;
      } catch {
        return 0;
      }
    };
    const copy = (to: number, from: number, bytes: number) => {
      new Uint8Array(this.run.c.buffer).copyWithin(to, from, from + bytes);
    };
    this.run = new WebAssembly.Instance(module, { a: { a: grow, b: copy } }).exports as unknown as Exports;
    this.run.d();
    this.listener = this.run.h(0);
    this.from = this.run.e(FRAME * 4);
    this.to = this.run.e(FRAME * 4);
    if (!this.listener || !this.from || !this.to) throw new Error("There is no memory for it.");
  }

  /** Of one frame what is a voice; it comes a frame later. The two may be the same. */
  clean(from: Float32Array, to: Float32Array): void {
    const samples = new Float32Array(this.run.c.buffer);
    for (let i = 0; i < FRAME; i += 1) samples[this.from / 4 + i] = (from[i] as number) * FULL;
    this.run.j(this.listener, this.to, this.from);
    for (let i = 0; i < FRAME; i += 1) to[i] = (samples[this.to / 4 + i] as number) / FULL;
  }
}
