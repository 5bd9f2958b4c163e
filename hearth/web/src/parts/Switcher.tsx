// Go anywhere by a few letters of its name.
import { createMemo, createSignal, createUniqueId, For, type JSX, onCleanup, onMount, Show } from "solid-js";
import { openDm } from "../actions/social.ts";
import { ChannelType, RelationshipType } from "../core/types.ts";
import { channelName, channels, isPrivate, isVoice, isWritten } from "../store/channels.ts";
import { guildList, guilds } from "../store/guilds.ts";
import { isUnread, mentionsIn } from "../store/reads.ts";
import { relationships } from "../store/relationships.ts";
import { userName, users } from "../store/users.ts";
import offered from "../ui/Choices.module.css";
import { Icon, type IconName } from "../ui/Icon.tsx";
import { navigate } from "../ui/router.ts";
import { attempt } from "../ui/toast.tsx";
import { channelIcon } from "./ChannelTree.tsx";
import { guildPath } from "./Rail.tsx";
import styles from "./Switcher.module.css";

interface Aim {
  key: string;
  name: string;
  note: string;
  icon: IconName;
  /** Who calls comes first. */
  weight: number;
  go: () => void;
}

const MOST = 10;

function aims(): Aim[] {
  const found: Aim[] = [];
  for (const channel of Object.values(channels)) {
    if (!isWritten(channel) || isVoice(channel)) continue;
    const direct = isPrivate(channel);
    const group = channel.type === ChannelType.GROUP_DM;
    found.push({
      key: channel.id,
      name: channelName(channel),
      note: group ? "Group" : direct ? "Direct message" : (guilds[channel.guild_id ?? ""]?.name ?? ""),
      icon: group ? "people" : direct ? "user" : channelIcon(channel),
      weight: mentionsIn(channel) ? 2 : isUnread(channel) ? 1 : 0,
      go: () => navigate(`/channels/${channel.guild_id ?? "@me"}/${channel.id}`),
    });
  }
  for (const guild of guildList()) {
    found.push({ key: guild.id, name: guild.name, note: "Guild", icon: "home", weight: 0, go: () => navigate(guildPath(guild.id)) });
  }
  for (const one of Object.values(relationships)) {
    if (one.type !== RelationshipType.FRIEND) continue;
    found.push({
      key: `friend${one.id}`,
      name: userName(users[one.id]),
      note: "Friend",
      icon: "user",
      weight: 0,
      go: () => void attempt(async () => navigate(`/channels/@me/${await openDm([one.id])}`)),
    });
  }
  return found;
}

/** How well a name fits: 0 not at all, more is better. */
export function fit(name: string, query: string): number {
  const [text, wanted] = [name.toLowerCase(), query.toLowerCase()];
  if (!wanted) return 1;
  if (text === wanted) return 5;
  if (text.startsWith(wanted)) return 4;
  if (new RegExp(`[\\s_-]${wanted.replace(/[^\p{L}\p{N}]/gu, "\\$&")}`, "u").test(text)) return 3;
  if (text.includes(wanted)) return 2;
  let at = 0;
  for (const char of text) if (char === wanted[at]) at += 1;
  return at === wanted.length ? 1 : 0;
}

export default function Switcher(props: { onClose: () => void }): JSX.Element {
  const id = createUniqueId();
  const [query, setQuery] = createSignal("");
  const [chosen, setChosen] = createSignal(0);
  let dialog!: HTMLDialogElement;
  const found = createMemo(() => {
    const seen = new Set<string>();
    return aims()
      .map((aim) => ({ aim, fit: fit(aim.name, query()) }))
      .filter((one) => one.fit > 0)
      .sort((a, b) => b.fit - a.fit || b.aim.weight - a.aim.weight || a.aim.name.localeCompare(b.aim.name))
      .map((one) => one.aim)
      .filter((aim) => !seen.has(aim.name + aim.note) && seen.add(aim.name + aim.note))
      .slice(0, MOST);
  });
  onMount(() => dialog.showModal());
  onCleanup(() => dialog.close());
  const go = (aim: Aim | undefined) => {
    if (!aim) return;
    props.onClose();
    aim.go();
  };
  const keys = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step) setChosen((chosen() + step + found().length) % Math.max(1, found().length));
    else if (event.key === "Enter") go(found()[chosen()]);
    else return;
    event.preventDefault();
  };
  return (
    <dialog
      ref={dialog}
      class={styles.switcher}
      aria-label="Go to"
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onPointerDown={(event) => event.target === dialog && props.onClose()}
    >
      <label class={styles.line}>
        <Icon name="search" />
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls={id}
          aria-activedescendant={found().length ? `${id}-${chosen()}` : undefined}
          aria-label="Where would you like to go?"
          placeholder="Where would you like to go?"
          autocomplete="off"
          autofocus
          value={query()}
          onInput={(event) => {
            setQuery(event.currentTarget.value);
            setChosen(0);
          }}
          onKeyDown={keys}
        />
      </label>
      <div role="listbox" id={id} aria-label="Places" class={styles.list}>
        <For each={found()}>
          {(aim, index) => (
            <div
              role="option"
              id={`${id}-${index()}`}
              aria-selected={index() === chosen()}
              class={offered.choice}
              onPointerMove={() => setChosen(index())}
              onClick={() => go(aim)}
            >
              <Icon name={aim.icon} size={18} />
              <span class="cut" data-new={aim.weight > 0 || undefined}>
                {aim.name}
              </span>
              <span class="cut grow soft small">{aim.note}</span>
            </div>
          )}
        </For>
      </div>
      <Show when={!found().length}>
        <p class={styles.none}>Nothing here is called that.</p>
      </Show>
    </dialog>
  );
}
