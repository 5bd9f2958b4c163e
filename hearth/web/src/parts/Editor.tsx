// A message while it is edited: Enter keeps the change, Escape lets it be.
import { createSignal, type JSX, onMount } from "solid-js";
import { attemptDelete } from "./messageMenu.ts";
import * as actions from "../actions/messages.ts";
import type { Message } from "../core/types.ts";
import { attempt } from "../ui/toast.tsx";
import styles from "./Message.module.css";

export function Editor(props: { message: Message; onDone: () => void }): JSX.Element {
  const [text, setText] = createSignal(props.message.content);
  let area!: HTMLTextAreaElement;
  onMount(() => {
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
  });
  const save = async () => {
    const content = text().trim();
    if (content === props.message.content) return props.onDone();
    if (!content && !props.message.attachments.length && !props.message.sticker_items?.length) {
      attemptDelete(props.message);
      return props.onDone();
    }
    if (await attempt(() => actions.edit(props.message, content))) props.onDone();
  };
  return (
    <div class={styles.editor}>
      <textarea
        ref={area}
        rows="1"
        maxlength="2000"
        aria-label="Edit message"
        value={text()}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === "Escape") props.onDone();
          else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
            event.preventDefault();
            void save();
          }
        }}
      />
      <p>
        <button type="button" onClick={() => void save()}>
          Save
        </button>{" "}
        with Enter ·{" "}
        <button type="button" onClick={() => props.onDone()}>
          cancel
        </button>{" "}
        with Escape
      </p>
    </div>
  );
}
