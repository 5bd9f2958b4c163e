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

/** The answer that offers one way alone. */
export function answerOf(route: Route): string {
  const kind = route.protocol === "tcp" ? " tcptype passive" : "";
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
    `a=candidate:1 1 ${route.protocol} 2130706431 ${route.host} ${route.port} typ host${kind}`,
    "a=end-of-candidates",
    "",
  ].join("\r\n");
}

/** Milliseconds until the server answered by that way; null where it did not. */
export async function tryRoute(route: Route): Promise<number | null> {
  const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
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
    });
    await pc.setRemoteDescription({ type: "answer", sdp: answerOf(route) });
    return (await reached) ? Math.max(1, Math.round(performance.now() - began)) : null;
  } finally {
    pc.oniceconnectionstatechange = null;
    pc.close();
  }
}
