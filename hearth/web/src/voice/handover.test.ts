import { expect, test } from "vitest";
import { Handover } from "./handover.ts";

const none = new Map<number, number>();

/** One whose sound came directly. */
function heard(): Handover {
  const machine = new Handover(0);
  machine.state("connected");
  expect(machine.counted(3, none)).toEqual([]);
  expect(machine.counted(12, none)).toEqual([]);
  expect(machine.counted(13, none)).toEqual([{ do: "hear", direct: true }, { do: "flows", sound: true, streams: [] }]);
  return machine;
}

test("sound is heard directly once enough has come, and is told of once", () => {
  const machine = heard();
  expect(machine.carries).toBe(true);
  expect(machine.counted(20, none)).toEqual([]);
});

test("the server is sent everything until the other says what arrives", () => {
  const machine = new Handover(0);
  machine.state("connected");
  expect(machine.carries).toBe(false);
  expect(machine.told(true, [])).toEqual([{ do: "hold", sound: true, streams: [] }]);
  expect(machine.told(true, [7])).toEqual([{ do: "hold", sound: true, streams: [7] }]);
  expect(machine.carries).toBe(true);
});

test("a picture is shown directly from its first whole frame on, and anew under another name", () => {
  const machine = heard();
  expect(machine.counted(20, new Map([[7, 4]]))).toEqual([]);
  const shown = [{ do: "look", streams: [7] }, { do: "flows", sound: true, streams: [7] }];
  expect(machine.counted(30, new Map([[7, 5]]))).toEqual(shown);
  // The camera was turned off and on: what came before says nothing of the one that is called so now.
  expect(machine.counted(40, new Map([[8, 9]]))).toEqual([{ do: "look", streams: [] }, { do: "flows", sound: true, streams: [] }]);
  expect(machine.counted(50, new Map([[8, 10]]))).toMatchObject([{ do: "look", streams: [8] }, { streams: [8] }]);
});

test("where sound stops, all goes by the server at once", () => {
  const machine = heard();
  machine.told(true, [7]);
  machine.counted(20, new Map([[9, 0]]));
  machine.counted(30, new Map([[9, 1]]));
  for (let i = 0; i < 4; i += 1) expect(machine.counted(30, new Map([[9, 1]]))).toEqual([]);
  expect(machine.counted(30, new Map([[9, 1]]))).toEqual([
    { do: "hold", sound: false, streams: [] }, { do: "hear", direct: false }, { do: "look", streams: [] }, { do: "close" }, { do: "failed" },
  ]);
  expect(machine.counted(60, none)).toEqual([]);
  expect(machine.told(true, [])).toEqual([]);
  expect(machine.end(1)).toEqual([]);
  expect(machine.gone()).toEqual([]);
});

test("a pause that is shorter is none", () => {
  const machine = heard();
  for (let sound = 20; sound < 30; sound += 1) {
    for (let i = 0; i < 4; i += 1) expect(machine.counted(sound, none)).toEqual([]);
  }
});

test("after the end the server's way takes over while the direct one still carries", () => {
  const machine = heard();
  machine.told(true, []);
  machine.counted(20, new Map([[7, 0]]));
  machine.counted(30, new Map([[7, 1]]));
  expect(machine.end(1_000)).toEqual([{ do: "hold", sound: false, streams: [] }]);
  expect(machine.told(true, [])).toEqual([]);
  expect(machine.tick(1_399)).toEqual([]);
  expect(machine.tick(1_400)).toEqual([{ do: "hear", direct: false }]);
  expect(machine.tick(1_550)).toEqual([]);
  expect(machine.tick(2_000)).toEqual([{ do: "look", streams: [] }, { do: "close" }]);
  expect(machine.tick(2_150)).toEqual([]);
});

test("after the end nobody waits for a direct way that is silent", () => {
  const machine = heard();
  expect(machine.counted(13, none)).toEqual([]);
  expect(machine.end(1_000)).toEqual([{ do: "hear", direct: false }]);
  const other = heard();
  expect(other.end(1_000)).toEqual([]);
  expect(other.counted(14, none)).toEqual([]);
  expect(other.counted(14, none)).toEqual([{ do: "hear", direct: false }]);
});

test("the other may close first, and that is no failure", () => {
  const machine = heard();
  machine.end(1_000);
  expect(machine.state("disconnected")).toEqual([{ do: "hear", direct: false }, { do: "close" }]);
});

test("who has left is not heard any more", () => {
  const machine = heard();
  expect(machine.gone()).toEqual([{ do: "hear", direct: false }, { do: "close" }]);
});

test("what never came up is given up, and what carries nothing is closed at once", () => {
  const machine = new Handover(0);
  expect(machine.tick(14_999)).toEqual([]);
  expect(machine.tick(15_000)).toEqual([{ do: "close" }, { do: "failed" }]);
  const other = new Handover(0);
  other.state("connected");
  expect(other.tick(20_000)).toEqual([]);
  expect(other.end(20_000)).toEqual([{ do: "close" }]);
  for (const state of ["failed", "disconnected", "closed"] as const) {
    expect(new Handover(0).state(state)).toEqual([{ do: "close" }, { do: "failed" }]);
  }
});

test("who only listens is not taken for silent", () => {
  const machine = new Handover(0);
  machine.state("connected");
  for (let i = 0; i < 50; i += 1) expect(machine.counted(0, none)).toEqual([]);
});
