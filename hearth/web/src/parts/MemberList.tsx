// Who is in a channel: by role those that stand out, then who is online, then the others.
import { createEffect, createMemo, createSignal, For, type JSX, on, onCleanup, onMount, Show } from "solid-js";
import { subscribe } from "../actions/guilds.ts";
import { P, resolve } from "../core/permissions.ts";
import type { Channel, Id } from "../core/types.ts";
import { worldOf } from "../store/channels.ts";
import { colourIn, guilds, members, nameIn, rolesOf } from "../store/guilds.ts";
import { type Item, listKey, lists } from "../store/lists.ts";
import { session } from "../store/session.ts";
import { statusOf, users } from "../store/users.ts";
import { Face } from "./Face.tsx";
import styles from "./MemberList.module.css";
import { showProfile } from "./profile.ts";

const ROW_PX = 44;
const AHEAD = 10;
const STEP = 100;

/** The list as it is without the server's: of a guild whose members are all known. */
function computed(channel: Channel): Item[] {
  const guildId = channel.guild_id as Id;
  const world = worldOf(guildId);
  if (!world) return [];
  const now = Date.now();
  const seen = Object.values(members[guildId] ?? {}).filter((one) => resolve(world, one, channel, now) & P.VIEW_CHANNEL);
  const hoisted = rolesOf(guildId).filter((role) => role.hoist && role.id !== guildId);
  const groups = new Map<string, Id[]>([...hoisted.map((role) => [role.id, []] as [string, Id[]]), ["online", []], ["offline", []]]);
  for (const member of seen) {
    const id = member.user.id;
    const role = hoisted.find((one) => member.roles.includes(one.id));
    const group = statusOf(id) === "offline" ? "offline" : (role?.id ?? "online");
    groups.get(group)?.push(id);
  }
  const order = new Intl.Collator();
  return [...groups]
    .filter(([, ids]) => ids.length)
    .flatMap(([id, ids]): Item[] => [
      { group: { id, count: ids.length } },
      ...ids
        .map((one) => ({ one, name: nameIn(guildId, one) }))
        .sort((a, b) => order.compare(a.name, b.name))
        .map(({ one }) => ({ member: one })),
    ]);
}

export function MemberList(props: { channel: Channel }): JSX.Element {
  const guildId = () => props.channel.guild_id as Id;
  const large = () => (guilds[guildId()]?.member_count ?? 0) > Object.keys(members[guildId()] ?? {}).length;
  const [top, setTop] = createSignal(0);
  const [height, setHeight] = createSignal(800);
  let scroller!: HTMLElement;

  const told = () => lists[listKey(guildId(), props.channel.member_list_id ?? "everyone")];
  const items = createMemo<(Item | undefined)[]>(() => {
    const list = large() ? told() : undefined;
    if (!list) return computed(props.channel);
    const all = list.groups.reduce((sum, group) => sum + group.count + 1, 0);
    return Array.from({ length: all }, (_, i) => list.items[i]);
  });
  const first = () => Math.max(0, Math.floor(top() / ROW_PX) - AHEAD);
  const last = () => Math.min(items().length, Math.ceil((top() + height()) / ROW_PX) + AHEAD);
  const window = createMemo(() => items().slice(first(), last()));

  // Of a large guild the server is told which part is looked at.
  createEffect(
    on([large, () => props.channel.id, () => Math.floor(first() / STEP), () => session.connection], ([big, channel, step, connection]) => {
      if (!big || connection !== "ready") return;
      const ranges: [number, number][] = [[0, STEP - 1]];
      for (const at of [step, step + 1]) if (at > 0) ranges.push([at * STEP, at * STEP + STEP - 1]);
      subscribe(guildId(), channel, ranges);
    }),
  );
  onMount(() => {
    const sizes = new ResizeObserver(() => setHeight(scroller.clientHeight));
    sizes.observe(scroller);
    onCleanup(() => sizes.disconnect());
  });

  return (
    <aside ref={scroller} class={styles.list} aria-label="Members" tabindex="0" onScroll={() => setTop(scroller.scrollTop)}>
      <div class={styles.all} style={{ height: `${items().length * ROW_PX}px` }}>
        <div class={styles.window} style={{ translate: `0 ${first() * ROW_PX}px` }}>
          <For each={window()}>{(item) => <Row item={item} guildId={guildId()} />}</For>
        </div>
      </div>
    </aside>
  );
}

function Row(props: { item: Item | undefined; guildId: Id }): JSX.Element {
  const item = () => props.item;
  const group = () => {
    const one = item();
    return one && "group" in one ? one.group : null;
  };
  const member = () => {
    const one = item();
    return one && "member" in one ? one.member : null;
  };
  const title = (id: string) => (id === "online" ? "Online" : id === "offline" ? "Offline" : (rolesOf(props.guildId).find((role) => role.id === id)?.name ?? ""));
  return (
    <div class={styles.row}>
      <Show when={group()}>
        {(one) => (
          <h2 class={styles.group}>
            {title(one().id)} <span>{one().count}</span>
          </h2>
        )}
      </Show>
      <Show when={member()}>
        {(id) => (
          <button
            type="button"
            class={styles.member}
            data-away={statusOf(id()) === "offline" || undefined}
            onClick={(event) => showProfile(id(), props.guildId, event.currentTarget)}
          >
            <Face id={id()} guildId={props.guildId} size={32} status />
            <span class="cut" data-colour={colourIn(props.guildId, id()) ? "" : undefined} style={{ "--role": colourIn(props.guildId, id()) }}>
              {nameIn(props.guildId, id())}
            </span>
            <Show when={users[id()]?.bot}>
              <span class={styles.bot}>Bot</span>
            </Show>
          </button>
        )}
      </Show>
      <Show when={!item()}>
        <span class={styles.bone} aria-hidden="true" />
      </Show>
    </div>
  );
}
