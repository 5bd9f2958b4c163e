// Requests to the API: the token, waiting where the server says so, and refusals as errors.

import { Refusal } from "../core/refusal.ts";
import { wordsOf } from "../core/refusals.ts";

const BASE = "/api/v10";
const TIMEOUT_MS = 20_000;
const MOST_WAITS = 5;

let token: string | null = null;
let voided: () => void = () => {};

/** The token that requests go with from now on; `onVoid` is called when the server takes it no more. */
export function useToken(next: string | null, onVoid: () => void = () => {}): void {
  token = next;
  voided = onVoid;
}

export interface Options {
  body?: unknown;
  /** Of a list each is a parameter of its own by the same name. */
  query?: Record<string, string | number | boolean | null | undefined | string[]>;
  signal?: AbortSignal;
  reason?: string;
}

/** One request. Waits out 429s; throws `Refusal`. A reply without a body is null. */
export async function request<T = unknown>(method: string, path: string, options: Options = {}): Promise<T> {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(options.query ?? {})) {
    if (Array.isArray(value)) for (const each of value) query.append(key, each);
    else if (value !== null && value !== undefined) query.set(key, String(value));
  }
  const url = `${BASE}${path}${query.size ? `?${query}` : ""}`;
  const headers: Record<string, string> = {};
  if (token) headers.Authorization = token;
  if (options.reason) headers["X-Audit-Log-Reason"] = encodeURIComponent(options.reason);
  let body: BodyInit | undefined;
  if (options.body instanceof FormData) body = options.body;
  else if (options.body !== undefined) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(options.body);
  }
  for (let waits = 0; ; waits += 1) {
    const sent = token;
    let reply: Response;
    let data: unknown = null;
    try {
      const timeout = AbortSignal.timeout(TIMEOUT_MS);
      const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
      reply = await fetch(url, { method, headers, body, signal });
      if (reply.status !== 204) data = await reply.json();
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new Refusal(0, 0, "The server does not answer.");
    }
    if (reply.ok) return data as T;
    const refusal = refusalOf(reply.status, data);
    if (reply.status === 429 && waits < MOST_WAITS) {
      const wait = (data as { retry_after?: number }).retry_after ?? 1;
      await new Promise((done) => setTimeout(done, wait * 1000));
      continue;
    }
    if (reply.status === 401 && sent && sent === token) voided();
    throw refusal;
  }
}

/** The refusal that a reply is. */
export function refusalOf(status: number, data: unknown): Refusal {
  const { code = 0, message = `The server answered ${status}.`, errors } = (data ?? {}) as {
    code?: number;
    message?: string;
    errors?: unknown;
  };
  const fields: Record<string, string> = {};
  collect(errors, [], fields);
  const first = Object.values(fields)[0];
  return new Refusal(status, code, first ?? wordsOf(code, message), fields);
}

function collect(errors: unknown, path: string[], into: Record<string, string>): void {
  if (typeof errors !== "object" || errors === null) return;
  for (const [key, value] of Object.entries(errors)) {
    if (key === "_errors") {
      const first = (value as { message: string }[])[0];
      if (first) into[path.join(".")] = first.message;
    } else collect(value, [...path, key], into);
  }
}
