// Files of a message: pictures shown in their shape before they come, sound and film playable, all else a link.
import { createSignal, For, type JSX, Match, Show, Switch } from "solid-js";
import { hereUrl } from "../core/cdn.ts";
import type { Attachment } from "../core/types.ts";
import { Icon } from "../ui/Icon.tsx";
import styles from "./Attachments.module.css";
import { VoiceMessage } from "./VoiceMessage.tsx";

const WIDEST = 420;
const TALLEST = 320;

function shape(file: Attachment): { width: number; height: number } | null {
  if (!file.width || !file.height) return null;
  const scale = Math.min(1, WIDEST / file.width, TALLEST / file.height);
  return { width: Math.round(file.width * scale), height: Math.round(file.height * scale) };
}

export function bytes(size: number): string {
  const units = ["B", "KB", "MB", "GB"];
  let at = 0;
  let left = size;
  while (left >= 1024 && at < units.length - 1) {
    left /= 1024;
    at += 1;
  }
  return `${left < 10 && at > 0 ? left.toFixed(1) : Math.round(left)} ${units[at]}`;
}

export function Attachments(props: { list: Attachment[] | undefined }): JSX.Element {
  return (
    <Show when={props.list?.length}>
      <div class={styles.files}>
        <For each={props.list}>{(file) => <File file={file} />}</For>
      </div>
    </Show>
  );
}

function File(props: { file: Attachment }): JSX.Element {
  const [shown, setShown] = createSignal(false);
  const kind = () => props.file.content_type?.split("/")[0];
  return (
    <Switch
      fallback={
        <a class={styles.file} href={hereUrl(props.file.url)} target="_blank" rel="noreferrer noopener">
          <Icon name="clip" />
          <span class="cut">{props.file.filename}</span>
          <span class="soft small">{bytes(props.file.size)}</span>
        </a>
      }
    >
      <Match when={props.file.filename.startsWith("SPOILER_") && !shown()}>
        <button type="button" class={styles.hidden} onClick={() => setShown(true)}>
          <Icon name="eye" /> Hidden file · show
        </button>
      </Match>
      <Match when={kind() === "image" && shape(props.file)}>
        {(size) => (
          <a href={hereUrl(props.file.url)} target="_blank" rel="noreferrer noopener">
            <img
              class={styles.picture}
              src={hereUrl(props.file.proxy_url ?? props.file.url)}
              width={size().width}
              height={size().height}
              alt={props.file.description || props.file.filename}
              loading="lazy"
              decoding="async"
            />
          </a>
        )}
      </Match>
      <Match when={kind() === "video"}>
        <video class={styles.picture} src={hereUrl(props.file.url)} controls preload="metadata" width={WIDEST} />
      </Match>
      <Match when={kind() === "audio" && props.file.waveform}>
        {(waveform) => <VoiceMessage url={hereUrl(props.file.url)} seconds={props.file.duration_secs ?? 0} waveform={waveform()} />}
      </Match>
      <Match when={kind() === "audio"}>
        <audio src={hereUrl(props.file.url)} controls preload="metadata" />
      </Match>
    </Switch>
  );
}
