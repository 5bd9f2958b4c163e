// How many wait for you; nothing where none do. Without `words` it is for the eye alone.

import { type JSX, Show } from "solid-js";
import styles from "./Badge.module.css";

export function Badge(props: { count: number; words?: string; class?: string }): JSX.Element {
  return (
    <Show when={props.count > 0}>
      <span class={`${styles.badge} ${props.class ?? ""}`} aria-hidden={props.words ? undefined : "true"}>
        {props.count > 99 ? "99+" : props.count}
        <Show when={props.words}>
          <span class="unseen"> {props.words}</span>
        </Show>
      </span>
    </Show>
  );
}
