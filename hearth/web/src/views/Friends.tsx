// Friends, those who ask to be, and whom one has blocked.
import { createSignal, For, type JSX, Show } from "solid-js";
import { addFriendByName, befriend, openDm, unfriend } from "../actions/social.ts";
import { type Relationship, RelationshipType } from "../core/types.ts";
import { guildList } from "../store/guilds.ts";
import { relationships } from "../store/relationships.ts";
import { statusOf, userName, users } from "../store/users.ts";
import { Button, IconButton } from "../ui/Button.tsx";
import { Choice, TextField } from "../ui/Field.tsx";
import { Flame } from "../ui/Icon.tsx";
import { navigate } from "../ui/router.ts";
import { attempt, say } from "../ui/toast.tsx";
import { openDialog } from "../parts/dialogs.ts";
import { Face } from "../parts/Face.tsx";
import { showProfile } from "../parts/profile.ts";
import styles from "./Friends.module.css";

type Tab = "online" | "all" | "waiting" | "blocked";
const SAYS = { online: "Online", idle: "Away", dnd: "Do not disturb", offline: "Offline" };

export function Friends(): JSX.Element {
  const [tab, setTab] = createSignal<Tab>("all");
  const [name, setName] = createSignal("");
  const [error, setError] = createSignal("");
  const of = (...types: number[]) =>
    Object.values(relationships)
      .filter((one) => types.includes(one.type))
      .sort((a, b) => userName(users[a.id]).localeCompare(userName(users[b.id])));
  const shown = () => {
    if (tab() === "waiting") return of(RelationshipType.INCOMING, RelationshipType.OUTGOING);
    if (tab() === "blocked") return of(RelationshipType.BLOCKED);
    const friends = of(RelationshipType.FRIEND);
    return tab() === "online" ? friends.filter((one) => statusOf(one.id) !== "offline") : friends;
  };
  const waiting = () => of(RelationshipType.INCOMING).length;
  const add = async () => {
    setError("");
    try {
      await addFriendByName(name().trim());
      setName("");
      say("Friend request sent.");
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
    }
  };
  return (
    <div class={styles.page} data-fills data-region>
      <Show when={guildList().length === 0}>
        <section class={styles.first}>
          <h2>You are in no guild yet</h2>
          <p class="soft">A guild is a place for a community. Make one and invite people to it, or come into one by the link that somebody gave you.</p>
          <Button kind="primary" icon="plus" onClick={() => openDialog({ kind: "add" })}>
            Make or join one
          </Button>
        </section>
      </Show>
      <form
        class={styles.add}
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <TextField label="Add a friend by their name" placeholder="username" autocapitalize="none" spellcheck={false} error={error()} value={name()} onInput={(event) => setName(event.currentTarget.value)} />
        <Button type="submit" kind="primary" disabled={!name().trim()}>
          Send request
        </Button>
      </form>
      <Choice
        plain
        label="Show"
        value={tab()}
        options={[["all", "All"], ["online", "Online"], ["waiting", waiting() ? `Waiting (${waiting()})` : "Waiting"], ["blocked", "Blocked"]]}
        onChange={setTab}
      />
      <ul class={styles.list}>
        <For each={shown()} fallback={<Nobody tab={tab()} />}>
          {(one) => <Entry one={one} />}
        </For>
      </ul>
    </div>
  );
}

function Nobody(props: { tab: Tab }): JSX.Element {
  const texts: Record<Tab, string> = {
    online: "No friend is online just now.",
    all: "Friends you add show up here, whatever guilds you share.",
    waiting: "Nobody waits for an answer.",
    blocked: "You have blocked nobody.",
  };
  return (
    <li class={styles.nobody}>
      <Flame size={48} />
      <p>{texts[props.tab]}</p>
    </li>
  );
}

function Entry(props: { one: Relationship }): JSX.Element {
  const id = () => props.one.id;
  const type = () => props.one.type;
  const note = () => {
    if (type() === RelationshipType.INCOMING) return "Would like to be friends";
    if (type() === RelationshipType.OUTGOING) return "You asked";
    if (type() === RelationshipType.BLOCKED) return "Blocked";
    return SAYS[statusOf(id())];
  };
  const open = () => attempt(async () => navigate(`/channels/@me/${await openDm([id()])}`));
  return (
    <li class={styles.entry}>
      <button type="button" class={styles.who} onClick={(event) => showProfile(id(), undefined, event.currentTarget)}>
        <Face id={id()} size={40} status={type() === RelationshipType.FRIEND} />
        <span class={styles.names}>
          <span class="cut">{userName(users[id()])}</span>
          <span class="cut soft small">{note()}</span>
        </span>
      </button>
      <Show when={type() === RelationshipType.FRIEND}>
        <IconButton icon="mail" label={`Message ${userName(users[id()])}`} onClick={() => void open()} />
      </Show>
      <Show when={type() === RelationshipType.INCOMING}>
        <IconButton icon="check" label="Accept" onClick={() => void attempt(() => befriend(id()))} />
      </Show>
      <Show when={type() !== RelationshipType.FRIEND}>
        <IconButton icon="close" label={type() === RelationshipType.BLOCKED ? "Unblock" : type() === RelationshipType.OUTGOING ? "Take back" : "Turn down"} onClick={() => void attempt(() => unfriend(id()))} />
      </Show>
    </li>
  );
}
