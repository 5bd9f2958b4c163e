// The tree of a message as elements; nothing of what people write becomes HTML any other way.
import { createMemo, createSignal, For, type JSX, Match, Show, Switch } from "solid-js";
import { emojiUrl } from "../core/cdn.ts";
import { type Node, parse } from "../core/markdown.ts";
import { full, styled } from "../core/time.ts";
import type { Channel } from "../core/types.ts";
import { channelName, channels } from "../store/channels.ts";
import { guilds, nameIn, roles } from "../store/guilds.ts";
import { myId } from "../store/session.ts";
import { follow } from "../ui/router.ts";
import styles from "./Markdown.module.css";
import { showProfile } from "./profile.ts";

const EMOJI_ONLY = /^(?:\p{RGI_Emoji}|\p{Extended_Pictographic}|\s){1,60}$/v;

/** Cuts a text into pieces, each of which is a hit or not. */
export type Marker = (text: string) => [piece: string, hit: boolean][];

interface How {
  guildId?: string;
  marker?: Marker;
}

/** What was written, shown. `brief` leaves blocks out, for one line; `marker` finds what stands out. */
export function Markdown(props: How & { text: string; brief?: boolean; class?: string }): JSX.Element {
  const tree = createMemo(() => parse(props.text));
  const big = () =>
    !props.brief &&
    tree().length > 0 &&
    tree().every((node) => node.type === "emoji" || (node.type === "text" && EMOJI_ONLY.test(node.text)));
  return (
    <div data-text={props.brief ? undefined : ""} class={`${styles.text} ${props.class ?? ""}`} classList={{ [styles.big as string]: big(), [styles.brief as string]: props.brief ?? false }}>
      <Nodes nodes={tree()} how={props} />
    </div>
  );
}

function Nodes(props: { nodes: Node[]; how: How }): JSX.Element {
  return <For each={props.nodes}>{(node) => one(node, props.how)}</For>;
}

/** A text with the hits in it marked. */
function marked(text: string, marker: Marker | undefined): JSX.Element {
  return marker ? <For each={marker(text)}>{([piece, hit]) => (hit ? <mark class={styles.hit}>{piece}</mark> : piece)}</For> : text;
}

function one(node: Node, how: How): JSX.Element {
  const inner = (nodes: Node[]) => <Nodes nodes={nodes} how={how} />;
  switch (node.type) {
    case "text":
      return marked(node.text, how.marker);
    case "bold":
      return <strong>{inner(node.children)}</strong>;
    case "italic":
      return <em>{inner(node.children)}</em>;
    case "underline":
      return <u>{inner(node.children)}</u>;
    case "strike":
      return <s>{inner(node.children)}</s>;
    case "spoiler":
      return <Spoiler>{inner(node.children)}</Spoiler>;
    case "quote":
      return <blockquote class={styles.quote}>{inner(node.children)}</blockquote>;
    case "subtext":
      return <small class={styles.subtext}>{inner(node.children)}</small>;
    case "heading":
      return (
        <p class={styles.heading} data-level={node.level}>
          {inner(node.children)}
        </p>
      );
    case "list":
      return (
        <Show when={node.ordered} fallback={<ul class={styles.list}>{items(node.items, how)}</ul>}>
          <ol class={styles.list} start={node.start}>
            {items(node.items, how)}
          </ol>
        </Show>
      );
    case "code":
      return <code class={styles.code}>{marked(node.text, how.marker)}</code>;
    case "codeblock":
      return (
        <pre class={styles.block} tabindex="0" data-language={node.language || undefined}>
          <code>{marked(node.text, how.marker)}</code>
        </pre>
      );
    case "link":
      return <Link url={node.url}>{inner(node.children)}</Link>;
    case "emoji":
      return <img class={styles.emoji} src={emojiUrl(node)} alt={`:${node.name}:`} title={`:${node.name}:`} loading="lazy" />;
    case "time":
      return (
        <time class={styles.time} title={full(node.seconds * 1000)}>
          {styled(node.seconds, node.style, Date.now())}
        </time>
      );
    case "everyone":
      return <span class={styles.mention}>{node.text}</span>;
    default:
      return <Mention node={node} guildId={how.guildId} />;
  }
}

function items(list: Node[][], how: How): JSX.Element {
  return (
    <For each={list}>
      {(nodes) => (
        <li>
          <Nodes nodes={nodes} how={how} />
        </li>
      )}
    </For>
  );
}

function Mention(props: { node: Extract<Node, { id: string }>; guildId?: string }): JSX.Element {
  const id = () => props.node.id;
  const channel = (): Channel | undefined => channels[id()];
  const role = () => (props.guildId ? roles[props.guildId]?.[id()] : undefined);
  return (
    <Switch>
      <Match when={props.node.type === "user"}>
        <button
          type="button"
          class={styles.mention}
          data-me={id() === myId() || undefined}
          onClick={(event) => showProfile(id(), props.guildId, event.currentTarget)}
        >
          @{nameIn(props.guildId, id())}
        </button>
      </Match>
      <Match when={props.node.type === "role"}>
        <span class={styles.mention}>@{role()?.name ?? "unknown role"}</span>
      </Match>
      <Match when={channel()}>
        {(found) => (
          <a class={styles.mention} href={`/channels/${found().guild_id ?? "@me"}/${found().id}`} onClick={follow}>
            #{channelName(found())}
          </a>
        )}
      </Match>
      <Match when={true}>
        <span class={styles.mention}>#{guilds[id()] ? "guild" : "no access"}</span>
      </Match>
    </Switch>
  );
}

/** Links to this server stay in the window, all others open beside it and learn nothing of this one. */
function Link(props: { url: string; children: JSX.Element }): JSX.Element {
  const here = () => {
    const url = new URL(props.url);
    return url.origin === location.origin && url.pathname.startsWith("/channels/");
  };
  return (
    <Show
      when={here()}
      fallback={
        <a href={props.url} target="_blank" rel="noreferrer noopener" title={props.url}>
          {props.children}
        </a>
      }
    >
      <a href={props.url} onClick={follow}>
        {props.children}
      </a>
    </Show>
  );
}

function Spoiler(props: { children: JSX.Element }): JSX.Element {
  const [open, setOpen] = createSignal(false);
  return (
    <Show
      when={open()}
      fallback={
        <button type="button" class={styles.spoiler} aria-label="Hidden text, show it" onClick={() => setOpen(true)}>
          <span aria-hidden="true">{props.children}</span>
        </button>
      }
    >
      <span class={styles.shown}>{props.children}</span>
    </Show>
  );
}
