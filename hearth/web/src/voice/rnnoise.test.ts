import { expect, test } from "vitest";
import { moduleUrl } from "virtual:rnnoise";
import { FRAME, RATE, RNNoise } from "./rnnoise.ts";

/** Decibels that RNNoise takes of a sound in two seconds, once it has listened for one. */
async function takes(sample: (i: number) => number): Promise<number> {
  const rnnoise = new RNNoise(await WebAssembly.compile(await (await fetch(moduleUrl)).arrayBuffer()));
  const [frame, cleaned] = [new Float32Array(FRAME), new Float32Array(FRAME)];
  let [before, after] = [0, 0];
  for (let at = 0; at < 3 * RATE; at += FRAME) {
    for (let i = 0; i < FRAME; i += 1) frame[i] = sample(at + i);
    rnnoise.clean(frame, cleaned);
    if (at < RATE) continue;
    before += frame.reduce((sum, one) => sum + one ** 2, 0);
    after += cleaned.reduce((sum, one) => sum + one ** 2, 0);
  }
  return 10 * Math.log10(before / Math.max(after, 1e-12));
}

/** Numbers from -1 to 1 by chance, the same each time. */
function chance(): () => number {
  let state = 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
}

test("noise goes, a voice stays", async () => {
  const random = chance();
  expect(await takes(() => 0.03 * random())).toBeGreaterThan(20);
  // A voice has overtones, and comes in syllables.
  const voice = (i: number) => {
    const [at, pitch] = [i / RATE, 130];
    let sum = 0;
    for (let n = 1; n <= 20; n += 1) sum += Math.sin(2 * Math.PI * pitch * n * at) / n;
    return 0.15 * sum * Math.abs(Math.sin(Math.PI * 3 * at));
  };
  expect(Math.abs(await takes(voice))).toBeLessThan(2);
});
