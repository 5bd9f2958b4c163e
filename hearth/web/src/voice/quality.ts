// How good a connection is, in words: from what the browser counts.

export interface Counted {
  /** Milliseconds there and back; null where it is not known yet. */
  roundTripMs: number | null;
  /** Of what was sent to us and by us, the worse, in per cent. */
  lossPercent: number;
  jitterMs: number;
  /** By what media comes: straight (UDP), around what lets no UDP through (TCP), or by a relay. */
  route: "udp" | "tcp" | "relay" | null;
}

export type Grade = "good" | "fair" | "poor";

export interface Quality extends Counted {
  grade: Grade;
  /** What each figure is like by itself. */
  grades: Record<keyof typeof LIMITS, Grade>;
  words: string;
  /** What to do; empty where nothing need be done. */
  way: string;
  /** Whether it is that of a direct connection. */
  direct: boolean;
}

/** The first limit is where it stops being good, the second where it is poor. */
const LIMITS = { roundTripMs: [150, 350], lossPercent: [2, 8], jitterMs: [30, 80] } as const;

const GRADES: Grade[] = ["good", "fair", "poor"];
const CABLE = "Go nearer to your Wi-Fi, use a cable, or end downloads.";
const AROUND = "Your network lets no UDP through, so what is lost holds up the rest. Another network, or no VPN, is better.";

export function judge(from: Counted, direct = false): Quality {
  const counted = { ...from, direct };
  const rank = (name: keyof typeof LIMITS) => {
    const value = counted[name] ?? 0;
    return value >= LIMITS[name][1] ? 2 : value >= LIMITS[name][0] ? 1 : 0;
  };
  const [loss, jitter, far] = [rank("lossPercent"), rank("jitterMs"), rank("roundTripMs")];
  const worst = Math.max(loss, jitter, far);
  const named = (at: number) => GRADES[at] as Grade;
  const all = { ...counted, grade: named(worst), grades: { lossPercent: named(loss), jitterMs: named(jitter), roundTripMs: named(far) } };
  if (worst === 0) return { ...all, words: "Good connection", way: "" };
  if (loss === worst) return { ...all, words: worst === 2 ? "Much of the sound is lost on the way" : "Some sound is lost on the way", way: CABLE };
  if (jitter === worst) {
    return { ...all, words: "Sound comes unevenly", way: counted.route === "tcp" ? AROUND : "Something else uses your connection; end downloads or use a cable." };
  }
  const distant = direct ? "The two of you are far apart, or a VPN lies between." : "The server is far away, or a VPN lies between.";
  return { ...all, words: worst === 2 ? "Words take long to arrive" : "Words take a little to arrive", way: counted.route === "tcp" ? AROUND : distant };
}
