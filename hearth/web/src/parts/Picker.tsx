// A grid of pictures to choose from beside whatever asked for it, found by words; arrows move in it.
import { createMemo, createSignal, For, type JSX, onCleanup, onMount, Show } from "solid-js";
import { Icon } from "../ui/Icon.tsx";
import styles from "./Picker.module.css";

export interface Tile {
  label: string;
  /** Where its picture is; without one the label's `glyph` is shown. */
  picture?: string;
  glyph?: string;
  /** What it is found by, in small letters. */
  words: string;
  choose: () => void;
}

export type Group = [name: string, tiles: Tile[]];

export function Picker(props: {
  label: string;
  /** What the field asks for. */
  find: string;
  nothing: string;
  beside: Element;
  columns: number;
  /** All of it is there at once, and may be little. */
  snug?: boolean;
  groups: Group[];
  /** Those that are only there while nothing is searched for. */
  first?: Group[];
  onClose: () => void;
}): JSX.Element {
  const [query, setQuery] = createSignal("");
  let panel!: HTMLDivElement;
  let input!: HTMLInputElement;
  const before = document.activeElement as HTMLElement | null;

  const shown = createMemo<Group[]>(() => {
    const words = query().toLowerCase().split(/\s+/).filter(Boolean);
    const found = words.length
      ? props.groups.map(([name, list]): Group => [name, list.filter((one) => words.every((word) => one.words.includes(word)))])
      : [...(props.first ?? []), ...props.groups];
    return found.filter(([, list]) => list.length > 0);
  });

  onMount(() => {
    panel.showPopover();
    const box = props.beside.getBoundingClientRect();
    const { width, height } = panel.getBoundingClientRect();
    const left = Math.max(8, Math.min(box.right - width, innerWidth - width - 8));
    const above = box.top - height - 8;
    panel.style.height = `${height}px`;
    panel.style.left = `${left}px`;
    // On screen in any case, also where what it is beside has been scrolled away.
    panel.style.top = `${Math.max(8, Math.min(above > 8 ? above : box.bottom + 8, innerHeight - height - 8))}px`;
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

  const keys = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      return props.onClose();
    }
    const buttons = [...panel.querySelectorAll<HTMLButtonElement>("[data-tile]")];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    if (event.key === "Enter" && document.activeElement === input) {
      event.preventDefault();
      return buttons[0]?.click();
    }
    const step: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: props.columns, ArrowUp: -props.columns };
    const by = step[event.key];
    if (by === undefined || (at < 0 && event.key !== "ArrowDown")) return;
    event.preventDefault();
    if (at + by < 0) return input.focus();
    buttons[at < 0 ? 0 : Math.min(at + by, buttons.length - 1)]?.focus();
  };

  return (
    <div ref={panel} popover="manual" role="dialog" aria-label={props.label} class={styles.picker} data-snug={props.snug || undefined} style={{ "--columns": props.columns }} onKeyDown={keys}>
      <label class={styles.search}>
        <Icon name="search" size={18} />
        <input ref={input} type="search" placeholder={props.find} aria-label={props.find} value={query()} onInput={(event) => setQuery(event.currentTarget.value)} />
      </label>
      <div class={styles.list}>
        <For each={shown()} fallback={<p class={styles.none}>{props.nothing}</p>}>
          {([name, list]) => (
            <section aria-label={name}>
              <h3>{name}</h3>
              <div class={styles.grid}>
                <For each={list}>
                  {(one) => (
                    <button
                      type="button"
                      data-tile
                      tabindex="-1"
                      title={one.label}
                      aria-label={one.label}
                      onClick={() => {
                        props.onClose();
                        one.choose();
                      }}
                    >
                      <Show when={one.picture} fallback={one.glyph}>
                        <img src={one.picture} alt="" loading="lazy" />
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
