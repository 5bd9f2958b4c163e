// What is beside the messages: a heading, and messages from elsewhere or a word on why there are none.
import { For, type JSX, type Resource, Show, splitProps } from "solid-js";
import { brief } from "../core/brief.ts";
import { createdMs } from "../core/snowflake.ts";
import { stamp } from "../core/time.ts";
import type { Message } from "../core/types.ts";
import { channels } from "../store/channels.ts";
import { memberOf, nameIn } from "../store/guilds.ts";
import { setPanel } from "../store/place.ts";
import { userName } from "../store/users.ts";
import { IconButton } from "../ui/Button.tsx";
import { Icon, type IconName } from "../ui/Icon.tsx";
import { Face } from "./Face.tsx";
import { type Marker, Markdown } from "./Markdown.tsx";
import { Stickers } from "./Stickers.tsx";
import styles from "./Panel.module.css";

/** `head` stands in the place of the title, which is then only read out. */
export function Panel(props: { title: string; head?: JSX.Element; children: JSX.Element }): JSX.Element {
  return (
    <aside class={styles.panel} aria-label={props.title}>
      <header>
        <h2 class={props.head ? "unseen" : "grow"}>{props.title}</h2>
        {props.head}
        <IconButton icon="close" label="Close" onClick={() => setPanel("none")} />
      </header>
      {props.children}
    </aside>
  );
}

/** Where there is nothing to show. */
export function Nothing(props: { icon: IconName; children: JSX.Element }): JSX.Element {
  return (
    <div class={styles.empty}>
      <Icon name={props.icon} size={32} />
      <p>{props.children}</p>
    </div>
  );
}

/** The messages of a list that is asked for when it is opened; `nothing` is said where it is empty. */
export function MessageList(props: {
  label: string;
  found: Resource<Message[]>;
  icon: IconName;
  nothing: string;
  children: (message: Message) => JSX.Element;
}): JSX.Element {
  return (
    <div class={styles.list} tabindex="0" role="group" aria-label={props.label}>
      <Show when={!props.found.error} fallback={<p class="bad">{(props.found.error as Error).message}</p>}>
        <For
          each={props.found.latest}
          fallback={
            <Show when={!props.found.loading}>
              <Nothing icon={props.icon}>{props.nothing}</Nothing>
            </Show>
          }
        >
          {props.children}
        </For>
      </Show>
    </div>
  );
}

/** A message away from its channel: who and when, what, and below it what `children` are. */
export function MessageCard(
  props: { message: Message; where?: string; marker?: Marker; children?: JSX.Element } & JSX.HTMLAttributes<HTMLElement>,
): JSX.Element {
  const [own, rest] = splitProps(props, ["message", "where", "marker", "children", "class"]);
  const author = () => own.message.author;
  const guildId = () => channels[own.message.channel_id]?.guild_id;
  const name = () => (memberOf(guildId(), author().id) ? nameIn(guildId(), author().id) : userName(author()));
  return (
    <article {...rest} class={`${styles.card} ${own.class ?? ""}`}>
      <Show when={own.where}>
        <p class="soft small cut">{own.where}</p>
      </Show>
      <p class={styles.who}>
        <Face id={author().id} guildId={guildId()} size={24} />
        <b class="cut">{name()}</b>
        <time class="soft small">{stamp(createdMs(own.message.id), Date.now())}</time>
      </p>
      <Show when={own.message.content || !(own.message.attachments.length || own.message.sticker_items?.length)}>
        <Markdown text={brief(own.message)} guildId={guildId()} marker={own.marker} />
      </Show>
      <Stickers list={own.message.sticker_items} size={96} />
      {own.children}
    </article>
  );
}

/** What can be done with a message in a panel. */
export function CardFoot(props: { children: JSX.Element }): JSX.Element {
  return <p class={styles.foot}>{props.children}</p>;
}
