// What the connection is like, when it is not as it should be.
import { createEffect, createMemo, createSignal, type JSX, onCleanup, Show } from "solid-js";
import { outbox } from "../store/outbox.ts";
import { session } from "../store/session.ts";
import styles from "./Connection.module.css";

/** A reconnection that takes less is not spoken of. */
const GRACE_MS = 1500;

export function Connection(): JSX.Element {
  const [late, setLate] = createSignal(false);
  const there = createMemo(() => session.connection === "ready");
  createEffect(() => {
    if (there()) return setLate(false);
    const timer = setTimeout(() => setLate(true), GRACE_MS);
    onCleanup(() => clearTimeout(timer));
  });
  const waiting = () => outbox.filter((one) => !one.failed).length;
  return (
    <div class={styles.line} role="status" data-connection={session.connection}>
      <Show when={late()} fallback={<span class="unseen">{session.connection === "ready" ? "Connected" : "Reconnecting"}</span>}>
        <p class={styles.banner}>
          <i aria-hidden="true" />
          {navigator.onLine ? "The server does not answer. Trying again…" : "You are offline."}
          <Show when={waiting()}>
            {" "}
            {waiting() === 1 ? "One message waits" : `${waiting()} messages wait`} to be sent.
          </Show>
        </p>
      </Show>
    </div>
  );
}
