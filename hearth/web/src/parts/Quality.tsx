// How the connection of voice is: bars, and behind a press what is measured, what that means, and what to do.
import { createUniqueId, For, type JSX, Show } from "solid-js";
import { own } from "../store/voice.ts";
import { Icon } from "../ui/Icon.tsx";
import styles from "./Quality.module.css";

const WORDS = { good: "good", fair: "middling", poor: "poor" };
const ROUTES = { direct: "Directly between the two of you, not by the server", udp: "Straight, by UDP", tcp: "Around, by TCP: your network lets no UDP through", relay: "By a relay: there is no other way" };

/** Who could listen. */
export const secrecy = () => (own.quality?.direct ? "Encrypted between the two of you." : "Encrypted on the way to the server. Whoever runs it could listen.");

export const grade = () => own.quality?.grade ?? "good";

/** As many bars as it is good; a shape, for who sees no colours. */
export function Bars(): JSX.Element {
  return (
    <span class={styles.bars} data-grade={grade()} aria-hidden="true">
      <i />
      <i />
      <i />
    </span>
  );
}

/** A button that shows the figures: bars, and where there is room for it `words`. */
export function Quality(props: { class?: string; words?: boolean }): JSX.Element {
  const id = createUniqueId();
  let button!: HTMLButtonElement;
  let panel!: HTMLDivElement;
  const place = () => {
    const box = button.getBoundingClientRect();
    const { width, height } = panel.getBoundingClientRect();
    panel.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`;
    panel.style.top = `${Math.max(8, box.top - height - 8)}px`;
  };
  const rows = (): [name: string, value: string, word: string][] => {
    const now = own.quality;
    if (!now) return [];
    return [
      ["There and back", now.roundTripMs === null ? "not known yet" : `${now.roundTripMs} ms`, now.roundTripMs === null ? "" : WORDS[now.grades.roundTripMs]],
      ["Lost on the way", `${now.lossPercent} %`, WORDS[now.grades.lossPercent]],
      ["Unevenness (jitter)", `${now.jitterMs} ms`, WORDS[now.grades.jitterMs]],
    ];
  };
  return (
    <>
      <button ref={button} type="button" class={`${styles.button} ${props.class ?? ""}`} popovertarget={id} aria-haspopup="dialog">
        <Bars />
        <span class={props.words ? undefined : "unseen"}>{own.quality?.words ?? "Connection"}</span>
        <span class="unseen">: show the figures</span>
      </button>
      {/* It closes by Escape and a press elsewhere, and gives the focus back: the browser sees to that. */}
      <div
        ref={panel}
        id={id}
        popover="auto"
        role="dialog"
        aria-label="Connection of voice"
        tabindex="-1"
        class={styles.panel}
        onToggle={(event) => {
          if ((event as ToggleEvent).newState !== "open") return;
          place();
          panel.focus();
        }}
      >
        <p class={styles.words} data-grade={grade()}>
          <Bars /> {own.quality?.words ?? "It is being measured."}
        </p>
        <Show when={own.quality?.way}>{(way) => <p>{way()}</p>}</Show>
        <dl>
          <For each={rows()}>
            {([name, value, word]) => (
              <div>
                <dt>{name}</dt>
                <dd>
                  {value}
                  <Show when={word}>
                    <span class={styles.word}>{word}</span>
                  </Show>
                </dd>
              </div>
            )}
          </For>
          <Show when={own.quality?.direct ? ("direct" as const) : own.quality?.route}>
            {(route) => (
              <div>
                <dt>Way</dt>
                <dd>{ROUTES[route()]}</dd>
              </div>
            )}
          </Show>
        </dl>
        <p class={styles.foot}>
          <Icon name="lock" size={14} /> {secrecy()}
        </p>
      </div>
    </>
  );
}
