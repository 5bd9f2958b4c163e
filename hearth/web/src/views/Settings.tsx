// One's own settings: account, devices that are logged in, how it looks.
import { createEffect, createResource, createSignal, For, type JSX, lazy, Match, on, onCleanup, Show, Suspense, Switch as Choose } from "solid-js";
import { changeAccount, endSessions, listSessions, logOut } from "../actions/session.ts";
import type { Permission } from "../core/permissions.ts";
import { Refusal } from "../core/refusal.ts";
import { ago } from "../core/time.ts";
import { mayIn } from "../store/channels.ts";
import { guilds } from "../store/guilds.ts";
import { density, places, scale, setDensity, setScale, setTheme, theme } from "../store/prefs.ts";
import { me, myId, session } from "../store/session.ts";
import { Button, IconButton } from "../ui/Button.tsx";
import { Choice, TextArea, TextField } from "../ui/Field.tsx";
import { Picture } from "../ui/Picture.tsx";
import { Icon, type IconName } from "../ui/Icon.tsx";
import { Rows } from "../ui/Rows.tsx";
import { follow, match, navigate, path } from "../ui/router.ts";
import { attempt, say } from "../ui/toast.tsx";
import { Dialogs } from "../parts/Dialogs.tsx";
import { Face } from "../parts/Face.tsx";
import styles from "./Settings.module.css";

const VoiceSettings = lazy(() => import("./VoiceSettings.tsx"));
const GuildSettings = lazy(() => import("./GuildSettings.tsx"));

const TABS: [tab: string, text: string, icon: IconName][] = [
  ["account", "Account", "user"],
  ["security", "Security", "key"],
  ["sessions", "Devices", "device"],
  ["appearance", "Appearance", "palette"],
  ["voice", "Voice", "mic"],
];
/** Who may do any of these sees the tab; where none are named, everybody. */
const GUILD_TABS: [tab: string, text: string, icon: IconName, needs?: Permission[]][] = [
  ["overview", "Overview", "home"],
  ["roles", "Roles", "shield"],
  ["emoji", "Emoji", "smile"],
  ["stickers", "Stickers", "sticker"],
  ["invites", "Invites", "mail", ["MANAGE_GUILD"]],
  ["bans", "Bans", "lock", ["BAN_MEMBERS"]],
  ["audit", "Audit log", "clock", ["VIEW_AUDIT_LOG"]],
];

