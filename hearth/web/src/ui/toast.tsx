// Short words at the bottom that go by themselves.
import { createSignal, For, type JSX, onMount } from "solid-js";
import styles from "./toast.module.css";

const LASTS_MS = 6000;

interface Toast {
  text: string;
  bad: boolean;
}

const [toasts, setToasts] = createSignal<Toast[]>([]);
let layer: HTMLDivElement | undefined;

/** Over all else: also over a dialog that was opened since. */
function raise(): void {
  if (!layer?.isConnected) return;
  layer.hidePopover();
  layer.showPopover();
}

/** Say something; `bad` is what went wrong. */
export function say(text: string, bad = false): void {
  const toast = { text, bad };
  raise();
  setToasts((all) => [...all.slice(-2), toast]);
  setTimeout(() => setToasts((all) => all.filter((one) => one !== toast)), LASTS_MS);
}

/** Do something and say what went wrong with it. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), true);
    return false;
  }
}

export function Toasts(): JSX.Element {
  onMount(raise);
  return (
    <div ref={layer} popover="manual" class={styles.toasts} role="status" aria-live="polite">
      <For each={toasts()}>
        {(toast) => (
          <p class={styles.toast} classList={{ [styles.bad as string]: toast.bad }}>
            {toast.text}
          </p>
        )}
      </For>
    </div>
  );
}
