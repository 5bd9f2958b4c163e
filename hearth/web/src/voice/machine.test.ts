import { expect, test } from "vitest";
import { Machine } from "./machine.ts";
import { layersFor } from "./peer.ts";

const identity = { server_id: "1", channel_id: "2", user_id: "3", session_id: "s", token: "t" };
const hello = { op: 8, d: { heartbeat_interval: 10_000 } };
const ready = { op: 2, seq: 1, d: { ssrc: 5, ip: "127.0.0.1", port: 1, modes: [] } };

function opened(): Machine {
  const machine = new Machine("ws://x/voice?v=8", identity, () => 0.5);
  expect(machine.start(0)).toEqual([{ do: "state", state: "connecting" }, { do: "connect", url: "ws://x/voice?v=8" }]);
  machine.opened(10);
  return machine;
}

function joined(): Machine {
  const machine = opened();
  expect(machine.receive(hello, 20)).toEqual([
    { do: "send", op: 0, d: { ...identity, video: true, streams: [], max_dave_protocol_version: 0 } },
  ]);
  expect(machine.receive(ready, 30)).toEqual([{ do: "state", state: "ready" }, { do: "ready", ready: ready.d }]);
  return machine;
}

test("only the answer to the newest offer is used", () => {
  const machine = joined();
  expect(machine.offer("v=0 a", "c", 40)).toEqual([
    { do: "send", op: 1, d: { protocol: "webrtc", type: "offer", rev: 1, data: "v=0 a", rtc_connection_id: "c" } },
  ]);
  expect(machine.offer("v=0 b", "c", 50)).toMatchObject([{ op: 1, d: { rev: 2 } }]);
  expect(machine.receive({ op: 4, d: { type: "answer", rev: 1, sdp: "v=0 1" } }, 60)).toEqual([]);
  expect(machine.receive({ op: 4, d: { type: "answer", rev: 2, sdp: "v=0 2" } }, 70)).toEqual([{ do: "answer", sdp: "v=0 2" }]);
  // Nothing more is waited for but the beat.
  expect(machine.wakeAt()).toBe(20 + 5_000);
});

test("beats carry the last sequence; one without an answer ends the socket", () => {
  const machine = joined();
  machine.receive({ op: 5, seq: 9, d: { user_id: "4", ssrc: 1, speaking: 1 } }, 40);
  const first = machine.wakeAt() as number;
  expect(machine.tick(first)).toEqual([{ do: "send", op: 3, d: { t: first, seq_ack: 9 } }]);
  machine.receive({ op: 6, d: { t: first } }, first + 21);
  machine.tick(first + 10_000);
  expect(machine.tick(first + 20_000)).toEqual([{ do: "close", code: 4000 }, { do: "state", state: "waiting" }]);
});

test("a cut socket is resumed, and media is not asked for anew", () => {
  const machine = joined();
  machine.receive({ op: 5, seq: 7, d: { user_id: "4", ssrc: 1, speaking: 0 } }, 40);
  expect(machine.closed(1006, 100)).toEqual([{ do: "state", state: "waiting" }]);
  machine.tick(machine.wakeAt() as number);
  machine.opened(500);
  expect(machine.receive(hello, 510)).toEqual([
    { do: "send", op: 7, d: { server_id: "1", session_id: "s", token: "t", seq_ack: 7 } },
  ]);
  expect(machine.receive({ op: 9, d: null }, 520)).toEqual([{ do: "state", state: "ready" }]);
});

test("a spent token is renewed, also where no word came to the first Identify", () => {
  for (const code of [4004, 4006, 4009]) expect(joined().closed(code, 50).at(-1)).toEqual({ do: "renew" });
  const machine = opened();
  machine.receive(hello, 20);
  expect(machine.closed(1006, 50)).toEqual([{ do: "state", state: "over" }, { do: "renew" }]);
  // Before the Identify it was not spent.
  expect(opened().closed(1006, 50)).toEqual([{ do: "state", state: "waiting" }]);
});

test("other ends are named, with the way out", () => {
  expect(joined().closed(4014, 50).at(-1)).toMatchObject({ do: "dismissed", failure: { text: "You were disconnected from voice." } });
  for (const code of [4012, 4020, 4021, 4022]) {
    const machine = joined();
    expect(machine.closed(code, 50).at(-1)).toMatchObject({ do: "failed", failure: { text: expect.any(String), way: expect.any(String) } });
    expect([machine.wakeAt(), machine.start(60)]).toEqual([null, []]);
  }
});

test("a server that never answers is named too", () => {
  const machine = opened();
  let now = 0;
  for (let i = 0; i < 20 && machine.state !== "over"; i += 1) {
    now = machine.wakeAt() as number;
    if (machine.tick(now).some((one) => one.do === "failed")) break;
  }
  expect(machine.state).toBe("over");
  expect(now).toBe(20_000);
});

test("who is heard and shown where", () => {
  const machine = joined();
  expect(machine.receive({ op: 5, d: { user_id: "4", ssrc: 1, speaking: 1, mid: "3" } }, 40)).toEqual([
    { do: "speaking", userId: "4", flags: 1, mid: "3" },
  ]);
  const screen = { type: "screen", ssrc: 8, active: true, watchers: ["5"] };
  expect(machine.receive({ op: 12, d: { user_id: "4", audio_ssrc: 1, video_ssrc: 8, streams: [screen] } }, 50)).toEqual([
    { do: "streams", userId: "4", streams: [screen] },
  ]);
  // Without the microphone's name it only tells which section carries it.
  expect(machine.receive({ op: 12, d: { user_id: "4", video_ssrc: 8, streams: [{ ...screen, mid: "9" }] } }, 55)).toEqual([
    { do: "mapped", userId: "4", ssrc: 8, mid: "9" },
  ]);
  expect(machine.receive({ op: 12, d: { user_id: null, streams: [{ ...screen, mid: "9" }] } }, 56)).toEqual([
    { do: "mapped", userId: "", ssrc: 8, mid: "9" },
  ]);
  expect(machine.receive({ op: 13, d: { user_id: "4" } }, 60)).toEqual([{ do: "left", userId: "4" }]);
  expect(machine.want({ "8": 921_600 })).toEqual([{ do: "send", op: 15, d: { any: 0, "8": 100, pixelCounts: { "8": 921_600 } } }]);
});

test("what of ours is wanted", () => {
  expect(joined().receive({ op: 15, d: { any: 0, 7: 66, 8: 0, pixelCounts: { 7: 1 } } }, 40)).toEqual([{ do: "wanted", streams: { 7: 66, 8: 0 } }]);
  expect([0, 33, 66, 100].map((percent) => layersFor(percent, 3))).toEqual([0, 1, 2, 3]);
  expect([0, 100].map((percent) => layersFor(percent, 1))).toEqual([0, 1]);
});

test("words about media that goes directly pass through", () => {
  const machine = joined();
  expect(machine.direct({ type: "allow", on: true })).toEqual([{ do: "send", op: 100, d: { type: "allow", on: true } }]);
  expect(machine.receive({ op: 100, d: { type: "end", id: 3 } }, 40)).toEqual([{ do: "direct", word: { type: "end", id: 3 } }]);
});
