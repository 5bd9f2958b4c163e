// The files that wait in the composer: each with its progress, a way out, and what is said of it.
import { For, type JSX, Show } from "solid-js";
import { cancelUpload, retryUpload } from "../actions/uploads.ts";
import type { Id } from "../core/types.ts";
import { changeUpload, type Upload, uploadsIn } from "../store/uploads.ts";
import { IconButton } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { bytes } from "./Attachments.tsx";
import styles from "./UploadTray.module.css";

export function UploadTray(props: { channelId: Id }): JSX.Element {
  return (
    <Show when={uploadsIn(props.channelId).length}>
      <ul class={styles.tray} aria-label="Files">
        <For each={uploadsIn(props.channelId)}>{(one) => <Entry one={one} channelId={props.channelId} />}</For>
      </ul>
    </Show>
  );
}

function Entry(props: { one: Upload; channelId: Id }): JSX.Element {
  const percent = () => Math.round(props.one.progress * 100);
  return (
    <li class={styles.entry} data-state={props.one.state}>
      <div class={styles.picture} data-spoiler={props.one.spoiler || undefined}>
        <Show when={props.one.preview} fallback={<Icon name="clip" size={32} />}>
          <img src={props.one.preview} alt="" />
        </Show>
      </div>
      <p class="cut small" title={props.one.filename}>
        {props.one.filename}
      </p>
      <Show
        when={props.one.state !== "failed"}
        fallback={
          <p class={styles.failed} role="alert">
            {props.one.error}
          </p>
        }
      >
        <Show
          when={props.one.state === "sending"}
          fallback={
            <input
              class={styles.words}
              placeholder="What is on it?"
              aria-label={`What is on ${props.one.filename}, for those who cannot see it`}
              maxlength="1024"
              value={props.one.description}
              onInput={(event) => changeUpload(props.one.key, { description: event.currentTarget.value })}
            />
          }
        >
          <div class={styles.progress}>
            <progress max="100" value={percent()} aria-label={`${props.one.filename}: sent`} />
            <span class="small soft">
              {percent()} % of {bytes(props.one.size)}
            </span>
          </div>
        </Show>
      </Show>
      <div class={styles.tools}>
        <Show when={props.one.state === "failed"}>
          <IconButton icon="send" size={16} label={`Try ${props.one.filename} again`} onClick={() => retryUpload(props.channelId, props.one.key)} />
        </Show>
        <Show when={props.one.preview}>
          <IconButton
            icon="eye"
            size={16}
            label={`Hide ${props.one.filename} until somebody wants to see it`}
            pressed={props.one.spoiler}
            onClick={() => changeUpload(props.one.key, { spoiler: !props.one.spoiler })}
          />
        </Show>
        <IconButton icon="close" size={16} label={`Remove ${props.one.filename}`} onClick={() => cancelUpload(props.one.key)} />
      </div>
    </li>
  );
}
