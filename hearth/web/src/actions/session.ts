// Logging in and out, and the connection in between.
import { batch } from "solid-js";
import { request, useToken } from "../api/client.ts";
import { Refusal } from "../core/refusal.ts";
import { Connection } from "../gateway/socket.ts";
import type { AuthSession, OwnUser } from "../core/types.ts";
import { apply } from "../store/index.ts";
import { forget } from "../store/kept.ts";
import * as outbox from "../store/outbox.ts";
import { DEVICE } from "../store/prefs.ts";
import * as store from "../store/session.ts";
import { VOICE_DEVICE } from "../store/voice.ts";
import { flush } from "./send.ts";

let connection: Connection | null = null;

/** Go on with the token that this browser has, if it has one. */
export function resume(): void {
  const kept = store.token();
  if (kept) start(kept);
}

/** Send a gateway command. */
export function command(op: number, d: unknown): void {
  connection?.send(op, d);
}

function start(token: string): void {
  connection?.stop();
  useToken(token, lost);
  store.began(token);
  connection = new Connection(token, {
    dispatch(name, d) {
      if (name === "READY") outbox.restore((d as { user: { id: string } }).user.id);
      apply(name, d);
      if (name === "READY" || name === "RESUMED") flush();
    },
    state: store.connectionIs,
    void: end,
  });
}

/** The server takes the token no more. */
export function lost(): void {
  end("Please log in again.");
}

function end(reason: string): void {
  connection?.stop();
  connection = null;
  useToken(null);
  batch(() => {
    outbox.leave();
    store.ended(reason);
  });
}

export interface Ticket {
  ticket: string;
  backup: boolean;
}

interface LoggedIn {
  token?: string;
  mfa?: boolean;
  ticket?: string;
  backup?: boolean;
}

/** Log in by name and password; with a second factor a ticket to go on with. */
export async function logIn(login: string, password: string): Promise<Ticket | null> {
  const reply = await request<LoggedIn>("POST", "/auth/login", { body: { login, password, undelete: true } });
  if (reply.token) {
    start(reply.token);
    return null;
  }
  return { ticket: reply.ticket ?? "", backup: reply.backup ?? true };
}

/** The second step: a code of the authenticator, or one to recover with. */
export async function logInWithCode(ticket: string, code: string): Promise<void> {
  const digits = code.replace(/[\s-]/g, "");
  const how = /^\d{6}$/.test(digits) ? "totp" : "backup";
  const body = { ticket, code: how === "totp" ? digits : code.trim() };
  start((await request<{ token: string }>("POST", `/auth/mfa/${how}`, { body })).token);
}

/** Make an account, by a claim link, an invite or freely. */
export async function register(
  username: string, password: string, by: { claim?: string; invite?: string } = {},
): Promise<void> {
  const reply = await request<{ token: string }>("POST", "/auth/register", { body: { username, password, ...by } });
  start(reply.token);
}

/** Set a new password by a reset link. */
export async function resetPassword(link: string, password: string): Promise<void> {
  const reply = await request<{ token: string }>("POST", "/auth/reset", { body: { token: link, password } });
  start(reply.token);
}

/** Log out; what was written and not sent, and drafts, are forgotten with it. */
export async function logOut(): Promise<void> {
  try {
    await request("POST", "/auth/logout", { body: {} });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
  end("");
  forget(...DEVICE, ...VOICE_DEVICE);
}

export async function listSessions(): Promise<AuthSession[]> {
  return (await request<{ user_sessions: AuthSession[] }>("GET", "/auth/sessions")).user_sessions;
}

export async function endSessions(hashes: string[], password: string): Promise<void> {
  await request("POST", "/auth/sessions/logout", { body: { session_id_hashes: hashes, password } });
}

export interface Profile {
  username?: string;
  global_name?: string | null;
  /** A data URI, or null for none. */
  avatar?: string | null;
  bio?: string;
  pronouns?: string;
  password?: string;
  new_password?: string;
}

/** Change the account; a new password comes with a new token. */
export async function changeAccount(change: Profile): Promise<void> {
  const reply = await request<OwnUser & { token?: string }>("PATCH", "/users/@me", { body: change });
  apply("USER_UPDATE", reply);
  if (reply.token) {
    store.tokenIs(reply.token);
    useToken(reply.token, lost);
  }
}

export type OwnStatus = "online" | "idle" | "dnd" | "invisible";

export function setStatus(status: OwnStatus): void {
  command(3, { status, since: 0, activities: [], afk: false });
}
