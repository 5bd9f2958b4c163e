// On narrow screens, over whatever else is read: that one is in voice, the way back there, and out.
import { type JSX, Show } from "solid-js";
import { leave, setMuted } from "../actions/voice.ts";
import { channelName } from "../store/channels.ts";
import { myChannel, own } from "../store/voice.ts";
import { IconButton } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { follow } from "../ui/router.ts";
import { Bars } from "./Quality.tsx";
import { roomInSight, stayWords } from "./VoiceNotes.tsx";
import styles from "./VoiceStrip.module.css";

export default function VoiceStrip(): JSX.Element {
  return (
    <>
      {/* Who listens hears it from the panel, which is not there on narrow screens. */}
      <p class={`unseen ${styles.told}`} role="status">
        {stayWords()}
      </p>
      <Show when={!roomInSight()}>
        <section class={styles.strip} aria-label="In voice">
          <a href={`/channels/${own.guildId ?? "@me"}/${own.channelId}`} onClick={follow} data-state={own.phase}>
            <Show when={own.phase === "connected"} fallback={<Icon name={own.phase === "failed" ? "warning" : "signal"} size={18} />}>
              <Bars />
            </Show>
            <span class="cut">
              <b>{stayWords()}</b> · {channelName(myChannel() ?? { id: "0", type: 2, name: "a channel that is gone" })}
            </span>
          </a>
          <Show when={own.phase !== "failed"}>
            <IconButton icon={own.selfMute ? "micOff" : "mic"} label={own.selfMute ? "Unmute" : "Mute"} class={own.selfMute ? styles.off : undefined} onClick={() => setMuted(!own.selfMute)} />
          </Show>
          <IconButton icon="hangUp" label="Leave voice" class={styles.off} onClick={leave} />
        </section>
      </Show>
    </>
  );
}
