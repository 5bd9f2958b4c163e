// Try the ways to voice, also without an account.
import { request } from "../api/client.ts";
import { Refusal } from "../core/refusal.ts";
import { type Relayed, type Route, tryRelay, tryRoute } from "../voice/check.ts";

/** What came of one kind of way: the ports, those of processes of which none answered, and how fast the rest did. */
export interface Way {
  ports: number[];
  shut: number[];
  ms: number | null;
}

export type Ways = { udp: Way; tcp: Way; relays: Relayed[] };

/** Throws `Refusal`, whose text says what to do. */
export async function tryVoice(): Promise<Ways> {
  if (typeof RTCPeerConnection === "undefined") throw new Refusal(0, 0, "This browser has no calls (WebRTC), or they are switched off in it.");
  let told: { routes: Route[]; ice_servers: { urls: string[]; username: string; credential: string }[] };
  try {
    told = await request("POST", "/voice/check");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.status === 401) throw new Refusal(401, error.code, "This server lets only its members try: log in, then come back here.");
    if (error.status === 403) throw new Refusal(403, error.code, "This server has no voice. Whoever runs it learns why by the command “hearth doctor voice”.");
    throw error;
  }
  const of = async (protocol: Route["protocol"]): Promise<Way> => {
    const routes = told.routes.filter((one) => one.protocol === protocol);
    const tried = await Promise.all(routes.map(async (one) => ({ ...one, ms: await tryRoute(one).catch(() => null) })));
    const answered = tried.filter((one) => one.ms !== null);
    const portsOf = (some: Route[]) => [...new Set(some.map((one) => one.port))];
    // Of one process any way will do; each process has a name of its own.
    const shut = portsOf(routes.filter((one) => !answered.some((other) => other.ufrag === one.ufrag)));
    return { ports: portsOf(routes), shut, ms: routes.length && !shut.length ? Math.min(...answered.map((one) => one.ms as number)) : null };
  };
  // Relays lead to a machine, whatever the port: one process's ways stand for all.
  const far = told.routes.filter((one) => one.protocol === "udp" && one.ufrag === told.routes[0]?.ufrag);
  const relays = far.length ? told.ice_servers.flatMap((server) => server.urls.map((url) => tryRelay(url, server, far).catch((): Relayed => ({ url, ms: null, why: "silent" })))) : [];
  const [udp, tcp, relayed] = await Promise.all([of("udp"), of("tcp"), Promise.all(relays)]);
  return { udp, tcp, relays: relayed };
}
