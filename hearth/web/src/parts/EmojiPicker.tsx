// The emoji picker: one in the page, opened beside whatever asked for it; the list comes when it opens.
import { createMemo, createResource, createSignal, type JSX, Show } from "solid-js";
import { emojiUrl } from "../core/cdn.ts";
import type { Emoji, Id } from "../core/types.ts";
import { emojiGuilds } from "../store/channels.ts";
import { remembered } from "../store/kept.ts";
import { type Group, Picker, type Tile } from "./Picker.tsx";

interface Asked {
  beside: Element;
  guildId?: Id;
  choose: (emoji: Emoji) => void;
}

const [asked, setAsked] = createSignal<Asked | null>(null);
const [recent, setRecent] = remembered<Emoji[]>("recentEmoji", []);
const MOST_RECENT = 16;

/** Open the picker beside an element; `choose` gets what is chosen, once. */
export function openPicker(beside: Element, guildId: Id | undefined, choose: (emoji: Emoji) => void): void {
  setAsked({ beside, guildId, choose });
}

export function EmojiPickerHost(): JSX.Element {
  return <Show when={asked()} keyed>{(now) => <EmojiPicker asked={now} />}</Show>;
}

function EmojiPicker(props: { asked: Asked }): JSX.Element {
  const [all] = createResource(async () => (await import("../core/emoji/index.ts")).EMOJI);
  const choose = (emoji: Emoji) => {
    const same = (one: Emoji) => one.id === emoji.id && one.name === emoji.name;
    setRecent([emoji, ...recent().filter((one) => !same(one))].slice(0, MOST_RECENT));
    props.asked.choose(emoji);
  };
  const tile = (emoji: Emoji, words: string): Tile => ({
    label: words || (emoji.name ?? ""),
    words,
    picture: emoji.id ? emojiUrl(emoji) : undefined,
    glyph: emoji.name ?? "",
    choose: () => choose(emoji),
  });
  const groups = createMemo((): Group[] => [
    ...emojiGuilds(props.asked.guildId).map((guild): Group => [
      guild.id === props.asked.guildId ? "This guild" : guild.name,
      guild.emojis.map(({ id, name, animated }) => tile({ id, name, animated }, (name ?? "").toLowerCase())),
    ]),
    ...(all() ?? []).map(([name, list]): Group => [name, list.map(([text, called]) => tile({ id: null, name: text }, called))]),
  ]);
  return (
    <Picker
      label="Emoji"
      find="Find an emoji"
      nothing={all.loading ? "…" : "There is no such emoji."}
      beside={props.asked.beside}
      columns={8}
      first={[["Recent", recent().map((emoji) => tile(emoji, emoji.name ?? ""))]]}
      groups={groups()}
      onClose={() => setAsked(null)}
    />
  );
}
