// The messages of a channel: a window of its history that grows and is trimmed at both ends.
import { createEffect, createMemo, createSignal, For, type JSX, on, onCleanup, onMount, Show } from "solid-js";
import * as actions from "../../actions/messages.ts";
import { clockTime } from "../../core/time.ts";
import { createdMs } from "../../core/snowflake.ts";
import type { Channel } from "../../core/types.ts";
import { channels, may } from "../../store/channels.ts";
import { messages, stretches, trim, view } from "../../store/messages.ts";
import { outgoingIn } from "../../store/outbox.ts";
import { place, setReplyingTo } from "../../store/place.ts";
import { hasNews, lastRead, readingIs } from "../../store/reads.ts";
import { myId, session } from "../../store/session.ts";
import { Button } from "../../ui/Button.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { say } from "../../ui/toast.tsx";
import { Anchor } from "./anchor.ts";
import { Beginning } from "./Beginning.tsx";
import { News } from "./News.tsx";
import { Row } from "./Row.tsx";
import { type Line, placeLines } from "./rows.ts";
import styles from "./Timeline.module.css";

/** So many rows there are at most, and so many are left when there are more. */
const MOST = 250;
const LEFT = 200;

export function Timeline(props: { channel: Channel; name: string }): JSX.Element {
  const id = props.channel.id;
  let scroller!: HTMLDivElement;
  let content!: HTMLDivElement;
  let feed!: HTMLDivElement;
  const [shown, setShown] = createSignal<string[]>([]);
  const [stuck, setStuck] = createSignal(true);
  const [focused, setFocused] = createSignal(document.hasFocus() && document.visibilityState === "visible");
  const [failure, setFailure] = createSignal("");
  const [marked, setMarked] = createSignal<string | null>(null);
  const [active, setActive] = createSignal<string | null>(null);
  // What was new when the channel was opened stays marked while one is here.
  const [newAfter, setNewAfter] = createSignal(hasNews(props.channel) ? lastRead(props.channel) : null);
  const readable = () => may(channels[id], "READ_MESSAGE_HISTORY");

  const stretch = () => stretches[id];
  const keys = createMemo(() => {
    const pending = stretch() && !stretch()?.atEnd ? [] : outgoingIn(id).map((one) => `~${one.nonce}`);
    return [...(stretch()?.ids ?? []), ...pending];
  });
  const places = createMemo(() => {
    const lines: Line[] = [];
    for (const key of shown()) {
      if (key.startsWith("~")) {
        const one = outgoingIn(id).find((each) => `~${each.nonce}` === key);
        if (one) lines.push({ key, author: myId(), at: one.at, alone: one.replyTo !== undefined });
      } else {
        const message = messages[key];
        if (message) lines.push({ key, author: message.author.id, at: createdMs(key), alone: message.type !== 0 });
      }
    }
    return placeLines(lines, newAfter(), myId());
  });
  const firstNew = createMemo(() => [...places()].find(([, one]) => one.fresh)?.[0] ?? null);
  // Where the new ones begin is told until it was in sight, or the person writes on.
  const [knows, setKnows] = createSignal(false);
  const look = () => {
    const row = knows() ? null : firstNew() && rowOf(firstNew() as string);
    if (row && row.getBoundingClientRect().top >= scroller.getBoundingClientRect().top) setKnows(true);
  };

  const rowOf = (key: string) => feed.querySelector<HTMLElement>(`:scope > [data-key="${key}"]`);
  let rows: HTMLElement[] = [];
  const gather = () => {
    rows = [...feed.children] as HTMLElement[];
  };
  let anchor: Anchor;

  const change = (next: string[]) => {
    anchor.change(() => {
      setShown(next);
      gather();
    });
    setStuck(anchor.stuck);
    queueMicrotask(fill);
    queueMicrotask(look);
  };

  const guard = async (work: Promise<void>) => {
    try {
      await work;
      setFailure("");
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
  };

  /** Load more where the reader comes near an end, let go of what is far away. */
  const fill = () => {
    const now = stretch();
    if (!now || failure()) return;
    const above = scroller.scrollTop;
    const under = scroller.scrollHeight - scroller.clientHeight - above;
    const near = scroller.clientHeight * 1.5;
    if (!now.atStart && above < near) void guard(actions.older(id));
    if (!now.atEnd && under < near) void guard(actions.later(id));
    if (now.ids.length > MOST) {
      if (above > scroller.clientHeight * 3 && above > under) trim(id, "old", LEFT);
      else if (under > scroller.clientHeight * 3) trim(id, "new", LEFT);
    }
  };

  const load = () => {
    setFailure("");
    if (readable()) void guard(actions.open(id));
  };

  const jump = async (messageId: string) => {
    try {
      await actions.around(id, messageId);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error), true);
      return;
    }
    // The list follows the store a step later.
    await Promise.resolve();
    await Promise.resolve();
    if (!anchor.hold(messageId)) return void say("That message is gone.", true);
    setStuck(false);
    setMarked(messageId);
    setTimeout(() => setMarked((was) => (was === messageId ? null : was)), 2500);
    rowOf(messageId)?.querySelector<HTMLElement>("article")?.focus({ preventScroll: true });
  };

  const present = async () => {
    if (!stretch()?.atEnd) await guard(actions.present(id));
    await Promise.resolve();
    anchor.toEnd();
    setStuck(true);
  };

  onMount(() => {
    anchor = new Anchor(
      {
        count: () => rows.length,
        key: (index) => rows[index]?.dataset.key ?? "",
        top: (index) => rows[index]?.offsetTop ?? 0,
        topOf: (key) => rowOf(key)?.offsetTop,
      },
      scroller,
      () => stretch()?.atEnd ?? true,
    );
    view(id);
    readingIs((channelId) => channelId === id && stuck() && focused());
    const sizes = new ResizeObserver(() => anchor.settle());
    sizes.observe(content);
    sizes.observe(scroller);
    const attention = () => setFocused(document.hasFocus() && document.visibilityState === "visible");
    addEventListener("focus", attention);
    addEventListener("blur", attention);
    document.addEventListener("visibilitychange", attention);
    onCleanup(() => {
      sizes.disconnect();
      removeEventListener("focus", attention);
      removeEventListener("blur", attention);
      document.removeEventListener("visibilitychange", attention);
      readingIs(() => false);
      view(null);
      setReplyingTo(null);
    });
    // Who writes sees what they wrote.
    createEffect(
      on(
        () => outgoingIn(id).at(-1)?.nonce,
        (nonce, before) => {
          if (!nonce || nonce === before) return;
          setKnows(true);
          void present();
        },
        { defer: true },
      ),
    );
    createEffect(on(keys, (next) => queueMicrotask(() => content.isConnected && change(next))));
    createEffect(() => {
      if (session.connection === "ready" && readable() && (!stretch() || stretch()?.stale)) load();
    });
    createEffect(
      on(
        () => place().message,
        (message) => {
          if (message) void jump(message);
        },
      ),
    );
    createEffect(() => {
      const channel = channels[id];
      if (channel && stuck() && focused() && stretch()?.atEnd && hasNews(channel)) void actions.read(id);
    });
  });

  const release = () => anchor.release();
  const move = (event: KeyboardEvent) => {
    release();
    const at = shown().indexOf(active() ?? shown().at(-1) ?? "");
    const to = event.key === "ArrowUp" ? at - 1 : event.key === "ArrowDown" ? at + 1 : -1;
    if (!(event.target as HTMLElement).matches("article") || to < 0 || to >= shown().length) return;
    event.preventDefault();
    rowOf(shown()[to] as string)?.querySelector<HTMLElement>("article")?.focus();
  };

  return (
    <div class={styles.frame}>
      <News first={knows() ? null : firstNew()} count={newCount(shown(), firstNew())} onJump={jump} onRead={() => setNewAfter(null)} />
      <div
        ref={scroller}
        class={styles.scroller}
        data-timeline={id}
        onScroll={() => {
          anchor.scrolled();
          setStuck(anchor.stuck);
          fill();
          look();
        }}
        onWheel={release}
        onPointerDown={release}
        onTouchStart={release}
        onKeyDown={move}
      >
        <div ref={content} class={styles.content}>
          <Show when={!readable()}>
            <p class={styles.note}>You can't read the history of this channel. What is written from now on comes here.</p>
          </Show>
          <Show when={stretch()?.atStart}>
            <Beginning channel={props.channel} name={props.name} />
          </Show>
          <Show when={stretch() && !stretch()?.atStart}>
            <Waiting rows={4} />
          </Show>
          <div
            ref={feed}
            role={shown().length ? "feed" : undefined}
            aria-label={shown().length ? `Messages in ${props.name}` : undefined}
            aria-busy={shown().length ? !stretch() : undefined}
          >
            <For each={shown()}>
              {(key) => (
                <Row
                  key={key}
                  channel={props.channel}
                  place={places().get(key)}
                  marked={marked() === key}
                  last={active() === key || (active() === null && key === shown().at(-1))}
                  onFocus={() => setActive(key)}
                  onJump={jump}
                />
              )}
            </For>
          </div>
          <Show when={!stretch() && readable() && !failure()}>
            <Waiting rows={8} />
          </Show>
        </div>
      </div>
      <Show when={failure()}>
        <p class={styles.failure} role="alert">
          {failure()} <Button onClick={load}>Try again</Button>
        </p>
      </Show>
      <Show when={!stuck() && shown().length > 0}>
        <button type="button" class={styles.present} onClick={() => void present()}>
          <Icon name="down" size={18} /> {stretch()?.atEnd ? "To the newest" : "You are reading older messages · to the newest"}
        </button>
      </Show>
      <Announcer channelId={id} />
    </div>
  );
}

