// The row of reactions under a message.
import { For, type JSX, Show } from "solid-js";
import * as actions from "../actions/messages.ts";
import { emojiUrl } from "../core/cdn.ts";
import type { Emoji, Message } from "../core/types.ts";
import { IconButton } from "../ui/Button.tsx";
import { attempt } from "../ui/toast.tsx";
import styles from "./Message.module.css";

export function EmojiImage(props: { emoji: Emoji }): JSX.Element {
  return (
    <Show when={props.emoji.id} fallback={<span class={styles.glyph}>{props.emoji.name}</span>}>
      <img class={styles.glyph} src={emojiUrl(props.emoji)} alt="" loading="lazy" />
    </Show>
  );
}

export function Reactions(props: {
  message: Message;
  guildId?: string;
  addable: boolean;
  onAdd: (beside: Element) => void;
}): JSX.Element {
  return (
    <Show when={props.message.reactions?.length}>
      <div class={styles.reactions}>
        <For each={props.message.reactions}>
          {(reaction) => (
            <button
              type="button"
              class={styles.reaction}
              aria-pressed={reaction.me}
              aria-label={`${reaction.emoji.name}, ${reaction.count}`}
              data-tip={reaction.emoji.id ? `:${reaction.emoji.name}:` : undefined}
              onClick={() => void attempt(() => actions.react(props.message, reaction.emoji, !reaction.me))}
            >
              <EmojiImage emoji={reaction.emoji} />
              <span>{reaction.count}</span>
            </button>
          )}
        </For>
        <Show when={props.addable}>
          <IconButton class={styles.add} icon="react" size={18} label="Add reaction" onClick={(event) => props.onAdd(event.currentTarget)} />
        </Show>
      </div>
    </Show>
  );
}
