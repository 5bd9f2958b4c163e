// Choosing a picture: what was chosen comes back as a data URI, made small enough to send.
import { createSignal, type JSX, Show } from "solid-js";
import { Button } from "./Button.tsx";
import styles from "./Picture.module.css";

/** Pictures are sent with no longer side than this; what moves is sent as it is. */
const LONGEST_PX = 512;
const MOST_BYTES = 700 * 1024;

async function read(file: File): Promise<string> {
  if (file.type !== "image/gif" && file.type.startsWith("image/")) {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, LONGEST_PX / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    return canvas.toDataURL("image/webp", 0.92);
  }
  if (file.size > MOST_BYTES) throw new Error("This picture is too big: a moving one has at most 700 KB.");
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result as string);
    reader.onerror = () => fail(new Error("This file cannot be read."));
    reader.readAsDataURL(file);
  });
}

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
      props.onChoose(await read(file));
    } catch (failure) {
      setError(failure instanceof Error && failure.message ? failure.message : "This is no picture that the browser knows.");
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