function newCount(keys: string[], first: string | null): number {
  return first === null ? 0 : keys.length - keys.indexOf(first);
}

/** Says new messages to those who listen; the list itself stays silent. */
function Announcer(props: { channelId: string }): JSX.Element {
  const text = createMemo<{ id: string; said: string }>(
    (before) => {
      const last = stretches[props.channelId]?.atEnd ? stretches[props.channelId]?.ids.at(-1) : undefined;
      const message = last ? messages[last] : undefined;
      if (!message || message.id === before.id) return before;
      const said = before.id && message.author.id !== myId();
      return {
        id: message.id,
        said: said ? `${message.author.global_name || message.author.username}, ${clockTime(createdMs(message.id))}: ${message.content}` : "",
      };
    },
    { id: "", said: "" },
  );
  return (
    <p class="unseen" aria-live="polite">
      {text().said}
    </p>
  );
}

/** Rows that are on their way, in the shape of what comes. */
function Waiting(props: { rows: number }): JSX.Element {
  return (
    <div class={styles.waiting} aria-hidden="true">
      <For each={Array.from({ length: props.rows }, (_, i) => i)}>
        {(i) => (
          <div class={styles.bones} data-long={i % 3}>
            <span />
            <i />
            <b />
          </div>
        )}
      </For>
    </div>
  );
}
