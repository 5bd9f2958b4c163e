// A list of things, a line each; what is said where there are none, or where they cannot be had.
import { createEffect, type JSX, type Resource, Show } from "solid-js";
import { createStore, reconcile } from "solid-js/store";
import { Gradual } from "./Gradual.tsx";
import styles from "./Rows.module.css";

/** `list` is the part of what was `found` that is shown, where that is not all. */
export function Rows<T>(props: {
  found: Resource<T[]>;
  list?: T[];
  nothing: string;
  children: (one: T) => JSX.Element;
}): JSX.Element {
  return (
    <Show when={!props.found.error} fallback={<p class="bad">{(props.found.error as Error).message}</p>}>
      <Gradual class={styles.rows} each={props.list ?? props.found.latest ?? []} fallback={<li class="soft">{props.found.loading ? "…" : props.nothing}</li>}>
        {props.children}
      </Gradual>
    </Show>
  );
}

/** What was found, the same objects for the same ids each time it is found anew: a row that is written in stays. */
export function steady<T extends { id: unknown }>(found: Resource<T[]>): T[] {
  const [kept, setKept] = createStore<T[]>([]);
  createEffect(() => {
    if (!found.error && found.latest) setKept(reconcile(found.latest, { key: "id" }));
  });
  return kept;
}
