// Who is logged in, and how the connection is.
import { createStore } from "solid-js/store";
import type { State } from "../gateway/machine.ts";
import type { Id, OwnUser } from "../core/types.ts";
import { remembered } from "./kept.ts";
import type { Reducers } from "./events.ts";

interface Session {
  /** `out`: a log-in is needed; `coming`: READY is awaited for the first time; `in`: there is a world. */
  phase: "out" | "coming" | "in";
  connection: State;
  /** Why the person was logged out, when that was not of their own doing. */
  reason: string;
  me: OwnUser | null;
  sessionId: string | null;
  authSessionHash: string | null;
}

const [session, setSession] = createStore<Session>({
  phase: "out",
  connection: "waiting",
  reason: "",
  me: null,
  sessionId: null,
  authSessionHash: null,
});

export { session };

const [token, setToken] = remembered<string | null>("token", null);
export { token };

/** The one who is logged in. Only where there is a world. */
export function me(): OwnUser {
  if (!session.me) throw new Error("nobody is logged in");
  return session.me;
}

export function myId(): Id {
  return session.me?.id ?? "0";
}

export function began(next: string): void {
  setToken(next);
  setSession({ phase: "coming", reason: "" });
}

export function ended(reason: string): void {
  setToken(null);
  setSession({ phase: "out", reason, me: null, sessionId: null, connection: "waiting" });
}

export function connectionIs(state: State): void {
  setSession("connection", state);
}

export function tokenIs(next: string): void {
  setToken(next);
}

export const reducers: Reducers = {
  READY(d: { user: OwnUser; session_id: string; auth_session_id_hash?: string }) {
    setSession({
      phase: "in",
      me: d.user,
      sessionId: d.session_id,
      authSessionHash: d.auth_session_id_hash ?? null,
    });
  },
  USER_UPDATE(d: OwnUser) {
    if (d.id === session.me?.id) setSession("me", (was) => ({ ...(was as OwnUser), ...d }));
  },
  AUTH_SESSION_CHANGE(d: { auth_session_id_hash?: string }) {
    if (d.auth_session_id_hash) setSession("authSessionHash", d.auth_session_id_hash);
  },
};
