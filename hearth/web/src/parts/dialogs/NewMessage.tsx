// A new DM, or a group of several friends.
import { createSignal, For, type JSX, Show } from "solid-js";
import { openDm } from "../../actions/social.ts";
import { RelationshipType } from "../../core/types.ts";
import { relationships } from "../../store/relationships.ts";
import { userName, users } from "../../store/users.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { TextField } from "../../ui/Field.tsx";
import { navigate } from "../../ui/router.ts";
import { attempt } from "../../ui/toast.tsx";
import { Face } from "../Face.tsx";
import styles from "./NewMessage.module.css";

export default function NewMessage(props: { onClose: () => void }): JSX.Element {
  const [query, setQuery] = createSignal("");
  const [chosen, setChosen] = createSignal<string[]>([]);
  const friends = () =>
    Object.values(relationships)
      .filter((one) => one.type === RelationshipType.FRIEND)
      .map((one) => one.id)
      .filter((id) => userName(users[id]).toLowerCase().includes(query().toLowerCase()))
      .sort((a, b) => userName(users[a]).localeCompare(userName(users[b])));
  const toggle = (id: string) => setChosen(chosen().includes(id) ? chosen().filter((one) => one !== id) : [...chosen(), id]);
  const submit = () =>
    attempt(async () => {
      const id = await openDm(chosen());
      props.onClose();
      navigate(`/channels/@me/${id}`);
    });
  return (
    <Dialog
      title="New message"
      intro="To one friend, or to a group of up to nine."
      onClose={props.onClose}
      onSubmit={() => void submit()}
      actions={
        <Button type="submit" kind="primary" disabled={!chosen().length || chosen().length > 9}>
          {chosen().length > 1 ? `Make a group of ${chosen().length + 1}` : "Open"}
        </Button>
      }
    >
      <TextField label="Find a friend" value={query()} onInput={(event) => setQuery(event.currentTarget.value)} />
      <ul class={styles.list}>
        <For each={friends()} fallback={<li class="soft">No friend is called that. Add friends by their name first.</li>}>
          {(id) => (
            <li>
              <label class={styles.friend}>
                <Face id={id} size={32} status />
                <span class="cut grow">{userName(users[id])}</span>
                <Show when={userName(users[id]) !== users[id]?.username}>
                  <span class="soft small cut">{users[id]?.username}</span>
                </Show>
                <input type="checkbox" checked={chosen().includes(id)} onChange={() => toggle(id)} />
              </label>
            </li>
          )}
        </For>
      </ul>
    </Dialog>
  );
}
