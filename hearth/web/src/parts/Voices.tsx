// Who is in a voice channel, under its name: who is loud, muted, deaf, or shows something.
import { For, type JSX, Show } from "solid-js";
import type { Channel, VoiceState } from "../core/types.ts";
import { nameIn } from "../store/guilds.ts";
import { audienceOf, isSpeaking, isStage, own, room, speakersIn } from "../store/voice.ts";
import { Icon } from "../ui/Icon.tsx";
import { Face } from "./Face.tsx";
import { showProfile } from "./profile.ts";
import styles from "./Voices.module.css";

/** Whether a state is of somebody who cannot be heard, and whether by a moderator. */
export const isMuted = (one: VoiceState) => one.mute || one.self_mute || one.suppress;
export const isDeaf = (one: VoiceState) => one.deaf || one.self_deaf;

/** What is off and on with somebody, in words for those who listen. */
export function voiceWords(one: VoiceState): string {
  const words = [
    isDeaf(one) ? "deafened" : isMuted(one) ? "muted" : "",
    one.self_video ? "camera on" : "",
    sharing(one) ? "shares a screen" : "",
  ];
  return words.filter(Boolean).map((word) => `, ${word}`).join("");
}

/** Whether somebody shares a screen. */
export function sharing(one: VoiceState): boolean {
  return one.self_stream === true || (one.channel_id === own.channelId && (room.streams[one.user_id] ?? []).some((stream) => stream.type === "screen" && stream.active));
}

export function Voices(props: { channel: Channel }): JSX.Element {
  const list = () => speakersIn(props.channel);
  /** The audience of a stage may be long: it is counted here, and listed on the stage. */
  const listeners = () => (isStage(props.channel) ? audienceOf(props.channel).length : 0);
  const speaks = (one: VoiceState) => own.channelId === props.channel.id && isSpeaking(one.user_id);
  return (
    <Show when={list().length || listeners()}>
      <ul class={styles.voices} aria-label="In voice">
        <For each={list()}>
          {(one) => (
            <li>
              <button
                type="button"
                class={styles.voice}
                data-speaking={speaks(one) || undefined}
                onClick={(event) => showProfile(one.user_id, props.channel.guild_id, event.currentTarget)}
              >
                <span class={styles.face}>
                  <Face id={one.user_id} guildId={props.channel.guild_id} size={24} />
                </span>
                <span class="cut grow">{nameIn(props.channel.guild_id, one.user_id)}</span>
                <span class="unseen">{voiceWords(one)}</span>
                <Show when={sharing(one)}>
                  <span class={styles.live} aria-hidden="true">
                    Live
                  </span>
                </Show>
                <Show when={one.self_video}>
                  <Icon name="camera" size={16} />
                </Show>
                <Show when={isMuted(one) || isDeaf(one)}>
                  <Icon name={isDeaf(one) ? "earsOff" : "micOff"} size={16} class={one.mute || one.deaf ? styles.forced : undefined} />
                </Show>
              </button>
            </li>
          )}
        </For>
        <Show when={listeners()}>
          {(count) => (
            <li class={styles.listeners}>
              {count()} {count() === 1 ? "listens" : "listen"}
            </li>
          )}
        </Show>
      </ul>
    </Show>
  );
}
