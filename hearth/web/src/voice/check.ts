// Whether a way to the server's media can be used: tried by a connection that carries nothing.

/** One way to the media server, and the name and password that it answers to there for a while. */
export interface Route {
  protocol: "udp" | "tcp";
  host: string;
  port: number;
  ufrag: string;
  password: string;
}

const WITHIN_MS = 6_000;
/** No handshake follows the checks, so nobody's certificate is ever compared with it. */
const NOBODY = Array.from({ length: 32 }, () => "00").join(":");

/** The answer that offers these ways alone, which have one name; there is one at least. */
export function answerOf(routes: Route[]): string {
  const route = routes[0] as Route;
  return [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=ice-lite",
    "a=group:BUNDLE 0",
    `m=application ${route.port} UDP/DTLS/SCTP webrtc-datachannel`,
    `c=IN ${route.host.includes(":") ? "IP6" : "IP4"} ${route.host}`,
    "a=mid:0",
    "a=sctp-port:5000",
    `a=ice-ufrag:${route.ufrag}`,
    `a=ice-pwd:${route.password}`,
    `a=fingerprint:sha-256 ${NOBODY}`,
    "a=setup:passive",
    ...routes.map((one, i) => `a=candidate:${i + 1} 1 ${one.protocol} ${2130706431 - i} ${one.host} ${one.port} typ host${one.protocol === "tcp" ? " tcptype passive" : ""}`),
    "a=end-of-candidates",
    "",
  ].join("\r\n");
}

/** Milliseconds until the server answered by that way; null where it did not. */
export function tryRoute(route: Route): Promise<number | null> {
  return reach(new RTCPeerConnection({ bundlePolicy: "max-bundle" }), [route]);
}

/** What came of a relay: how fast the server answered by it, or why it did not. */
export interface Relayed {
  url: string;
  ms: number | null;
  /** It does not answer; it takes not our name and password; it leads no further. */
  why: "" | "silent" | "refused" | "lost";
}

/** Go to the server by one relay alone. */
export async function tryRelay(url: string, server: RTCIceServer, routes: Route[]): Promise<Relayed> {
  const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle", iceTransportPolicy: "relay", iceServers: [{ ...server, urls: url }] });
  let [relayed, refused] = [false, false];
  pc.onicecandidate = ({ candidate }) => {
    relayed ||= !!candidate?.candidate;
  };
  pc.onicecandidateerror = ({ errorCode }) => {
    refused ||= errorCode >= 400 && errorCode < 600;
  };
  const ms = await reach(pc, routes, () => pc.iceGatheringState === "complete" && !relayed);
  return { url, ms, why: ms !== null ? "" : relayed ? "lost" : refused ? "refused" : "silent" };
}

/** Connect, and close behind it; `hopeless` says early that nothing comes of it. */
async function reach(pc: RTCPeerConnection, routes: Route[], hopeless = () => false): Promise<number | null> {
  try {
    pc.createDataChannel("check");
    await pc.setLocalDescription();
    const began = performance.now();
    const reached = new Promise<boolean>((done) => {
      setTimeout(() => done(false), WITHIN_MS);
      pc.oniceconnectionstatechange = () => {
        const state = pc.iceConnectionState;
        if (state === "connected" || state === "completed") done(true);
        else if (state === "failed" || state === "closed") done(false);
      };
      pc.onicegatheringstatechange = () => {
        if (hopeless()) done(false);
      };
    });
    await pc.setRemoteDescription({ type: "answer", sdp: answerOf(routes) });
    return (await reached) ? Math.max(1, Math.round(performance.now() - began)) : null;
  } finally {
    pc.oniceconnectionstatechange = pc.onicegatheringstatechange = null;
    pc.close();
  }
}
