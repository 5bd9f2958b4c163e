import { expect, test } from "vitest";
import { judge } from "./quality.ts";

test("the worst of it is what is said", () => {
  const good = { roundTripMs: 20, lossPercent: 0, jitterMs: 2 };
  expect(judge(good)).toMatchObject({ grade: "good", way: "" });
  expect(judge({ ...good, roundTripMs: null })).toMatchObject({ grade: "good" });
  expect(judge({ ...good, lossPercent: 3 })).toMatchObject({ grade: "fair", words: "Some sound is lost on the way" });
  expect(judge({ roundTripMs: 200, lossPercent: 9, jitterMs: 2 })).toMatchObject({ grade: "poor", words: "Much of the sound is lost on the way" });
  expect(judge({ ...good, roundTripMs: 400 })).toMatchObject({ grade: "poor", words: "Words take long to arrive" });
});
