// The row of buttons over the message that the pointer or the keyboard is at.
import { For, type JSX, Show } from "solid-js";
import { IconButton } from "../ui/Button.tsx";
import styles from "./Message.module.css";

const QUICK = ["👍", "❤️", "😂"];

export function MessageTools(props: {
  onReact?: (beside: Element) => void;
  onQuick?: (emoji: string) => void;
  onReply?: () => void;
  onEdit?: () => void;
  onMore: (beside: Element) => void;
  open: boolean;
}): JSX.Element {
  return (
    <div class={styles.tools} role="group" aria-label="Message actions">
      <Show when={props.onQuick}>
        {(quick) => (
          <For each={QUICK}>
            {(emoji) => (
              <button type="button" class={styles.quick} tabindex="-1" aria-label={`React with ${emoji}`} onClick={() => quick()(emoji)}>
                {emoji}
              </button>
            )}
          </For>
        )}
      </Show>
      <Show when={props.onReact}>
        {(react) => <IconButton icon="react" label="Add reaction" tip="above" onClick={(event) => react()(event.currentTarget)} />}
      </Show>
      <Show when={props.onReply}>
        {(reply) => <IconButton icon="reply" label="Reply" tip="above" onClick={() => reply()()} />}
      </Show>
      <Show when={props.onEdit}>
        {(edit) => <IconButton icon="pencil" label="Edit" tip="above" onClick={() => edit()()} />}
      </Show>
      <IconButton
        icon="dots"
        label="More"
        tip="above"
        aria-haspopup="menu"
        aria-expanded={props.open}
        onClick={(event) => props.onMore(event.currentTarget)}
      />
    </div>
  );
}
