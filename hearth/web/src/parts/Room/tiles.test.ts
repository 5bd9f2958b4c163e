import { expect, test } from "vitest";
import { columnsFor, tilesOf } from "./tiles.ts";

test("screens first, a camera in the place of its face", () => {
  const streams = {
    "2": [{ type: "video" as const, ssrc: 5, active: true }, { type: "screen" as const, ssrc: 6, active: true }],
    "3": [{ type: "video" as const, ssrc: 7, active: false }],
  };
  const tiles = tilesOf(["1", "2", "3"], "1", streams, { camera: null, screen: null });
  expect(tiles.map((one) => [one.kind, one.userId, one.ssrc])).toEqual([
    ["screen", "2", 6], ["face", "1", undefined], ["video", "2", 5], ["face", "3", undefined],
  ]);
});

test("tiles are as large as they can be", () => {
  expect(columnsFor(1, 1600, 900, 8)).toBe(1);
  expect(columnsFor(2, 1600, 600, 8)).toBe(2);
  expect(columnsFor(2, 390, 700, 8)).toBe(1);
  expect(columnsFor(5, 374, 720, 8)).toBe(2);
  expect(columnsFor(4, 1600, 900, 8)).toBe(2);
  expect(columnsFor(25, 1600, 900, 8)).toBe(7);
});
