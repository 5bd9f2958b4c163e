// The way in: log-in, and the forms that links lead to — claim, invite, reset.
import { createEffect, createResource, createSignal, type JSX, Match, Show, Switch } from "solid-js";
import { acceptInvite, lookUpInvite } from "../actions/guilds.ts";
import { logIn, logInWithCode, register, resetPassword, type Ticket } from "../actions/session.ts";
import { Refusal } from "../core/refusal.ts";
import { iconUrl } from "../core/cdn.ts";
import { session } from "../store/session.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Button } from "../ui/Button.tsx";
import { TextField } from "../ui/Field.tsx";
import { Flame } from "../ui/Icon.tsx";
import { follow, navigate } from "../ui/router.ts";
import { say } from "../ui/toast.tsx";
import styles from "./Entry.module.css";

export type Kind = "login" | "register" | "claim" | "invite" | "reset";

export default function Entry(props: { kind: Kind; code: string }): JSX.Element {
  const [ticket, setTicket] = createSignal<Ticket | null>(null);
  const [known, setKnown] = createSignal(props.kind === "login");
  const [login, setLogin] = createSignal("");
  const [password, setPassword] = createSignal("");
  const [code, setCode] = createSignal("");
  const [errors, setErrors] = createSignal<Record<string, string>>({});
  const [error, setError] = createSignal(session.reason);
  const [busy, setBusy] = createSignal(false);
  const [invite] = createResource(
    () => (props.kind === "invite" ? props.code : null),
    async (of) => {
      try {
        return await lookUpInvite(of);
      } catch (failure) {
        return failure instanceof Refusal ? failure : Promise.reject(failure);
      }
    },
  );
  const found = () => (invite.latest instanceof Refusal ? null : invite.latest);
  const lost = () => (invite.latest instanceof Refusal ? invite.latest : null);
  createEffect(() => {
    document.title = `${title()} · Hearth`;
  });

  const arrive = async () => {
    if (props.kind === "invite") {
      try {
        const joined = await acceptInvite(props.code);
        return navigate(`/channels/${joined.guild.id}/${joined.channel.id}`, { replace: true });
      } catch (failure) {
        say(failure instanceof Error ? failure.message : String(failure), true);
      }
    }
    navigate("/", { replace: true });
  };
  const run = async () => {
    switch (true) {
      case ticket() !== null:
        return logInWithCode((ticket() as Ticket).ticket, code());
      case props.kind === "reset":
        return resetPassword(props.code, password());
      case props.kind === "claim":
        return register(login().trim(), password(), { claim: props.code });
      case known(): {
        const next = await logIn(login().trim(), password());
        setTicket(next);
        return;
      }
      default:
        return register(login().trim(), password(), props.kind === "invite" ? { invite: props.code } : {});
    }
  };
  const submit = async () => {
    setBusy(true);
    setError("");
    setErrors({});
    try {
      await run();
      if (session.phase !== "out") await arrive();
    } catch (failure) {
      if (!(failure instanceof Refusal)) throw failure;
      setErrors(failure.fields);
      if (!Object.keys(failure.fields).some((field) => ["username", "login", "password", "code"].includes(field))) setError(failure.message);
    } finally {
      setBusy(false);
    }
  };
  const title = () => {
    if (ticket()) return "One more step";
    if (props.kind === "claim") return "This server is yours";
    if (props.kind === "reset") return "A new password";
    if (lost()) return "This invite is not good any more";
    if (props.kind === "invite") return found() ? `Join ${found()?.guild.name}` : "You are invited";
    return known() ? "Welcome back" : "Make an account";
  };
  const text = () => {
    if (ticket()) return "Your account has a second factor: the code of your authenticator, or one to recover with.";
    if (props.kind === "claim") return "Choose the name and password of the account that owns it. The link is good once.";
    if (props.kind === "reset") return "All devices are logged out; this one is logged in with it.";
    if (props.kind === "invite") return known() ? "Log in, and you are there." : "Choose a name and a password, and you are there.";
    return known() ? "Good to have you here." : "Choose a name and a password.";
  };
  const action = () => {
    if (ticket()) return "Go on";
    if (props.kind === "reset") return "Set password";
    if (props.kind === "claim") return "Claim it";
    if (known()) return props.kind === "invite" ? "Log in and join" : "Log in";
    return props.kind === "invite" ? "Join" : "Make account";
  };
  const fresh = () => !known() || props.kind === "reset" || props.kind === "claim";

  return (
    <main class={styles.page}>
      <form
        class={styles.card}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <p class={styles.brand}>
          <Flame size={32} /> Hearth
        </p>
        <Show when={found()}>
          {(one) => (
            <div class={styles.guild}>
              <Avatar id={one().guild.id} name={one().guild.name} src={iconUrl(one().guild)} size={64} square />
              <p class="soft">
                {one().inviter?.global_name ?? one().inviter?.username ?? "Somebody"} invites you
                <Show when={one().approximate_member_count}>{(count) => ` · ${count()} ${count() === 1 ? "member" : "members"}`}</Show>
              </p>
            </div>
          )}
        </Show>
        <div>
          <h1>{title()}</h1>
          <p class="soft">{lost() ? "It has lapsed, was used up or taken back. Ask whoever sent it for a new one." : text()}</p>
        </div>
        <Show when={!lost()} fallback={<Button kind="primary" wide onClick={() => navigate("/login")}>Log in</Button>}>
        <Switch
          fallback={
            <>
              <Show when={props.kind !== "reset"}>
                <TextField
                  label="Name"
                  name="username"
                  autocomplete="username"
                  autocapitalize="none"
                  spellcheck={false}
                  required
                  autofocus
                  ref={(element: HTMLInputElement) => queueMicrotask(() => element.focus())}
                  hint={fresh() ? "Small letters, digits, dots and underscores; what people call you can differ." : undefined}
                  error={errors().username ?? errors().login}
                  value={login()}
                  onInput={(event) => setLogin(event.currentTarget.value)}
                />
              </Show>
              <TextField
                label={props.kind === "reset" ? "New password" : "Password"}
                name="password"
                type="password"
                autocomplete={fresh() ? "new-password" : "current-password"}
                required
                hint={fresh() ? "At least 8 characters." : undefined}
                error={errors().password}
                value={password()}
                onInput={(event) => setPassword(event.currentTarget.value)}
              />
            </>
          }
        >
          <Match when={ticket()}>
            <TextField
              label="Code"
              name="code"
              autocomplete="one-time-code"
              inputmode="numeric"
              required
              ref={(element: HTMLInputElement) => queueMicrotask(() => element.focus())}
              error={errors().code}
              value={code()}
              onInput={(event) => setCode(event.currentTarget.value)}
            />
          </Match>
        </Switch>
        <Show when={error()}>
          <p class="bad" role="alert">
            {error()}
          </p>
        </Show>
        <Button type="submit" kind="primary" wide busy={busy()}>
          {action()}
        </Button>
        <Switch>
          <Match when={ticket()}>
            <Button kind="quiet" onClick={() => setTicket(null)}>
              Back
            </Button>
          </Match>
          <Match when={props.kind === "invite"}>
            <Button kind="quiet" onClick={() => setKnown(!known())}>
              {known() ? "I have no account yet" : "I have an account"}
            </Button>
          </Match>
          <Match when={props.kind === "login"}>
            <p class={styles.foot}>
              No account? <a href="/register" onClick={follow}>Make one</a>
              <br />
              <span class="soft">Who forgot their password asks whoever runs this server.</span>
            </p>
          </Match>
          <Match when={props.kind === "register"}>
            <p class={styles.foot}>
              You have one? <a href="/login" onClick={follow}>Log in</a>
            </p>
          </Match>
        </Switch>
        </Show>
      </form>
    </main>
  );
}
