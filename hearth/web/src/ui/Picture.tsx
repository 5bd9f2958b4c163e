// Choosing a picture of somebody or something, and taking it away.
import { createSignal, type JSX, Show } from "solid-js";
import { Button } from "./Button.tsx";
import { readPicture } from "./picture.ts";
import styles from "./Picture.module.css";

const LONGEST_PX = 512;
const MOST_BYTES = 700 * 1024;

/** `children` is the picture as it is; `onChoose` gets the new one, or null for none. */
export function Picture(props: {
  label: string;
  children: JSX.Element;
  present: boolean;
  disabled?: boolean;
  onChoose: (data: string | null) => void;
}): JSX.Element {
  const [error, setError] = createSignal("");
  let input!: HTMLInputElement;
  const choose = async () => {
    const file = input.files?.[0];
    input.value = "";
    if (!file) return;
    setError("");
    try {
      props.onChoose(await readPicture(file, LONGEST_PX, MOST_BYTES));
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
    }
  };
  return (
    <div class={styles.picture}>
      {props.children}
      <div class={styles.buttons}>
        <input ref={input} class="unseen" type="file" accept="image/png,image/jpeg,image/webp,image/gif" tabindex="-1" aria-label={props.label} onChange={() => void choose()} />
        <Button disabled={props.disabled} onClick={() => input.click()}>
          {props.label}
        </Button>
        <Show when={props.present}>
          <Button kind="quiet" disabled={props.disabled} onClick={() => props.onChoose(null)}>
            Remove
          </Button>
        </Show>
        <Show when={error()}>
          <p class="bad small" role="alert">
            {error()}
          </p>
        </Show>
      </div>
    </div>
  );
}
