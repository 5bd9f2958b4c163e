import { expect, test } from "vitest";
import { Machine, type Output } from "./machine.ts";

const hello = { op: 10, d: { heartbeat_interval: 40_000 } };
const ready = { op: 0, s: 1, t: "READY", d: { session_id: "abc" } };

function started(): Machine {
  const machine = new Machine("ws://x/gateway", { token: "t" }, () => 0.5);
  expect(machine.start(0)).toEqual([
    { do: "state", state: "connecting" },
    { do: "connect", url: "ws://x/gateway?v=10&encoding=json" },
  ]);
  machine.opened(10);
  return machine;
}

function connected(): Machine {
  const machine = started();
  expect(machine.receive(hello, 20)).toEqual([{ do: "send", op: 2, d: { token: "t" } }]);
  expect(machine.receive(ready, 30)).toEqual([
    { do: "dispatch", name: "READY", d: ready.d },
    { do: "state", state: "ready" },
  ]);
  return machine;
}

const resume: Output = { do: "send", op: 6, d: { token: "t", session_id: "abc", seq: 7 } };

test("a cut connection is resumed from the last event", () => {
  const machine = connected();
  machine.receive({ op: 0, s: 7, t: "X", d: {} }, 40);
  expect(machine.closed(1006, 100)).toEqual([{ do: "state", state: "waiting" }]);
  const at = machine.wakeAt() as number;
  expect(at).toBeGreaterThan(100);
  expect(machine.tick(at).at(-1)).toMatchObject({ do: "connect" });
  machine.opened(at);
  expect(machine.receive(hello, at)).toEqual([resume]);
  expect(machine.receive({ op: 0, s: 8, t: "RESUMED", d: {} }, at)).toContainEqual({ do: "state", state: "ready" });
});

test("a session that is gone is identified anew after a while", () => {
  const machine = connected();
  machine.closed(1006, 100);
  machine.tick(machine.wakeAt() as number);
  machine.receive(hello, 1000);
  expect(machine.receive({ op: 9, d: false }, 1000)).toEqual([]);
  const at = machine.wakeAt() as number;
  expect(at).toBeGreaterThanOrEqual(1300);
  expect(at).toBeLessThanOrEqual(2500);
  expect(machine.tick(at)).toEqual([{ do: "send", op: 2, d: { token: "t" } }]);
});

test("after 4009 it does not resume, after 4004 it does nothing more", () => {
  const machine = connected();
  machine.closed(4009, 100);
  machine.tick(machine.wakeAt() as number);
  expect(machine.receive(hello, 1000)).toEqual([{ do: "send", op: 2, d: { token: "t" } }]);
  expect(machine.closed(4004, 1000)).toContainEqual({ do: "void", reason: "Please log in again." });
  expect(machine.wakeAt()).toBeNull();
  expect(machine.start(2000)).toEqual([]);
});

test("beats carry the last sequence; one without an answer ends the connection", () => {
  const machine = connected();
  const first = machine.wakeAt() as number;
  expect(first).toBe(20 + 20_000);
  expect(machine.tick(first)).toEqual([{ do: "send", op: 1, d: 1 }]);
  machine.receive({ op: 11, d: null }, first);
  const second = machine.wakeAt() as number;
  expect(second - first).toBe(40_000);
  machine.tick(second);
  expect(machine.tick(machine.wakeAt() as number)).toEqual([
    { do: "close", code: 4000 },
    { do: "state", state: "waiting" },
  ]);
});

test("a server that says nothing is left, one that asks for a beat gets it", () => {
  const machine = started();
  expect(machine.tick(machine.wakeAt() as number)[0]).toEqual({ do: "close", code: 4000 });
  const other = connected();
  expect(other.receive({ op: 1, d: null }, 50)).toEqual([{ do: "send", op: 1, d: 1 }]);
  expect(other.receive({ op: 7, d: null }, 60)[0]).toEqual({ do: "close", code: 4000 });
});

test("tries come slower and slower, up to a bound, and at once when asked for", () => {
  const machine = started();
  let now = 0;
  let last = 0;
  for (let i = 0; i < 12; i += 1) {
    machine.closed(1006, now);
    const wait = (machine.wakeAt() as number) - now;
    expect(wait).toBeGreaterThanOrEqual(last);
    expect(wait).toBeLessThanOrEqual(15_000);
    last = wait;
    now = machine.wakeAt() as number;
    machine.tick(now);
  }
  machine.closed(1006, now);
  expect(machine.start(now + 1).at(-1)).toMatchObject({ do: "connect" });
});