export default function Settings(): JSX.Element {
  const guildId = () => match("/settings/guild/:guild/:tab?", path())?.guild;
  const tab = () => match("/settings/guild/:guild/:tab?", path())?.tab ?? match("/settings/:tab?", path())?.tab ?? (guildId() ? "overview" : "account");
  const base = () => (guildId() ? `/settings/guild/${guildId()}` : "/settings");
  const tabs = () => {
    const id = guildId();
    return id ? GUILD_TABS.filter(([, , , needs]) => !needs || needs.some((one) => mayIn(id, one))) : TABS;
  };
  const close = () => navigate(guildId() ? `/channels/${guildId()}` : (places()[""] ?? "/channels/@me"));
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Escape" && !document.querySelector("dialog[open], [popover]:popover-open:not(.tip, [role=status])")) close();
  };
  addEventListener("keydown", keys);
  onCleanup(() => removeEventListener("keydown", keys));
  createEffect(() => {
    document.title = `Settings · Hearth`;
  });
  // Where the tabs are in one line, the one that is shown is in sight.
  let nav!: HTMLElement;
  createEffect(on(tab, () => queueMicrotask(() => nav.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }))));
  return (
    <div class={styles.page}>
      <nav ref={nav} class={styles.nav} aria-label="Settings">
        <h2 class="cut">{guildId() ? (guilds[guildId() as string]?.name ?? "Guild") : "Settings"}</h2>
        <ul>
          <For each={tabs()}>
            {([name, text, icon]) => (
              <li>
                <a href={`${base()}/${name}`} aria-current={tab() === name ? "page" : undefined} onClick={follow}>
                  <Icon name={icon} size={18} /> {text}
                </a>
              </li>
            )}
          </For>
        </ul>
        <Show when={!guildId()}>
          <Button kind="quiet" icon="logout" class={styles.out} onClick={() => void logOut()}>
            Log out
          </Button>
        </Show>
      </nav>
      <main class={styles.main}>
        <IconButton class={styles.close} icon="close" label="Close settings" onClick={close} />
        <Choose>
          <Match when={guildId()} keyed>
            {(id) => (
              <Suspense>
                <GuildSettings guildId={id} tab={tab()} />
              </Suspense>
            )}
          </Match>
          <Match when={tab() === "account"}>
            <AccountTab />
          </Match>
          <Match when={tab() === "security"}>
            <Security />
          </Match>
          <Match when={tab() === "sessions"}>
            <Sessions />
          </Match>
          <Match when={tab() === "voice"}>
            <Suspense>
              <VoiceSettings />
            </Suspense>
          </Match>
          <Match when={tab() === "appearance"}>
            <Appearance />
          </Match>
        </Choose>
      </main>
      <Dialogs />
    </div>
  );
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function AccountTab(): JSX.Element {
  const [name, setName] = createSignal(me().global_name ?? "");
  const [username, setUsername] = createSignal(me().username);
  const [pronouns, setPronouns] = createSignal(me().pronouns ?? "");
  const [bio, setBio] = createSignal(me().bio ?? "");
  const [password, setPassword] = createSignal("");
  const [errors, setErrors] = createSignal<Record<string, string>>({});
  const renamed = () => username() !== me().username;
  const changed = () => renamed() || name() !== (me().global_name ?? "") || pronouns() !== (me().pronouns ?? "") || bio() !== (me().bio ?? "");
  const save = async () => {
    setErrors({});
    try {
      await changeAccount({
        global_name: name().trim() || null,
        pronouns: pronouns().trim(),
        bio: bio().trim(),
        ...(renamed() ? { username: username().trim(), password: password() } : {}),
      });
      setPassword("");
      say("Saved.");
    } catch (error) {
      if (error instanceof Refusal && Object.keys(error.fields).length) setErrors(error.fields);
      else say(message(error), true);
    }
  };
  return (
    <form
      class={styles.section}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <h1>Account</h1>
      <Picture
        label="Change picture"
        present={me().avatar !== null}
        onChoose={(avatar) => void attempt(() => changeAccount({ avatar })).then((done) => done && say("Saved."))}
      >
        <Face id={myId()} size={80} />
      </Picture>
      <TextField label="Display name" hint="What people read over your messages." maxlength="32" error={errors().global_name} value={name()} onInput={(event) => setName(event.currentTarget.value)} />
      <TextField label="Name" hint="What you log in with, and how friends find you." autocapitalize="none" spellcheck={false} maxlength="32" error={errors().username} value={username()} onInput={(event) => setUsername(event.currentTarget.value)} />
      <Show when={renamed()}>
        <TextField label="Password" type="password" autocomplete="current-password" hint="To change your name." error={errors().password} value={password()} onInput={(event) => setPassword(event.currentTarget.value)} />
      </Show>
      <TextField label="Pronouns" maxlength="40" error={errors().pronouns} value={pronouns()} onInput={(event) => setPronouns(event.currentTarget.value)} />
      <TextArea label="About you" maxlength="190" error={errors().bio} value={bio()} onInput={(event) => setBio(event.currentTarget.value)} />
      <div>
        <Button type="submit" kind="primary" disabled={!changed()}>
          Save
        </Button>
      </div>
    </form>
  );
}

