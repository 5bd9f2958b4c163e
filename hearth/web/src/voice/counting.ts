// What a browser counts of a connection of media, as it is shown to the person.
import type { Counted } from "./quality.ts";

/** A picture that goes over a connection, in words. */
export interface Carried {
  /** The section that carries it. */
  mid: string;
  /** Whether it is the person's own. */
  sent: boolean;
  words: string;
}

export class Counting {
  private before = { lost: 0, got: 0 };
  private readonly bytes = new Map<string, [bytes: number, at: number]>();

  /** What was counted since the last time, and the pictures there are. */
  read(stats: RTCStatsReport, now: number): { counted: Counted; pictures: Carried[] } {
    const pictures: Carried[] = [];
    let [lost, got, jitterMs, roundTripMs, upLoss] = [0, 0, 0, null as number | null, 0];
    const codecs = new Map<string, string>();
    const ways = new Map<string, Counted["route"]>();
    let route: Counted["route"] = null;
    stats.forEach((one) => one.type === "local-candidate" && ways.set(one.id, one.candidateType === "relay" ? "relay" : one.protocol === "tcp" ? "tcp" : "udp"));
    stats.forEach((one) => one.type === "codec" && codecs.set(one.id, String(one.mimeType).split("/")[1] ?? ""));
    stats.forEach((one) => {
      if (one.type === "candidate-pair" && one.nominated && one.state === "succeeded") {
        route = ways.get(one.localCandidateId) ?? route;
        if (one.currentRoundTripTime !== undefined) roundTripMs = Math.round(one.currentRoundTripTime * 1000);
      }
      if (one.type === "remote-inbound-rtp" && one.kind === "audio") upLoss = Math.max(upLoss, (one.fractionLost ?? 0) * 100);
      // Of what one shows oneself a screen is told of; a camera goes in several layers.
      if (one.type !== "inbound-rtp" && !(one.type === "outbound-rtp" && one.kind === "video" && !one.rid)) return;
      const sent = one.type === "outbound-rtp";
      const octets = sent ? one.bytesSent : one.bytesReceived;
      if (one.type === "inbound-rtp" && one.kind === "audio" && one.packetsReceived > 0) {
        lost += Math.max(0, one.packetsLost ?? 0);
        got += one.packetsReceived;
        jitterMs = Math.max(jitterMs, Math.round((one.jitter ?? 0) * 1000));
      }
      if (one.kind === "video" && one.mid && one.frameWidth) {
        const key = `${one.type} ${one.mid}`;
        const before = this.bytes.get(key);
        this.bytes.set(key, [octets, now]);
        // What it takes is known from the second look on.
        if (!before || now <= before[1]) return;
        const kbits = Math.round(((octets - before[0]) * 8) / (now - before[1]));
        const rate = kbits >= 1000 ? `${(kbits / 1000).toFixed(1)} Mbit/s` : `${kbits} kbit/s`;
        pictures.push({ mid: one.mid, sent, words: `${one.frameWidth} × ${one.frameHeight}, ${Math.round(one.framesPerSecond ?? 0)} fps, ${codecs.get(one.codecId) ?? ""} ${rate}` });
      }
    });
    const [newLost, newGot] = [Math.max(0, lost - this.before.lost), Math.max(0, got - this.before.got)];
    this.before = { lost, got };
    const downLoss = newLost + newGot > 20 ? (newLost / (newLost + newGot)) * 100 : 0;
    return { counted: { roundTripMs, lossPercent: Math.round(Math.max(downLoss, upLoss) * 10) / 10, jitterMs, route }, pictures };
  }
}
