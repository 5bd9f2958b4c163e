// The emoji picker: one in the page, opened beside whatever asked for it; the list comes when it opens.
import { createMemo, createResource, createSignal, For, type JSX, onCleanup, onMount, Show } from "solid-js";
import { emojiUrl } from "../core/cdn.ts";
import type { Emoji, Id } from "../core/types.ts";
import { emojiGuilds } from "../store/channels.ts";
import { remembered } from "../store/kept.ts";
import { Icon } from "../ui/Icon.tsx";
import styles from "./EmojiPicker.module.css";

interface Asked {
  beside: Element;
  guildId?: Id;
  choose: (emoji: Emoji) => void;
}

const [asked, setAsked] = createSignal<Asked | null>(null);
const [recent, setRecent] = remembered<Emoji[]>("recentEmoji", []);
const MOST_RECENT = 16;
const COLUMNS = 8;

/** Open the picker beside an element; `choose` gets what is chosen, once. */
export function openPicker(beside: Element, guildId: Id | undefined, choose: (emoji: Emoji) => void): void {
  setAsked({ beside, guildId, choose });
}

export function EmojiPickerHost(): JSX.Element {
  return <Show when={asked()} keyed>{(now) => <Picker asked={now} onClose={() => setAsked(null)} />}</Show>;
}

function Picker(props: { asked: Asked; onClose: () => void }): JSX.Element {
  const [all] = createResource(async () => (await import("../core/emoji/index.ts")).EMOJI);
  const [query, setQuery] = createSignal("");
  let panel!: HTMLDivElement;
  let input!: HTMLInputElement;
  const before = document.activeElement as HTMLElement | null;

  const groups = createMemo<[string, { emoji: Emoji; words: string }[]][]>(() => {
    const words = query().toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (text: string) => words.every((word) => text.includes(word));
    const unicode = (text: string, called: string) => ({ emoji: { id: null, name: text }, words: called });
    const own = emojiGuilds(props.asked.guildId).map((guild): [string, { emoji: Emoji; words: string }[]] => [
      guild.id === props.asked.guildId ? "This guild" : guild.name,
      guild.emojis.map((emoji) => ({
        emoji: { id: emoji.id, name: emoji.name, animated: emoji.animated },
        words: (emoji.name ?? "").toLowerCase(),
      })),
    ]);
    const found: [string, { emoji: Emoji; words: string }[]][] = [
      ...own,
      ...(all() ?? []).map(([name, list]) => [name, list.map(([text, called]) => unicode(text, called))] as [string, { emoji: Emoji; words: string }[]]),
    ];
    const shown = words.length
      ? found.map(([name, list]) => [name, list.filter((one) => fits(one.words))] as (typeof found)[number])
      : [["Recent", recent().map((emoji) => ({ emoji, words: emoji.name ?? "" }))] as (typeof found)[number], ...found];
    return shown.filter(([, list]) => list.length > 0);
  });

  onMount(() => {
    panel.showPopover();
    const box = props.asked.beside.getBoundingClientRect();
    const { width, height } = panel.getBoundingClientRect();
    const left = Math.max(8, Math.min(box.right - width, innerWidth - width - 8));
    const above = box.top - height - 8;
    panel.style.left = `${left}px`;
    panel.style.top = `${above > 8 ? above : Math.max(8, Math.min(box.bottom + 8, innerHeight - height - 8))}px`;
    input.focus();
  });
  const outside = (event: PointerEvent) => {
    if (!panel.contains(event.target as Node)) props.onClose();
  };
  addEventListener("pointerdown", outside, true);
  onCleanup(() => {
    removeEventListener("pointerdown", outside, true);
    if (panel.contains(document.activeElement) || document.activeElement === document.body) before?.focus();
  });

  const choose = (emoji: Emoji) => {
    const same = (one: Emoji) => one.id === emoji.id && one.name === emoji.name;
    setRecent([emoji, ...recent().filter((one) => !same(one))].slice(0, MOST_RECENT));
    props.onClose();
    props.asked.choose(emoji);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      return props.onClose();
    }
    const buttons = [...panel.querySelectorAll<HTMLButtonElement>("[data-emoji]")];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    if (event.key === "Enter" && document.activeElement === input) {
      event.preventDefault();
      return buttons[0]?.click();
    }
    const step: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS };
    const by = step[event.key];
    if (by === undefined || (at < 0 && event.key !== "ArrowDown")) return;
    event.preventDefault();
    if (at + by < 0) return input.focus();
    buttons[at < 0 ? 0 : Math.min(at + by, buttons.length - 1)]?.focus();
  };

  return (
    <div ref={panel} popover="manual" role="dialog" aria-label="Emoji" class={styles.picker} onKeyDown={keys}>
      <label class={styles.search}>
        <Icon name="search" size={18} />
        <input
          ref={input}
          type="search"
          placeholder="Find an emoji"
          aria-label="Find an emoji"
          value={query()}
          onInput={(event) => setQuery(event.currentTarget.value)}
        />
      </label>
      <div class={styles.list}>
        <For each={groups()} fallback={<p class={styles.none}>{all.loading ? "…" : "There is no such emoji."}</p>}>
          {([name, list]) => (
            <section aria-label={name}>
              <h3>{name}</h3>
              <div class={styles.grid}>
                <For each={list}>
                  {(one) => (
                    <button type="button" data-emoji tabindex="-1" title={one.words} aria-label={one.words || (one.emoji.name ?? "")} onClick={() => choose(one.emoji)}>
                      <Show when={one.emoji.id} fallback={one.emoji.name}>
                        <img src={emojiUrl(one.emoji)} alt="" loading="lazy" />
                      </Show>
                    </button>
                  )}
                </For>
              </div>
            </section>
          )}
        </For>
      </div>
    </div>
  );
}