function Security(): JSX.Element {
  const [old, setOld] = createSignal("");
  const [next, setNext] = createSignal("");
  const [errors, setErrors] = createSignal<Record<string, string>>({});
  const Mfa = lazy(() => import("./Mfa.tsx"));
  const save = async () => {
    setErrors({});
    try {
      await changeAccount({ password: old(), new_password: next() });
      setOld("");
      setNext("");
      say("Your password is changed. Other devices are logged out.");
    } catch (error) {
      if (error instanceof Refusal && Object.keys(error.fields).length) setErrors(error.fields);
      else say(message(error), true);
    }
  };
  return (
    <div class={styles.section}>
      <h1>Security</h1>
      <form
        class={styles.part}
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <h2>Password</h2>
        <input class="unseen" type="text" autocomplete="username" value={me().username} readonly tabindex="-1" aria-hidden="true" />
        <TextField label="Present password" type="password" autocomplete="current-password" required error={errors().password} value={old()} onInput={(event) => setOld(event.currentTarget.value)} />
        <TextField label="New password" type="password" autocomplete="new-password" minlength="8" required hint="At least 8 characters." error={errors().new_password} value={next()} onInput={(event) => setNext(event.currentTarget.value)} />
        <div>
          <Button type="submit" disabled={!old() || next().length < 8}>
            Change password
          </Button>
        </div>
      </form>
      <Suspense>
        <Mfa />
      </Suspense>
    </div>
  );
}

function Sessions(): JSX.Element {
  const [list, { refetch }] = createResource(listSessions);
  const [ending, setEnding] = createSignal<string[] | null>(null);
  const [password, setPassword] = createSignal("");
  const others = () => (list.latest ?? []).filter((one) => one.id_hash !== session.authSessionHash).map((one) => one.id_hash);
  const end = () =>
    attempt(() => endSessions(ending() ?? [], password())).then((done) => {
      if (!done) return;
      setEnding(null);
      setPassword("");
      void refetch();
    });
  return (
    <div class={styles.section}>
      <h1>Devices</h1>
      <p class="soft">Where you are logged in. End what you do not know, and change your password.</p>
      <Rows found={list} nothing="">
        {(one) => (
          <>
            <Icon name="device" size={24} />
            <span class="grow">
              <b>{[one.client_info.platform, one.client_info.os].filter(Boolean).join(" on ") || "Some device"}</b>
              <span class="soft small">
                {one.id_hash === session.authSessionHash ? "This one" : `Used ${ago(Date.parse(one.approx_last_used_time), Date.now())}`}
              </span>
            </span>
            <Show when={one.id_hash !== session.authSessionHash}>
              <Button kind="quiet" onClick={() => setEnding([one.id_hash])}>
                Log out
              </Button>
            </Show>
          </>
        )}
      </Rows>
      <Show
        when={ending()}
        fallback={
          <Show when={others().length > 1}>
            <div>
              <Button onClick={() => setEnding(others())}>Log all others out</Button>
            </div>
          </Show>
        }
      >
        <form
          class={styles.part}
          onSubmit={(event) => {
            event.preventDefault();
            void end();
          }}
        >
          <TextField label="Your password" type="password" autocomplete="current-password" required autofocus hint="So that nobody else can do this." value={password()} onInput={(event) => setPassword(event.currentTarget.value)} />
          <div class={styles.actions}>
            <Button type="submit" kind="bad">
              Log out {ending()?.length === 1 ? "that device" : `${ending()?.length} devices`}
            </Button>
            <Button kind="quiet" onClick={() => setEnding(null)}>
              Cancel
            </Button>
          </div>
        </form>
      </Show>
    </div>
  );
}

function Appearance(): JSX.Element {
  return (
    <div class={styles.section}>
      <h1>Appearance</h1>
      <p class="soft">On this device.</p>
      <Choice label="Colours" value={theme()} options={[["system", "As the system"], ["dark", "Dark"], ["light", "Light"]]} onChange={setTheme} />
      <Choice label="Messages" value={density()} options={[["cosy", "Cosy"], ["compact", "Compact"]]} onChange={setDensity} />
      <Choice
        label="Size of text"
        value={String(scale())}
        options={[["90", "Small"], ["100", "Normal"], ["115", "Large"], ["130", "Larger"]]}
        onChange={(value) => setScale(Number(value))}
      />
    </div>
  );
}
