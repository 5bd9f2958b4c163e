import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { DirectListener, Told, Word } from "./direct.ts";
import { Pairing } from "./pairing.ts";

/** A browser that can make nothing of what it is told. */
class Connection {
  static made = 0;
  connectionState = "new";
  signalingState = "stable";
  remoteDescription = null;
  constructor() {
    Connection.made += 1;
  }
  getTransceivers = (): [] => [];
  setRemoteDescription = (): Promise<void> => Promise.reject(new Error("no"));
  close(): void {
    this.connectionState = "closed";
  }
}

const said: Word[] = [];
const listener: Omit<DirectListener, "failed"> = {
  say: (word) => void said.push(word),
  tracks: () => ({ microphone: null, sound: null, camera: null, screen: null }),
  mine: () => ({}),
  theirs: () => ({}),
  heard() {},
  hear() {},
  changed() {},
  hold() {},
  speaking() {},
  over() {},
};
const begin = (id: number): Told => ({ type: "begin", id, user_id: "4", offers: false, ice_servers: [] });
const offer = (id: number): Told => ({ type: "description", id, kind: "offer", sdp: "v=0" });
const allow = (on: boolean): Word => ({ type: "allow", on });

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("RTCPeerConnection", Connection);
  Connection.made = said.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("it is said once, on each socket anew, and taken back", () => {
  const pairing = new Pairing(listener);
  pairing.want(false, true);
  pairing.want(true, false);
  expect(said).toEqual([]);
  pairing.want(true, true);
  pairing.want(true, true);
  expect(said).toEqual([allow(true)]);
  pairing.want(true, false);
  pairing.want(true, true);
  pairing.want(false, true);
  expect(said.slice(1)).toEqual([allow(true), allow(false)]);
  pairing.close();
});

test("without one's own word nothing is begun, whatever the server says", () => {
  const pairing = new Pairing(listener);
  pairing.told(begin(1));
  pairing.want(true, true);
  pairing.want(false, true);
  pairing.told(begin(2));
  expect([pairing.direct, Connection.made]).toEqual([null, 0]);
  pairing.close();
});

test("it ends with the socket, with the setting, and with the other", () => {
  for (const end of [
    (pairing: Pairing) => pairing.want(true, false),
    (pairing: Pairing) => pairing.want(false, true),
    (pairing: Pairing) => pairing.left("4"),
    (pairing: Pairing) => pairing.told({ type: "end", id: 1 }),
    (pairing: Pairing) => pairing.close(),
  ]) {
    const pairing = new Pairing(listener);
    pairing.want(true, true);
    pairing.told(begin(1));
    pairing.left("5");
    pairing.told({ type: "end", id: 7 });
    expect(pairing.direct).not.toBeNull();
    end(pairing);
    expect(pairing.direct).toBeNull();
    pairing.close();
  }
});

test("what fails is tried again, each time after twice as long", async () => {
  const pairing = new Pairing(listener);
  pairing.want(true, true);
  for (const [id, wait] of [[1, 5_000], [2, 10_000]] as const) {
    said.length = 0;
    pairing.told(begin(id));
    pairing.told(offer(id));
    await vi.advanceTimersByTimeAsync(0);
    expect([pairing.direct, said]).toEqual([null, [allow(false)]]);
    await vi.advanceTimersByTimeAsync(wait - 1);
    expect(said).toEqual([allow(false)]);
    await vi.advanceTimersByTimeAsync(1);
    expect(said).toEqual([allow(false), allow(true)]);
  }
  pairing.close();
});
