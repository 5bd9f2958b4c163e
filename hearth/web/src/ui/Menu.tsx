// A menu at a button or where the pointer was: arrows move in it, Escape and a click elsewhere close it.
import { createUniqueId, For, type JSX, onCleanup, onMount, Show } from "solid-js";
import { Icon, type IconName } from "./Icon.tsx";
import styles from "./Menu.module.css";

export interface MenuItem {
  text: string;
  icon?: IconName;
  bad?: boolean;
  checked?: boolean;
  /** A line stands above it. */
  apart?: boolean;
  run: () => void;
}

export interface Spot {
  x: number;
  y: number;
  /** The height of what it hangs on: it may go above that. */
  height: number;
  /** Whether x is where its end is. */
  end?: boolean;
}

/** Where a menu of this element goes. */
export function below(element: Element, end = false): Spot {
  const box = element.getBoundingClientRect();
  return { x: end ? box.right : box.left, y: box.bottom + 4, height: box.height + 8, end };
}

export function Menu(props: { label: string; at: Spot; items: MenuItem[]; onClose: () => void }): JSX.Element {
  const id = createUniqueId();
  let list!: HTMLDivElement;
  const before = document.activeElement as HTMLElement | null;
  const buttons = () => [...list.querySelectorAll<HTMLButtonElement>("button")];
  onMount(() => {
    list.showPopover();
    const { width, height } = list.getBoundingClientRect();
    const left = props.at.end ? props.at.x - width : props.at.x;
    const under = props.at.y + height <= innerHeight - 8;
    list.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
    list.style.top = `${under ? props.at.y : Math.max(8, props.at.y - props.at.height - height)}px`;
    buttons()[0]?.focus();
  });
  const outside = (event: PointerEvent) => {
    if (!list.contains(event.target as Node)) props.onClose();
  };
  addEventListener("pointerdown", outside, true);
  onCleanup(() => {
    removeEventListener("pointerdown", outside, true);
    if (list.contains(document.activeElement) || document.activeElement === document.body) before?.focus();
  });
  const move = (event: KeyboardEvent) => {
    const all = buttons();
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    const to: Record<string, number> = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    };
    if (event.key === "Escape" || event.key === "Tab") props.onClose();
    else if (to[event.key] === undefined) return;
    else all[to[event.key] as number]?.focus();
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div ref={list} id={id} popover="manual" role="menu" aria-label={props.label} class={styles.menu} onKeyDown={move}>
      <For each={props.items}>
        {(item) => (
          <button
            type="button"
            role={item.checked === undefined ? "menuitem" : "menuitemradio"}
            aria-checked={item.checked}
            tabindex="-1"
            class={styles.item}
            classList={{ [styles.bad as string]: item.bad ?? false, [styles.apart as string]: item.apart ?? false }}
            onClick={() => {
              props.onClose();
              item.run();
            }}
          >
            <span class="grow">{item.text}</span>
            <Show when={item.checked ? "check" : item.icon}>{(name) => <Icon name={name()} size={18} />}</Show>
          </button>
        )}
      </For>
    </div>
  );
}
