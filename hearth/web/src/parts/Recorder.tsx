// In the composer's place while a voice message is recorded: how loud it is, how long, heard again, sent or not.
import { createSignal, type JSX, onCleanup, onMount, Show } from "solid-js";
import { record, type Recorded, type Recorder as Running, sendRecorded } from "../actions/recording.ts";
import type { Id } from "../core/types.ts";
import type { SentFile } from "../store/outbox.ts";
import { IconButton } from "../ui/Button.tsx";
import { say } from "../ui/toast.tsx";
import styles from "./Recorder.module.css";
import { Bars, minutes, VoiceMessage } from "./VoiceMessage.tsx";

const BARS = 60;

export default function Recorder(props: { channelId: Id; onSend: (file: SentFile) => void; onClose: () => void }): JSX.Element {
  const [seconds, setSeconds] = createSignal(0);
  const [levels, setLevels] = createSignal<number[]>([]);
  const [taken, setTaken] = createSignal<{ recorded: Recorded; url: string } | null>(null);
  const [busy, setBusy] = createSignal(false);
  let running: Running | null = null;
  let closed = false;
  let box!: HTMLDivElement;
  const failed = (error: unknown) => say(error instanceof Error ? error.message : String(error), true);
  const stop = async () => {
    const now = running;
    running = null;
    if (!now) return;
    const recorded = await now.end();
    if (!closed) setTaken({ recorded, url: URL.createObjectURL(recorded.file) });
  };
  onMount(async () => {
    box.focus();
    try {
      const begun = await record(
        (now, all) => {
          setSeconds(now);
          setLevels(Array.from({ length: BARS }, (_, i) => all[all.length - BARS + i] ?? 0));
        },
        () => void stop(),
      );
      if (closed) begun.drop();
      else running = begun;
    } catch (error) {
      failed(error);
      props.onClose();
    }
  });
  onCleanup(() => {
    closed = true;
    running?.drop();
    const old = taken();
    if (old) URL.revokeObjectURL(old.url);
  });
  const send = async () => {
    setBusy(true);
    try {
      await stop();
      const ready = taken();
      if (!ready) return;
      const file = await sendRecorded(props.channelId, ready.recorded);
      if (closed) return;
      props.onSend(file);
      props.onClose();
    } catch (error) {
      failed(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div
      ref={box}
      class={styles.recorder}
      role="group"
      aria-label="Voice message"
      tabindex="-1"
      onKeyDown={(event) => {
        if (event.key === "Escape") props.onClose();
        else if (event.key === "Enter" && event.target === box) void send();
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      <IconButton icon="trash" label="Discard" tip="above" onClick={props.onClose} />
      <Show
        when={taken()}
        fallback={
          <>
            <span class={styles.dot} aria-hidden="true" />
            <span class={styles.time} role="timer" aria-label="Recording">
              {minutes(seconds())}
            </span>
            <span class={styles.bars}>
              <Bars bars={levels()} played={1} />
            </span>
            <IconButton icon="stop" label="Stop, and listen first" tip="above" disabled={seconds() === 0} onClick={() => void stop()} />
          </>
        }
      >
        {(one) => (
          <span class={styles.again}>
            <VoiceMessage url={one().url} seconds={one().recorded.seconds} waveform={one().recorded.waveform} />
          </span>
        )}
      </Show>
      <IconButton icon="send" label={busy() ? "Sending…" : "Send the voice message"} tip="above" class={styles.send} disabled={busy() || (seconds() === 0 && !taken())} onClick={() => void send()} />
    </div>
  );
}
