import { expect, test } from "vitest";
import { type Line, placeLines } from "./rows.ts";

const noon = new Date(2026, 10, 24, 12).getTime();
const line = (key: string, author: string, at: number, alone = false): Line => ({ key, author, at, alone });

test("groups, days and what is new", () => {
  const lines = [
    line("10", "a", noon),
    line("11", "a", noon + 60_000),
    line("12", "b", noon + 61_000),
    line("13", "b", noon + 61_000 + 8 * 60_000),
    line("14", "b", noon + 86_400_000),
    line("15", "b", noon + 86_400_001, true),
    line("~x", "a", noon + 86_400_002),
  ];
  const places = placeLines(lines, "12", "a");
  expect([...places.values()].map((one) => one.head)).toEqual([true, false, true, true, true, true, true]);
  expect([...places.values()].map((one) => one.day !== null)).toEqual([true, false, false, false, true, false, false]);
  expect([...places].filter(([, one]) => one.fresh).map(([key]) => key)).toEqual(["13"]);
});

test("nothing of one's own is new, and nothing where nothing is marked", () => {
  const lines = [line("10", "a", noon), line("11", "a", noon)];
  expect([...placeLines(lines, "0", "a").values()].some((one) => one.fresh)).toBe(false);
  expect([...placeLines(lines, null, "b").values()].some((one) => one.fresh)).toBe(false);
});
