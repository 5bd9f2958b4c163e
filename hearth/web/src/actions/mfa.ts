// The second factor of one's account.
import { request, useToken } from "../api/client.ts";
import * as store from "../store/session.ts";
import { apply } from "../store/index.ts";
import { lost } from "./session.ts";

interface Reply {
  token?: string;
  backup_codes?: { code: string }[];
}

function taken(reply: Reply, on: boolean): void {
  if (reply.token) {
    store.tokenIs(reply.token);
    useToken(reply.token, lost);
  }
  apply("USER_UPDATE", { ...store.me(), mfa_enabled: on });
}

/** Take an authenticator; gives the codes to recover with. */
export async function enableTotp(password: string, secret: string, code: string): Promise<string[]> {
  const reply = await request<Reply>("POST", "/users/@me/mfa/totp/enable", { body: { password, secret, code } });
  taken(reply, true);
  return (reply.backup_codes ?? []).map((one) => one.code);
}

export async function disableTotp(code: string): Promise<void> {
  taken(await request<Reply>("POST", "/users/@me/mfa/totp/disable", { body: { code } }), false);
}
