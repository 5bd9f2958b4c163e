// Over the person's own bar while they are in voice: where, how the connection is, what they show, the way out.
import { createEffect, type JSX, on, Show } from "solid-js";
import { leave, setCameraOn, setScreenOn } from "../actions/voice.ts";
import { channelName, isPrivate, may } from "../store/channels.ts";
import { guilds } from "../store/guilds.ts";
import { setPane } from "../store/place.ts";
import { isStage, myChannel, notice, own, silenced } from "../store/voice.ts";
import { Button, IconButton } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { follow } from "../ui/router.ts";
import { attempt, say } from "../ui/toast.tsx";
import { Quality } from "./Quality.tsx";
import { roomInSight, stayWords, VoiceNotes } from "./VoiceNotes.tsx";
import styles from "./VoicePanel.module.css";

export default function VoicePanel(): JSX.Element {
  createEffect(on(notice, (text) => say(text), { defer: true }));
  const where = () => {
    const channel = myChannel();
    if (!channel) return "a channel that is gone";
    const guild = channel.guild_id ? guilds[channel.guild_id]?.name : undefined;
    return guild ? `${channelName(channel)} · ${guild}` : channelName(channel);
  };
  const href = () => `/channels/${own.guildId ?? "@me"}/${own.channelId}`;
  const direct = () => own.phase === "connected" && (own.quality?.direct ?? false);
  const state = () => (own.phase === "connected" ? (own.quality?.grade ?? "good") : own.phase === "failed" ? "failed" : "wait");
  const shows = () => {
    const channel = myChannel();
    return channel !== undefined && (isPrivate(channel) || may(channel, "STREAM")) && !(isStage(channel) && silenced());
  };
  return (
    <section class={styles.panel} aria-label="Voice">
      <div class={styles.top} data-state={state()}>
        <Show when={own.phase === "connected"} fallback={<Icon name={own.phase === "failed" ? "warning" : "signal"} size={18} class={styles.sign} />}>
          <Quality class={styles.quality} />
        </Show>
        <div class={styles.words}>
          <p class={`cut ${styles.state}`} role="status" data-voice={own.phase} data-direct={direct() || undefined}>
            {stayWords()}
          </p>
          <a class={`cut ${styles.where}`} href={href()} onClick={(event) => { follow(event); setPane("none"); }}>
            {where()}
          </a>
        </div>
        <IconButton icon="hangUp" label={own.phase === "failed" ? "Close" : "Disconnect"} tip="above" class={styles.leave} onClick={leave} />
      </div>
      <Show when={!roomInSight()}>
        <VoiceNotes />
      </Show>
      <Show when={own.phase === "connected" && shows()}>
        <div class={styles.tools}>
          <Button icon={own.camera ? "camera" : "cameraOff"} aria-pressed={own.camera !== null} class={own.camera ? styles.on : undefined} onClick={() => void attempt(() => setCameraOn(!own.camera))}>
            Camera
          </Button>
          <Button icon="screen" aria-pressed={own.screen !== null} class={own.screen ? styles.on : undefined} onClick={() => void attempt(() => setScreenOn(!own.screen))}>
            Screen
          </Button>
        </div>
      </Show>
    </section>
  );
}
