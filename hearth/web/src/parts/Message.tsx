// A message: who, when, what, and what one can do with it.
import { createMemo, createSignal, type JSX, Match, Show, Switch } from "solid-js";
import { attemptDelete, copy, linkTo } from "./messageMenu.ts";
import * as actions from "../actions/messages.ts";
import { createdMs } from "../core/snowflake.ts";
import { clockTime, full, stamp } from "../core/time.ts";
import { type Channel, type Emoji, type Message as MessageObject, MessageFlag } from "../core/types.ts";
import { channels, may } from "../store/channels.ts";
import { colourIn, nameIn } from "../store/guilds.ts";
import { messages } from "../store/messages.ts";
import { editing, setEditing, setReplyingTo } from "../store/place.ts";
import { standsOut } from "../store/reads.ts";
import { isBlocked } from "../store/relationships.ts";
import { myId } from "../store/session.ts";
import { Icon } from "../ui/Icon.tsx";
import { below, Menu, type MenuItem, type Spot } from "../ui/Menu.tsx";
import { longPress } from "../ui/press.ts";
import { attempt } from "../ui/toast.tsx";
import { Attachments } from "./Attachments.tsx";
import { openPicker } from "./EmojiPicker.tsx";
import { Editor } from "./Editor.tsx";
import { Embeds } from "./Embeds.tsx";
import { Face } from "./Face.tsx";
import { Markdown } from "./Markdown.tsx";
import styles from "./Message.module.css";
import { MessageTools } from "./MessageTools.tsx";
import { showProfile } from "./profile.ts";
import { Reactions } from "./Reactions.tsx";
import { ReplyBar } from "./ReplyBar.tsx";
import { Stickers } from "./Stickers.tsx";
import { systemSign, systemText } from "./system.ts";

const WRITTEN = new Set([0, 19, 20, 23]);

interface Place {
  channel: Channel;
  head: boolean;
  marked: boolean;
  reachable: boolean;
  onFocus: () => void;
  onJump: (messageId: string) => void;
}

/** Whether the browser's own menu is the better one. */
const plain = (event: Event) => (event.target as Element).closest("a, textarea") !== null;
const touched = (event: MouseEvent) => (event as Partial<PointerEvent>).pointerType === "touch";

export function Message(props: Place & { id: string }): JSX.Element {
  // A message that was just taken away is still shown for the step until its row goes too.
  const message = createMemo<MessageObject | undefined>((before) => messages[props.id] ?? before);
  return <Show when={message()}>{(found) => <Shown {...props} message={found()} />}</Show>;
}

