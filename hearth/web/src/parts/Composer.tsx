// Where messages are written: drafts by channel, replies, completion of names, and why one may not write here.
import { createEffect, createMemo, createSignal, For, type JSX, lazy, on, onCleanup, Show, Suspense } from "solid-js";
import * as actions from "../actions/messages.ts";
import { send, type Written } from "../actions/send.ts";
import { findMembers } from "../actions/guilds.ts";
import { attach, MOST_FILES, takeUploads } from "../actions/uploads.ts";
import { compare } from "../core/snowflake.ts";
import { type Channel, ChannelType, type Emoji, MessageFlag } from "../core/types.ts";
import { channels, isPrivate, may, stickerGuilds } from "../store/channels.ts";
import { guilds, memberOf, nameIn } from "../store/guilds.ts";
import { messages, stretches } from "../store/messages.ts";
import { draft, draftOf } from "../store/outbox.ts";
import { replyingTo, setEditing, setReplyingTo } from "../store/place.ts";
import { myId } from "../store/session.ts";
import { uploadsIn } from "../store/uploads.ts";
import { typingIn } from "../store/typing.ts";
import { IconButton } from "../ui/Button.tsx";
import offered from "../ui/Choices.module.css";
import { Icon } from "../ui/Icon.tsx";
import { say } from "../ui/toast.tsx";
import { type Begun, begunAt, type Choice, emoji, people, places } from "./complete.ts";
import styles from "./Composer.module.css";
import { openPicker } from "./EmojiPicker.tsx";
import { Face } from "./Face.tsx";
import { UploadTray } from "./UploadTray.tsx";

const Recorder = lazy(() => import("./Recorder.tsx"));
const StickerPicker = lazy(() => import("./StickerPicker.tsx"));

const LONGEST = 2000;
/** The rest is shown when there is so little of it. */
const NEARLY = 200;
const TYPING_EVERY_MS = 8000;

