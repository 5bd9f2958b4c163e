// A face: the picture, or the first letter on a colour of the id's own; with a presence as a shape.
import { createSignal, type JSX, Show } from "solid-js";
import styles from "./Avatar.module.css";

export interface AvatarProps {
  id: string;
  name: string;
  /** Where the picture is, if there is one. */
  src?: string;
  size?: number;
  square?: boolean;
  status?: "online" | "idle" | "dnd" | "offline";
}

const WORDS = { online: "online", idle: "away", dnd: "do not disturb", offline: "offline" };

/** Each id has one of twelve hues, always the same. */
export function hueOf(id: string): number {
  let sum = 7;
  for (const char of id) sum = (sum * 31 + char.charCodeAt(0)) % 9973;
  return (sum % 12) * 30;
}

/** The first letters of up to two words. */
export function initials(name: string): string {
  const words = name.split(/[\s_.-]+/).filter(Boolean);
  const first = [...(words[0] ?? "?")][0] ?? "?";
  const second = words.length > 1 ? ([...(words.at(-1) as string)][0] ?? "") : "";
  return (first + second).toUpperCase();
}

export function Avatar(props: AvatarProps): JSX.Element {
  const [broken, setBroken] = createSignal(false);
  return (
    <span
      class={styles.avatar}
      classList={{ [styles.square as string]: props.square ?? false }}
      style={{ "--size": `${props.size ?? 40}px`, "--hue": hueOf(props.id) }}
    >
      <Show
        when={props.src && !broken()}
        fallback={
          <span class={styles.letter} aria-hidden="true">
            {props.square ? initials(props.name) : initials(props.name).slice(0, 1)}
          </span>
        }
      >
        <img src={props.src} alt="" loading="lazy" decoding="async" onError={() => setBroken(true)} />
      </Show>
      <Show when={props.status}>
        {(status) => (
          <>
            <svg class={styles.status} viewBox="0 0 12 12" aria-hidden="true" data-status={status()}>
              <circle cx="6" cy="6" r="6" class={styles.gap} />
              <Show when={status() === "online"}>
                <circle cx="6" cy="6" r="4.200" fill="var(--ok)" />
              </Show>
              <Show when={status() === "idle"}>
                <path d="M5 1.800a4.300 4.300 0 1 0 5.200 5.200A3.600 3.600 0 0 1 5 1.800z" fill="var(--warn)" />
              </Show>
              <Show when={status() === "dnd"}>
                <circle cx="6" cy="6" r="4.200" fill="var(--bad)" />
                <path d="M4 6h4" stroke="var(--side)" stroke-width="1.600" stroke-linecap="round" />
              </Show>
              <Show when={status() === "offline"}>
                <circle cx="6" cy="6" r="3.300" fill="none" stroke="var(--faint)" stroke-width="1.800" />
              </Show>
            </svg>
            <span class="unseen">{WORDS[status()]}</span>
          </>
        )}
      </Show>
    </span>
  );
}
