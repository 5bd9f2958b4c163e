// The bar that says how much is new, while the first of it is out of sight.
import { type JSX, Show } from "solid-js";
import { createdMs } from "../../core/snowflake.ts";
import { stamp } from "../../core/time.ts";
import { IconButton } from "../../ui/Button.tsx";
import styles from "./Timeline.module.css";

export function News(props: {
  first: string | null;
  count: number;
  onJump: (id: string) => void;
  onRead: () => void;
}): JSX.Element {
  return (
    <Show when={props.count > 8 ? props.first : null}>
      {(first) => (
        <div class={styles.news}>
          <button type="button" onClick={() => props.onJump(first())}>
            {props.count} new since {stamp(createdMs(first()), Date.now()).replace(/^Today at /, "")} · jump
          </button>
          <IconButton icon="close" label="Mark as read" onClick={() => props.onRead()} />
        </div>
      )}
    </Show>
  );
}
