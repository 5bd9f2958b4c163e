// A dialog over the page: the browser keeps the focus in it and gives it back.
import { createUniqueId, type JSX, onCleanup, onMount, Show } from "solid-js";
import { IconButton } from "./Button.tsx";
import styles from "./Dialog.module.css";

/** Open as long as it is there; `onClose` is asked to take it away. */
export function Dialog(props: {
  title: string;
  intro?: JSX.Element;
  children: JSX.Element;
  actions?: JSX.Element;
  onClose: () => void;
  onSubmit?: () => void;
  wide?: boolean;
}): JSX.Element {
  const id = createUniqueId();
  let dialog!: HTMLDialogElement;
  onMount(() => {
    dialog.showModal();
    const first = dialog.querySelector<HTMLElement>("[autofocus]") ?? dialog.querySelector<HTMLElement>(":is(input, textarea, select):not([tabindex=\"-1\"])");
    first?.focus();
  });
  onCleanup(() => dialog.close());
  return (
    <dialog
      ref={dialog}
      class={styles.dialog}
      classList={{ [styles.wide as string]: props.wide ?? false }}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onPointerDown={(event) => event.target === dialog && props.onClose()}
    >
      <form
        class={styles.inner}
        onSubmit={(event) => {
          event.preventDefault();
          props.onSubmit?.();
        }}
      >
        <header class={styles.head}>
          <h2 id={id}>{props.title}</h2>
          <IconButton icon="close" label="Close" onClick={() => props.onClose()} />
        </header>
        <Show when={props.intro}>
          <p class={styles.intro}>{props.intro}</p>
        </Show>
        <div class={styles.body}>{props.children}</div>
        <Show when={props.actions}>
          <footer class={styles.foot}>{props.actions}</footer>
        </Show>
      </form>
    </dialog>
  );
}
