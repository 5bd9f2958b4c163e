import { expect, test } from "vitest";
import { judge } from "./quality.ts";

test("the worst of it is what is said", () => {
  const good = { roundTripMs: 20, lossPercent: 0, jitterMs: 2, route: "udp" as const };
  expect(judge(good)).toMatchObject({ grade: "good", way: "" });
  expect(judge({ ...good, roundTripMs: null })).toMatchObject({ grade: "good" });
  expect(judge({ ...good, lossPercent: 3 })).toMatchObject({ grade: "fair", words: "Some sound is lost on the way" });
  expect(judge({ ...good, roundTripMs: 200, lossPercent: 9 })).toMatchObject({ grade: "poor", words: "Much of the sound is lost on the way" });
  expect(judge({ ...good, roundTripMs: 400 })).toMatchObject({ grade: "poor", words: "Words take long to arrive", grades: { roundTripMs: "poor", lossPercent: "good" } });
  expect(judge({ ...good, jitterMs: 40, route: "tcp" }).way).toMatch("lets no UDP through");
});
