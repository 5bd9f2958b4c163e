// One row of the timeline: what stands above a message, and the message or what is still on its way.
import { type JSX, Show } from "solid-js";
import { longDate } from "../../core/time.ts";
import type { Channel } from "../../core/types.ts";
import { Message } from "../Message.tsx";
import { Pending } from "../Pending.tsx";
import type { Place } from "./rows.ts";
import styles from "./Timeline.module.css";

export function Row(props: {
  key: string;
  channel: Channel;
  place: Place | undefined;
  marked: boolean;
  /** Whether Tab reaches this row. */
  last: boolean;
  onFocus: () => void;
  onJump: (messageId: string) => void;
}): JSX.Element {
  const head = () => props.place?.head ?? true;
  return (
    <div class={styles.row} classList={{ [styles.head as string]: head() }} data-key={props.key}>
      <Show when={props.place?.day}>
        {(day) => (
          <p class={styles.day} classList={{ [styles.fresh as string]: props.place?.fresh ?? false }}>
            <span>{longDate(day())}</span>
            <Show when={props.place?.fresh}>
              <b>New</b>
            </Show>
          </p>
        )}
      </Show>
      <Show when={props.place?.fresh && !props.place.day}>
        <p class={styles.new}>
          <b>New</b>
        </p>
      </Show>
      <Show
        when={props.key.startsWith("~")}
        fallback={
          <Message
            id={props.key}
            channel={props.channel}
            head={head()}
            marked={props.marked}
            reachable={props.last}
            onFocus={props.onFocus}
            onJump={props.onJump}
          />
        }
      >
        <Pending nonce={props.key.slice(1)} channelId={props.channel.id} head={head()} reachable={props.last} onFocus={props.onFocus} />
      </Show>
    </div>
  );
}
