// What the keyboard does.
import { For, type JSX } from "solid-js";
import { Dialog } from "../../ui/Dialog.tsx";
import styles from "./Keys.module.css";

const KEYS: [keys: string, what: string][] = [
  ["Ctrl K", "Go to a channel, DM or guild"],
  ["Ctrl F", "Search in messages"],
  ["Alt ↑ ↓", "Channel above or below"],
  ["Alt Shift ↑ ↓", "Unread channel above or below"],
  ["Ctrl Shift ↑ ↓", "Move the channel or category that has the focus"],
  ["Esc", "Mark the channel as read"],
  ["Shift Esc", "Mark the guild as read"],
  ["↑", "Edit your last message"],
  ["Ctrl Shift M", "Mute or unmute yourself"],
  ["Ctrl Shift D", "Deafen or undeafen yourself"],
  ["F6", "From region to region"],
  ["E R P +", "On a message: edit, reply, pin, react"],
  ["↑ ↓", "On a message: to the one above or below"],
  ["Ctrl /", "This list"],
];

export default function Keys(props: { onClose: () => void }): JSX.Element {
  return (
    <Dialog title="Keyboard" onClose={props.onClose}>
      <dl class={styles.keys}>
        <For each={KEYS}>
          {([keys, what]) => (
            <div>
              <dt>
                <For each={keys.split(" ")}>{(key) => <kbd>{key}</kbd>}</For>
              </dt>
              <dd>{what}</dd>
            </div>
          )}
        </For>
      </dl>
    </Dialog>
  );
}
