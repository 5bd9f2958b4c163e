// The stickers of a message.
import { createSignal, For, type JSX, Show } from "solid-js";
import { stickerUrl } from "../core/cdn.ts";
import type { StickerItem } from "../core/types.ts";
import styles from "./Stickers.module.css";

/** `size` is the longest side in CSS pixels; the room is kept before the picture is there. */
export function Stickers(props: { list: StickerItem[] | undefined; size?: number }): JSX.Element {
  return (
    <Show when={props.list?.length}>
      <div class={styles.stickers}>
        <For each={props.list}>{(one) => <Sticker sticker={one} size={props.size ?? 160} />}</For>
      </div>
    </Show>
  );
}

function Sticker(props: { sticker: StickerItem; size: number }): JSX.Element {
  // Messages keep the name of a sticker that is deleted.
  const [gone, setGone] = createSignal(false);
  return (
    <Show when={!gone()} fallback={<p class={styles.gone}>Sticker: {props.sticker.name} · deleted since</p>}>
      <img
        class={styles.sticker}
        src={stickerUrl(props.sticker)}
        width={props.size}
        height={props.size}
        alt={`Sticker: ${props.sticker.name}`}
        title={props.sticker.name}
        loading="lazy"
        decoding="async"
        onError={() => setGone(true)}
      />
    </Show>
  );
}
