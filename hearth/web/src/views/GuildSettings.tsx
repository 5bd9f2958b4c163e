// A guild's settings: what it is called, its invites, who is banned; the larger ones are files of their own.
import { createResource, createSignal, type JSX, lazy, Match, Show, Suspense, Switch } from "solid-js";
import { changeGuild, listBans, listInvites, revokeInvite, unban } from "../actions/guilds.ts";
import { iconUrl } from "../core/cdn.ts";
import type { Id, Invite } from "../core/types.ts";
import { mayIn } from "../store/channels.ts";
import { guilds } from "../store/guilds.ts";
import { userName } from "../store/users.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Button } from "../ui/Button.tsx";
import { TextArea, TextField } from "../ui/Field.tsx";
import { Picture } from "../ui/Picture.tsx";
import { Rows } from "../ui/Rows.tsx";
import { attempt, say } from "../ui/toast.tsx";
import { Face } from "../parts/Face.tsx";
import { copy } from "../parts/messageMenu.ts";
import styles from "./Settings.module.css";

const Roles = lazy(() => import("./Roles.tsx"));
const Emojis = lazy(() => import("./Emojis.tsx"));
const Stickers = lazy(() => import("./Stickers.tsx"));
const AuditLog = lazy(() => import("./AuditLog.tsx"));

export default function GuildSettings(props: { guildId: Id; tab: string }): JSX.Element {
  return (
    <Show when={guilds[props.guildId]} fallback={<p>You are not a member of this guild.</p>}>
      <Switch>
        <Match when={props.tab === "overview"}>
          <Overview guildId={props.guildId} />
        </Match>
        <Match when={props.tab === "roles"}>
          <Suspense>
            <Roles guildId={props.guildId} />
          </Suspense>
        </Match>
        <Match when={props.tab === "emoji"}>
          <Suspense>
            <Emojis guildId={props.guildId} />
          </Suspense>
        </Match>
        <Match when={props.tab === "stickers"}>
          <Suspense>
            <Stickers guildId={props.guildId} />
          </Suspense>
        </Match>
        <Match when={props.tab === "audit"}>
          <Suspense>
            <AuditLog guildId={props.guildId} />
          </Suspense>
        </Match>
        <Match when={props.tab === "invites"}>
          <Invites guildId={props.guildId} />
        </Match>
        <Match when={props.tab === "bans"}>
          <Bans guildId={props.guildId} />
        </Match>
      </Switch>
    </Show>
  );
}

function Overview(props: { guildId: Id }): JSX.Element {
  const guild = () => guilds[props.guildId];
  const [name, setName] = createSignal(guild()?.name ?? "");
  const [description, setDescription] = createSignal(guild()?.description ?? "");
  const can = () => mayIn(props.guildId, "MANAGE_GUILD");
  return (
    <form
      class={styles.section}
      onSubmit={(event) => {
        event.preventDefault();
        void attempt(() => changeGuild(props.guildId, { name: name().trim(), description: description().trim() || null })).then((done) => done && say("Saved."));
      }}
    >
      <h1>Overview</h1>
      <Show when={guild()}>
        {(one) => (
          <Picture
            label="Change picture"
            present={one().icon !== null}
            disabled={!can()}
            onChoose={(icon) => void attempt(() => changeGuild(props.guildId, { icon })).then((done) => done && say("Saved."))}
          >
            <Avatar id={one().id} name={one().name} src={iconUrl(one())} size={80} square />
          </Picture>
        )}
      </Show>
      <TextField label="Name" minlength="2" maxlength="100" disabled={!can()} value={name()} onInput={(event) => setName(event.currentTarget.value)} />
      <TextArea label="What it is about" maxlength="300" disabled={!can()} value={description()} onInput={(event) => setDescription(event.currentTarget.value)} />
      <div>
        <Button type="submit" kind="primary" disabled={!can() || name().trim().length < 2}>
          Save
        </Button>
      </div>
    </form>
  );
}

function used(one: Invite): string {
  const uses = one.uses ?? 0;
  if (one.max_uses) return `used ${uses} of ${one.max_uses} ${one.max_uses === 1 ? "time" : "times"}`;
  return uses === 0 ? "not used yet" : `used ${uses === 1 ? "once" : `${uses} times`}`;
}

/** Of more invites than these one is looked for by what is known of it. */
const MANY = 12;

function Invites(props: { guildId: Id }): JSX.Element {
  const [list, { refetch }] = createResource(() => props.guildId, listInvites);
  const [query, setQuery] = createSignal("");
  const found = () => {
    const wanted = query().trim().toLowerCase();
    return (list.latest ?? []).filter((one) =>
      [one.code, `#${one.channel.name}`, userName(one.inviter)].some((text) => text.toLowerCase().includes(wanted)),
    );
  };
  return (
    <div class={styles.section}>
      <h1>Invites</h1>
      <Show when={(list.latest?.length ?? 0) > MANY}>
        <TextField label="Find by code, channel or who made it" type="search" value={query()} onInput={(event) => setQuery(event.currentTarget.value)} />
      </Show>
      <Rows found={list} list={found()} nothing={query() ? "No invite is like that." : "There is no invite. Make one from the guild's menu."}>
        {(one) => (
          <>
            <span class="grow">
              <b>{one.code}</b>
              <span class="soft small">
                to #{one.channel.name} · by {userName(one.inviter)} · {used(one)}
                {one.expires_at ? ` · until ${new Date(one.expires_at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })}` : ""}
              </span>
            </span>
            <Button kind="quiet" icon="copy" onClick={() => copy(`${location.origin}/invite/${one.code}`)}>
              Copy
            </Button>
            <Button kind="quiet" onClick={() => void attempt(() => revokeInvite(one.code)).then(() => refetch())}>
              Take back
            </Button>
          </>
        )}
      </Rows>
    </div>
  );
}

function Bans(props: { guildId: Id }): JSX.Element {
  const [list, { refetch }] = createResource(() => props.guildId, listBans);
  const [query, setQuery] = createSignal("");
  const found = () => {
    const wanted = query().trim().toLowerCase();
    return (list.latest ?? []).filter((one) =>
      [one.user.username, one.user.global_name ?? "", one.user.id, one.reason ?? ""].some((text) => text.toLowerCase().includes(wanted)),
    );
  };
  return (
    <div class={styles.section}>
      <h1>Bans</h1>
      <Show when={list.latest?.length}>
        <TextField label="Find by name, id or reason" type="search" value={query()} onInput={(event) => setQuery(event.currentTarget.value)} />
      </Show>
      <Rows found={list} list={found()} nothing={query() ? "Nobody who is banned is like that." : "Nobody is banned."}>
        {(one) => (
          <>
            <Face id={one.user.id} size={32} />
            <span class="grow">
              <b>{userName(one.user)}</b>
              <span class="soft small">{one.reason || "No reason was given."}</span>
            </span>
            <Button kind="quiet" onClick={() => void attempt(() => unban(props.guildId, one.user.id)).then(() => refetch())}>
              Lift
            </Button>
          </>
        )}
      </Rows>
    </div>
  );
}
