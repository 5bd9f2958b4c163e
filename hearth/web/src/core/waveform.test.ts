import { expect, test } from "vitest";
import { barsOf, waveformOf } from "./waveform.ts";

test("a shape has at most 256 loudnesses, and comes back in bars", () => {
  const sent = waveformOf(Array.from({ length: 1000 }, (_, i) => i / 1000));
  expect(atob(sent).length).toBe(256);
  const bars = barsOf(sent, 4);
  expect(bars).toEqual([...bars].sort());
  expect(bars[3]).toBe(1);
  expect(barsOf(waveformOf([0.5, 0]), 4)).toEqual([1, 1, 0, 0]);
});

test("silence stays low, and nonsense is flat", () => {
  expect(barsOf(waveformOf([0.001, 0.001]), 2).every((one) => one < 0.05)).toBe(true);
  expect(atob(waveformOf([])).length).toBe(1);
  expect(barsOf("?", 3)).toEqual([0, 0, 0]);
});