function Shown(props: Place & { message: MessageObject }): JSX.Element {
  const guildId = () => props.channel.guild_id;
  const author = () => props.message.author;
  const name = () => (nameIn(guildId(), author().id) === "Somebody" ? author().username : nameIn(guildId(), author().id));
  const own = () => author().id === myId();
  const written = () => WRITTEN.has(props.message.type);
  const [over, setOver] = createSignal(false);
  const [menu, setMenu] = createSignal<Spot | null>(null);
  const [blockedShown, setBlockedShown] = createSignal(false);
  const channel = () => channels[props.channel.id];
  const can = {
    react: () => may(channel(), "ADD_REACTIONS") && may(channel(), "READ_MESSAGE_HISTORY"),
    reply: () => written() && may(channel(), "SEND_MESSAGES"),
    edit: () => own() && written() && !(props.message.flags & MessageFlag.VOICE),
    pin: () => may(channel(), "PIN_MESSAGES") || may(channel(), "MANAGE_MESSAGES"),
    remove: () => own() || may(channel(), "MANAGE_MESSAGES"),
  };
  const at = () => createdMs(props.message.id);
  let article!: HTMLElement;

  const reply = () => {
    setReplyingTo(props.message);
    document.querySelector<HTMLElement>("[data-composer]")?.focus();
  };
  const edit = () => setEditing(props.message.id);
  const react = (beside: Element) =>
    openPicker(beside, guildId(), (emoji: Emoji) => void attempt(() => actions.react(props.message, emoji, true)));
  const pin = () => attempt(() => actions.pin(props.message, !props.message.pinned));
  const items = (): MenuItem[] => {
    const list: MenuItem[] = [];
    if (can.react()) list.push({ text: "Add reaction", icon: "react", run: () => react(article) });
    if (can.reply()) list.push({ text: "Reply", icon: "reply", run: reply });
    if (can.edit()) list.push({ text: "Edit", icon: "pencil", run: edit });
    if (can.pin()) list.push({ text: props.message.pinned ? "Unpin" : "Pin", icon: "pin", run: () => void pin() });
    if (props.message.content) list.push({ text: "Copy text", icon: "copy", run: () => copy(props.message.content) });
    list.push({ text: "Copy link", icon: "link", run: () => copy(linkTo(props.message, guildId())) });
    if (can.remove()) list.push({ text: "Delete", icon: "trash", bad: true, apart: true, run: () => attemptDelete(props.message) });
    return list;
  };
  const openAt = (x: number, y: number) => !menu() && setMenu({ x, y, height: 0 });
  const pressed = longPress(openAt);
  const keys = (event: KeyboardEvent) => {
    if (event.target !== article || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === "r" && can.reply()) reply();
    else if (key === "e" && can.edit()) edit();
    else if (key === "p" && can.pin()) void pin();
    else if (key === "+" && can.react()) react(article);
    else if ((key === "delete" || key === "backspace") && can.remove()) attemptDelete(props.message);
    else if (key === "enter" || key === "contextmenu") setMenu(below(article));
    else return;
    event.preventDefault();
  };

  return (
    <article
      ref={article}
      class={styles.message}
      classList={{
        [styles.head as string]: props.head,
        [styles.named as string]: standsOut(props.message),
        [styles.marked as string]: props.marked,
      }}
      tabindex={props.reachable ? 0 : -1}
      aria-labelledby={`w${props.message.id} b${props.message.id}`}
      onFocusIn={() => {
        props.onFocus();
        setOver(true);
      }}
      onFocusOut={(event) => !article.contains(event.relatedTarget as Node | null) && setOver(false)}
      onPointerEnter={() => setOver(true)}
      onPointerLeave={() => setOver(false)}
      onKeyDown={keys}
      onPointerDown={(event) => !plain(event) && pressed(event)}
      onContextMenu={(event) => {
        // A finger's selection is the browser's own doing.
        if (plain(event) || (!touched(event) && getSelection()?.toString())) return;
        event.preventDefault();
        openAt(event.clientX, event.clientY);
      }}
    >
      <Show when={props.message.type === 19 && props.message.message_reference}>
        <ReplyBar message={props.message} guildId={guildId()} onJump={props.onJump} />
      </Show>
      <Show
        when={props.head && written()}
        fallback={
          <Show
            when={written()}
            fallback={<Icon class={styles.sign} name={systemSign(props.message)} size={18} />}
          >
            <time class={styles.side} aria-hidden="true">
              {clockTime(at())}
            </time>
          </Show>
        }
      >
        <button
          type="button"
          class={styles.face}
          tabindex="-1"
          aria-hidden="true"
          onClick={(event) => showProfile(author().id, guildId(), event.currentTarget)}
        >
          <Face id={author().id} guildId={guildId()} />
        </button>
      </Show>
      <div class={styles.who} classList={{ unseen: !props.head || !written() }} id={`w${props.message.id}`}>
        <button
          type="button"
          class={styles.name}
          tabindex="-1"
          data-colour={colourIn(guildId(), author().id) ? "" : undefined}
          style={{ "--role": colourIn(guildId(), author().id) }}
          onClick={(event) => showProfile(author().id, guildId(), event.currentTarget)}
        >
          {name()}
        </button>
        <Show when={author().bot}>
          <span class={styles.bot}>Bot</span>
        </Show>
        <time class={styles.time} datetime={props.message.timestamp} title={full(at())}>
          {stamp(at(), Date.now())}
        </time>
      </div>
      <div class={styles.body} id={`b${props.message.id}`}>
        <Switch
          fallback={
            <>
              <Show when={props.message.content}>
                <Markdown class={styles.text} text={props.message.content} guildId={guildId()} />
              </Show>
              <Show when={props.message.edited_timestamp}>
                {(edited) => (
                  <span class={styles.edited} title={full(Date.parse(edited()))}>
                    edited
                  </span>
                )}
              </Show>
              <Attachments list={props.message.attachments} />
              <Stickers list={props.message.sticker_items} />
              <Embeds list={props.message.embeds} guildId={guildId()} />
            </>
          }
        >
          <Match when={editing() === props.message.id}>
            <Editor message={props.message} onDone={() => {
              setEditing(null);
              document.querySelector<HTMLElement>("[data-composer]")?.focus();
            }} />
          </Match>
          <Match when={isBlocked(author().id) && !blockedShown()}>
            <button type="button" class={styles.blocked} onClick={() => setBlockedShown(true)}>
              Message of somebody you blocked · show
            </button>
          </Match>
          <Match when={!written()}>
            <p class={styles.system}>
              {systemText(props.message, name(), guildId())}{" "}
              <time class={styles.time} title={full(at())}>
                {stamp(at(), Date.now())}
              </time>
            </p>
          </Match>
        </Switch>
        <Reactions
          message={props.message}
          guildId={guildId()}
          addable={can.react()}
          onAdd={react}
        />
      </div>
      <Show when={(over() || menu()) && editing() !== props.message.id}>
        <MessageTools
          onReact={can.react() ? react : undefined}
          onQuick={can.react() ? (emoji) => void attempt(() => actions.react(props.message, { id: null, name: emoji }, true)) : undefined}
          onReply={can.reply() ? reply : undefined}
          onEdit={can.edit() ? edit : undefined}
          onMore={(button) => setMenu(below(button, true))}
          open={menu() !== null}
        />
      </Show>
      <Show when={menu()}>
        {(spot) => <Menu label="Message" at={spot()} items={items()} onClose={() => setMenu(null)} />}
      </Show>
    </article>
  );
}
