// What was found, by channel, a page at a time; and what to do where nothing was.
import { createEffect, createMemo, createSignal, For, type JSX, Match, on, onCleanup, Show, Switch } from "solid-js";
import { find } from "../../actions/search.ts";
import { asksAnything, marker, MOST, PAGE, type Sort } from "../../core/search.ts";
import type { Channel, Message } from "../../core/types.ts";
import { channelName, channels, isPrivate } from "../../store/channels.ts";
import { search, searchIn } from "../../store/search.ts";
import { Button } from "../../ui/Button.tsx";
import { Choice } from "../../ui/Field.tsx";
import { Attachments } from "../Attachments.tsx";
import { Embeds } from "../Embeds.tsx";
import { jumpTo } from "../jump.ts";
import { MessageCard, Nothing, Panel } from "../Panel.tsx";
import panel from "../Panel.module.css";
import { SearchBox } from "./SearchBox.tsx";
import styles from "./Search.module.css";

const SORTS: [Sort, string][] = [["newest", "Newest"], ["oldest", "Oldest"], ["relevance", "Best match"]];

export default function Search(props: { channel: Channel }): JSX.Element {
  const scope = () => props.channel.guild_id ?? props.channel.id;
  if (search.scope !== scope()) searchIn(scope());
  createEffect(on(scope, (now) => search.scope !== now && searchIn(now), { defer: true }));
  // Which result Tab reaches.
  const [at, setAt] = createSignal(0);
  createEffect(on(() => search.messages, () => setAt(0)));
  let aside: HTMLDivElement | undefined;
  let list: HTMLDivElement | undefined;
  onCleanup(() => {
    // The button in the header is back a step later.
    if (aside?.contains(document.activeElement)) queueMicrotask(() => document.querySelector<HTMLElement>("[data-find]")?.focus());
  });
  const groups = createMemo<[string, Message[]][]>(() => {
    const by = new Map<string, Message[]>();
    for (const message of search.messages) {
      const group = by.get(message.channel_id);
      if (group) group.push(message);
      else by.set(message.channel_id, [message]);
    }
    return [...by];
  });
  const order = createMemo(() => groups().flatMap(([, messages]) => messages.map((one) => one.id)));
  const mark = createMemo(() => (search.phase === "there" && search.text.trim() ? marker(search.text) : undefined));
  const cards = () => [...(list?.querySelectorAll<HTMLElement>("article") ?? [])];
  const go = (index: number) => cards()[index]?.focus();
  const keys = (event: KeyboardEvent, message: Message) => {
    if (event.target !== event.currentTarget) return;
    const index = order().indexOf(message.id);
    const to: Record<string, number> = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: order().length - 1 };
    if (event.key === "Enter") jumpTo(message);
    else if (to[event.key] === undefined) return;
    else if (to[event.key] === -1) aside?.querySelector<HTMLElement>("input")?.focus();
    else go(to[event.key] as number);
    event.preventDefault();
  };
  const pages = () => Math.ceil(Math.min(search.total, MOST) / PAGE);
  const turn = (page: number) =>
    void find({ page }).then(() => {
      list?.scrollTo(0, 0);
      go(0);
    });
  const told = () => {
    if (search.phase === "looking") return "Looking…";
    if (search.phase !== "there") return "";
    if (search.total === 0) return "No messages";
    return search.total === 1 ? "1 message" : `${search.total >= MOST ? "Over " : ""}${search.total.toLocaleString()} messages`;
  };
  const where = (channelId: string) => {
    const channel = channels[channelId];
    if (!channel) return "";
    return isPrivate(channel) ? channelName(channel) : `#${channelName(channel)}`;
  };

  return (
    <div ref={aside} class={styles.frame}>
      <Panel title="Search" head={<SearchBox channel={props.channel} onDown={() => go(at())} />}>
        <div class={styles.bar} hidden={!asksAnything(search.text, search.filters)}>
          <Choice plain label="Order" value={search.sort} options={SORTS} onChange={(sort) => void find({ sort })} />
          <p class="soft small" role="status">
            {told()}
          </p>
        </div>
        <div ref={list} class={panel.list} data-busy={search.phase === "looking" || undefined}>
          <Switch>
            <Match when={search.phase === "idle"}>
              <Nothing icon="search">Write words, or a filter such as “from:”. Search sees what you may read now.</Nothing>
            </Match>
            <Match when={search.phase === "indexing"}>
              <Nothing icon="clock">
                The server is still reading its messages for the search
                {search.indexed ? `; ${search.indexed.toLocaleString()} are done` : ""}. This goes on by itself.
              </Nothing>
            </Match>
            <Match when={search.phase === "failed"}>
              <Nothing icon="warning">{search.fault}</Nothing>
              <div class={styles.again}>
                <Button onClick={() => void find({ page: search.page })}>Try again</Button>
              </div>
            </Match>
            <Match when={search.phase === "there" && !search.messages.length}>
              <Nothing icon="search">Nothing here has all of that. Fewer words or filters find more.</Nothing>
            </Match>
            <Match when={search.messages.length}>
              <For each={groups()}>
                {([channelId, messages]) => (
                  <section class={styles.group} aria-label={where(channelId)}>
                    <h3 class="cut">{where(channelId)}</h3>
                    <For each={messages}>
                      {(message) => (
                        <MessageCard
                          message={message}
                          marker={mark()}
                          class={styles.card}
                          tabindex={order()[at()] === message.id ? 0 : -1}
                          onFocus={() => setAt(order().indexOf(message.id))}
                          onKeyDown={(event) => keys(event, message)}
                          onClick={(event) => {
                            if (!(event.target as Element).closest("a, button, video, audio") && !getSelection()?.toString()) jumpTo(message);
                          }}
                        >
                          <Attachments list={message.attachments} />
                          <Embeds list={message.embeds} guildId={props.channel.guild_id} />
                          <Button tabindex="-1" class={styles.jump} onClick={() => jumpTo(message)}>
                            Jump
                          </Button>
                        </MessageCard>
                      )}
                    </For>
                  </section>
                )}
              </For>
            </Match>
          </Switch>
          <Show when={pages() > 1 && search.messages.length}>
            <nav class={styles.pages} aria-label="Pages">
              <Button disabled={search.page === 0} onClick={() => turn(search.page - 1)}>
                Back
              </Button>
              <span class="soft small">
                {search.page + 1} of {pages()}
              </span>
              <Button disabled={search.page + 1 >= pages()} onClick={() => turn(search.page + 1)}>
                Next
              </Button>
            </nav>
          </Show>
        </div>
      </Panel>
    </div>
  );
}