export function Composer(props: { channel: Channel; name: string }): JSX.Element {
  const id = props.channel.id;
  const [text, setText] = createSignal(draftOf(id));
  const [begun, setBegun] = createSignal<Begun | null>(null);
  const [found, setFound] = createSignal<Choice[]>([]);
  const [chosen, setChosen] = createSignal(0);
  const [ping, setPing] = createSignal(true);
  const [recording, setRecording] = createSignal(false);
  const [stickersAt, setStickersAt] = createSignal<Element | null>(null);
  let area!: HTMLTextAreaElement;
  let picker!: HTMLInputElement;
  let typed = 0;
  const guildId = () => props.channel.guild_id;
  const mark = () => (isPrivate(props.channel) ? "@" : "#");
  const label = () => (props.channel.type === ChannelType.GROUP_DM ? props.name : mark() + props.name);
  const can = () => may(channels[id], "SEND_MESSAGES");
  const canAttach = () => can() && may(channels[id], "ATTACH_FILES");
  const canSpeak = () => canAttach() && may(channels[id], "SEND_VOICE_MESSAGES") && text().trim() === "" && uploadsIn(id).length === 0;
  const sending = () => uploadsIn(id).some((one) => one.state === "sending");
  const ready = () => text().trim() !== "" || uploadsIn(id).some((one) => one.state === "there");
  const add = (files: FileList | null | undefined) => {
    if (!files?.length) return;
    if (!canAttach()) return say("You can't send files here.", true);
    const left = attach(id, files);
    if (left) say(`A message has up to ${MOST_FILES} files; ${left} found no room.`, true);
    area?.focus();
  };

  createEffect(on(() => draftOf(id), (kept) => kept !== text() && setText(kept), { defer: true }));
  createEffect(on(replyingTo, () => setPing(true)));
  createEffect(() => {
    text();
    // Browsers without field-sizing.
    if (area && !CSS.supports("field-sizing", "content")) {
      area.style.height = "auto";
      area.style.height = `${area.scrollHeight}px`;
    }
  });

  // Of a large guild the members that fit come a moment later.
  const choices = createMemo<Choice[]>(() => {
    const now = begun();
    if (now?.mark === "@") return people(props.channel, now.query, may(channels[id], "MENTION_EVERYONE"));
    if (now?.mark === "#") return places(props.channel, now.query);
    return now ? found() : [];
  });
  const complete = async () => {
    const now = begunAt(text(), area.selectionStart);
    setBegun(now);
    setChosen(0);
    const of = guildId();
    if (now?.mark === "@" && of && guilds[of]?.large && now.query) findMembers(of, now.query);
    if (now?.mark === ":") {
      const list = await emoji(of, now.query);
      // The first, which loads them, may come last.
      if (begun() === now) setFound(list);
    }
  };
  const insert = (what: string, from: number, to: number) => {
    const next = text().slice(0, from) + what + text().slice(to);
    write(next);
    area.focus();
    area.setSelectionRange(from + what.length, from + what.length);
  };
  const take = (choice: Choice) => {
    const now = begunAt(text(), area.selectionStart);
    if (now) insert(choice.text, now.from, area.selectionStart);
    setBegun(null);
  };
  const write = (next: string) => {
    setText(next);
    draft(id, next);
  };
  const input = () => {
    write(area.value);
    void complete();
    const now = Date.now();
    if (area.value.trim() && now - typed > TYPING_EVERY_MS) {
      typed = now;
      void actions.type(id);
    }
  };
  const submit = () => {
    const content = text().trim();
    if (sending()) return say("A file is still on its way.");
    if (!ready()) return;
    if (content.length > LONGEST) return say(`A message has up to ${LONGEST} characters; this one has ${content.length}.`, true);
    dispatch({ content, files: takeUploads(id) });
    write("");
    setBegun(null);
    typed = 0;
  };
  const dispatch = (written: Written) => {
    const to = replyingTo();
    send(id, { ...written, ...(to ? { replyTo: to.id, ping: ping() } : {}) });
    setReplyingTo(null);
  };
  const editLast = () => {
    const last = [...(stretches[id]?.ids ?? [])].sort(compare).reverse().find((one) => messages[one]?.author.id === myId() && [0, 19].includes(messages[one]?.type ?? -1) && !((messages[one]?.flags ?? 0) & MessageFlag.VOICE));
    if (last) setEditing(last);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    const list = choices();
    if (list.length) {
      const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
      if (step) setChosen((chosen() + step + list.length) % list.length);
      else if (event.key === "Enter" || event.key === "Tab") take(list[chosen()] as Choice);
      else if (event.key === "Escape") setBegun(null);
      else return;
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (event.key === "Enter" && !event.shiftKey && !matchMedia("(pointer: coarse)").matches) {
      event.preventDefault();
      submit();
    } else if (event.key === "ArrowUp" && !text()) {
      event.preventDefault();
      editLast();
    } else if (event.key === "Escape" && replyingTo()) setReplyingTo(null);
  };
  const anywhere = (event: KeyboardEvent) => {
    // What is typed while nothing has the focus is meant for here.
    const at = document.activeElement;
    const free = !at || at === document.body || at.matches("[data-timeline]") || (at.matches("a, button") && event.key !== " " && !at.closest("article, dialog, [popover], [data-controls]"));
    if (free && !document.querySelector("dialog[open]") && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) area?.focus();
  };
  addEventListener("keydown", anywhere);
  const [dragged, setDragged] = createSignal(false);
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  const over = (event: DragEvent) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    setDragged(true);
  };
  const out = (event: DragEvent) => event.relatedTarget === null && setDragged(false);
  const dropped = (event: DragEvent) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    setDragged(false);
    add(event.dataTransfer?.files);
  };
  addEventListener("dragover", over);
  addEventListener("dragleave", out);
  addEventListener("drop", dropped);
  onCleanup(() => {
    removeEventListener("keydown", anywhere);
    removeEventListener("dragover", over);
    removeEventListener("dragleave", out);
    removeEventListener("drop", dropped);
  });

  return (
    <div class={styles.composer}>
      <Show when={replyingTo()}>
        {(message) => (
          <div class={styles.replying}>
            <span class="cut grow">
              Replying to <b>{nameIn(guildId(), message().author.id)}</b>
            </span>
            <Show when={message().author.id !== myId()}>
              <button type="button" class={styles.ping} aria-pressed={ping()} onClick={() => setPing(!ping())}>
                <Icon name="at" size={16} /> {ping() ? "on" : "off"}
                <span class="unseen"> mention in the reply</span>
              </button>
            </Show>
            <IconButton icon="close" size={16} label="Don't reply" onClick={() => setReplyingTo(null)} />
          </div>
        )}
      </Show>
      <Show when={choices().length}>
        <div class={`${offered.choices} ${styles.above}`} role="listbox" id="choices" aria-label="Suggestions">
          <For each={choices()}>
            {(choice, index) => (
              <div
                role="option"
                id={`choice${index()}`}
                aria-selected={index() === chosen()}
                class={offered.choice}
                onPointerDown={(event) => {
                  event.preventDefault();
                  take(choice);
                }}
              >
                <Show when={choice.userId}>{(user) => <Face id={user()} guildId={guildId()} size={24} />}</Show>
                <Show when={choice.picture}>{(src) => <img class={styles.picture} src={src()} alt="" />}</Show>
                <Show when={choice.glyph}>
                  <span class={styles.glyph}>{choice.glyph}</span>
                </Show>
                <span class="cut">{choice.label}</span>
                <span class="soft small cut grow">{choice.note}</span>
              </div>
            )}
          </For>
        </div>
      </Show>
      <Show
        when={can()}
        fallback={
          <p class={styles.closed}>
            <Icon name="lock" size={18} /> {whyNot(props.channel, label())}
          </p>
        }
      >
        <UploadTray channelId={id} />
        <Show when={recording()}>
          <Suspense>
            <Recorder channelId={id} onSend={(file) => dispatch({ files: [file] })} onClose={() => {
              setRecording(false);
              area?.focus();
            }} />
          </Suspense>
        </Show>
        <div class={styles.box} hidden={recording()}>
          <Show when={canAttach()}>
            <input
              ref={picker}
              class="unseen"
              type="file"
              multiple
              tabindex="-1"
              aria-label="Files to send"
              onChange={() => {
                add(picker.files);
                picker.value = "";
              }}
            />
            <IconButton icon="plus" label="Send files" tip="above" onClick={() => picker.click()} />
          </Show>
          <textarea
            ref={area}
            data-composer
            rows="1"
            value={text()}
            placeholder={`Message ${label()}`}
            aria-label={`Message ${label()}`}
            autocomplete="off"
            aria-autocomplete="list"
            aria-controls={choices().length ? "choices" : undefined}
            aria-activedescendant={choices().length ? `choice${chosen()}` : undefined}
            onInput={input}
            onKeyDown={keys}
            onBlur={() => setBegun(null)}
            onPaste={(event) => {
              if (!event.clipboardData?.files.length) return;
              event.preventDefault();
              add(event.clipboardData.files);
            }}
          />
          <Show when={text().length > LONGEST - NEARLY}>
            <span class={styles.left} data-over={text().length > LONGEST || undefined}>
              {LONGEST - text().length}
            </span>
          </Show>
          <IconButton
            icon="smile"
            label="Emoji"
            tip="above"
            onClick={(event) =>
              openPicker(event.currentTarget, guildId(), (one: Emoji) =>
                insert(one.id ? `<${one.animated ? "a" : ""}:${one.name}:${one.id}>` : (one.name ?? ""), area.selectionStart, area.selectionEnd),
              )
            }
          />
          <Show when={stickerGuilds(props.channel).length}>
            <IconButton icon="sticker" label="Stickers" tip="above" onClick={(event) => setStickersAt(event.currentTarget)} />
          </Show>
          <Show when={canSpeak()} fallback={<IconButton icon="send" label="Send" tip="above" class={styles.send} disabled={!ready() || sending()} onClick={submit} />}>
            <IconButton icon="mic" label="Record a voice message" tip="above" onClick={() => setRecording(true)} />
          </Show>
        </div>
      </Show>
      <Show when={stickersAt()}>
        {(beside) => (
          <Suspense>
            <StickerPicker beside={beside()} channel={props.channel} choose={(sticker) => dispatch({ stickers: [sticker] })} onClose={() => setStickersAt(null)} />
          </Suspense>
        )}
      </Show>
      <Typing channelId={id} guildId={guildId()} />
      <Show when={dragged()}>
        <p class={styles.drop} aria-hidden="true">
          <Icon name="clip" size={32} /> Drop files to send them to {label()}
        </p>
      </Show>
    </div>
  );
}

function whyNot(channel: Channel, label: string): string {
  const until = memberOf(channel.guild_id, myId())?.communication_disabled_until;
  if (until && Date.parse(until) > Date.now()) {
    return `You are timed out until ${new Date(until).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })}. Until then you can read.`;
  }
  return `You can't write in ${label}. Ask somebody who manages it if you should.`;
}

function Typing(props: { channelId: string; guildId?: string }): JSX.Element {
  const names = () => typingIn(props.channelId).map((id) => nameIn(props.guildId, id));
  const said = () => {
    const all = names();
    if (all.length === 0) return "";
    if (all.length === 1) return `${all[0]} is typing…`;
    if (all.length <= 3) return `${all.slice(0, -1).join(", ")} and ${all.at(-1)} are typing…`;
    return "Several people are typing…";
  };
  return (
    <p class={styles.typing} aria-live="polite">
      <Show when={said()}>
        <span class={styles.dots} aria-hidden="true">
          <i />
          <i />
          <i />
        </span>
        <span class="cut">{said()}</span>
      </Show>
    </p>
  );
}
