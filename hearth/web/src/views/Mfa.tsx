// The second factor: an authenticator, and the codes to recover with.
import { createSignal, For, type JSX, Show } from "solid-js";
import { disableTotp, enableTotp } from "../actions/mfa.ts";
import { Refusal } from "../core/refusal.ts";
import { base32 } from "../core/base32.ts";
import { me } from "../store/session.ts";
import { Button } from "../ui/Button.tsx";
import { TextField } from "../ui/Field.tsx";
import { say } from "../ui/toast.tsx";
import { copy } from "../parts/messageMenu.ts";
import styles from "./Settings.module.css";

export default function Mfa(): JSX.Element {
  const [secret, setSecret] = createSignal("");
  const [password, setPassword] = createSignal("");
  const [code, setCode] = createSignal("");
  const [codes, setCodes] = createSignal<string[]>([]);
  const [errors, setErrors] = createSignal<Record<string, string>>({});
  const spaced = () => secret().replace(/(.{4})/g, "$1 ").trim();
  const link = () => `otpauth://totp/Hearth:${encodeURIComponent(me().username)}?secret=${secret()}&issuer=Hearth`;
  const run = async (work: () => Promise<void>) => {
    setErrors({});
    try {
      await work();
      setPassword("");
      setCode("");
      setSecret("");
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (Object.keys(error.fields).length) setErrors(error.fields);
      else say(error.message, true);
    }
  };
  const submit = () => {
    if (me().mfa_enabled) {
      return run(async () => {
        await disableTotp(code());
        setCodes([]);
        say("Your account has no second factor any more.");
      });
    }
    return run(async () => void setCodes(await enableTotp(password(), secret(), code())));
  };
  return (
    <form
      class={styles.part}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <h2>Second factor</h2>
      <Show when={codes().length}>
        <p>
          Keep these codes where you find them without your phone. Each is good once, and they are not shown again.
        </p>
        <ul>
          <For each={codes()}>{(one) => <li><code>{one}</code></li>}</For>
        </ul>
        <div>
          <Button icon="copy" onClick={() => copy(codes().join("\n"))}>
            Copy them
          </Button>
        </div>
      </Show>
      <Show
        when={!me().mfa_enabled}
        fallback={
          <>
            <p class="soft">An authenticator is asked for when you log in.</p>
            <TextField label="Code of the authenticator" inputmode="numeric" autocomplete="one-time-code" error={errors().code} value={code()} onInput={(event) => setCode(event.currentTarget.value)} />
            <div>
              <Button type="submit" kind="bad" disabled={!code()}>
                Do without
              </Button>
            </div>
          </>
        }
      >
        <Show
          when={secret()}
          fallback={
            <>
              <p class="soft">A code of an authenticator on your phone, beside your password: who learns one has not the other.</p>
              <div>
                <Button onClick={() => setSecret(base32(crypto.getRandomValues(new Uint8Array(20))))}>Set up an authenticator</Button>
              </div>
            </>
          }
        >
          <p>
            Put this key into your authenticator, or <a href={link()}>open it there</a>:
          </p>
          <p>
            <code>{spaced()}</code>
          </p>
          <TextField label="Your password" type="password" autocomplete="current-password" error={errors().password} value={password()} onInput={(event) => setPassword(event.currentTarget.value)} />
          <TextField label="The code that it shows" inputmode="numeric" autocomplete="one-time-code" error={errors().code} value={code()} onInput={(event) => setCode(event.currentTarget.value)} />
          <div class={styles.actions}>
            <Button type="submit" kind="primary" disabled={!password() || !code()}>
              Use it
            </Button>
            <Button kind="quiet" onClick={() => setSecret("")}>
              Cancel
            </Button>
          </div>
        </Show>
      </Show>
    </form>
  );
}
