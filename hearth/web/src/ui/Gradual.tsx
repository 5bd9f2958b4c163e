// A long list of lines, so much of it as was looked at: more is made when the last line comes into sight.
import { createEffect, createMemo, createSignal, For, type JSX, on, onCleanup } from "solid-js";

/** So many lines are made at a time. */
const STEP = 100;

export function Gradual<T>(props: {
  each: readonly T[];
  class?: string;
  fallback?: JSX.Element;
  children: (one: T) => JSX.Element;
}): JSX.Element {
  const [most, setMost] = createSignal(STEP);
  const shown = createMemo(() => props.each.slice(0, most()));
  let list!: HTMLUListElement;
  // The last line, not something behind it: who goes through the list by keyboard gets to it, too.
  const sight = new IntersectionObserver((entries) => entries.some((one) => one.isIntersecting) && setMost(most() + STEP));
  onCleanup(() => sight.disconnect());
  createEffect(
    on(shown, () => {
      sight.disconnect();
      if (shown().length < props.each.length && list.lastElementChild) sight.observe(list.lastElementChild);
    }),
  );
  return (
    <ul ref={list} class={props.class}>
      <For each={shown()} fallback={props.fallback}>
        {(one) => <li>{props.children(one)}</li>}
      </For>
    </ul>
  );
}
