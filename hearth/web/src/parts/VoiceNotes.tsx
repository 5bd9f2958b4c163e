// What is wrong with voice now, each with the way out: in the room, and over one's own bar for who is elsewhere.
import { type JSX, Match, Show, Switch } from "solid-js";
import { retry, retryMicrophone } from "../actions/voice.ts";
import { chatting, place } from "../store/place.ts";
import { session } from "../store/session.ts";
import { own, plainNoise } from "../store/voice.ts";
import { Button } from "../ui/Button.tsx";
import { follow } from "../ui/router.ts";
import styles from "./VoiceNotes.module.css";

const PHASES = { none: "", asking: "Joining…", connecting: "Connecting…", connected: "In voice", waiting: "Reconnecting…", failed: "Not in voice" };

/** How the stay goes, in a few words. */
export function phaseWords(): string {
  if (own.phase === "none" || own.phase === "failed" || own.phase === "connected") return PHASES[own.phase];
  if (session.connection === "ready") return PHASES[own.again ? "waiting" : own.phase];
  return navigator.onLine ? "Waiting for the server…" : "You are offline";
}

/** The same, or how the connection is while one is in. */
export function stayWords(): string {
  if (own.phase !== "connected" || !own.quality) return phaseWords();
  if (own.quality.grade !== "good") return own.quality.words;
  return own.quality.direct ? "In voice, directly" : phaseWords();
}

/** Whether the room, which says all of it, is on screen. */
export const roomInSight = (): boolean => place().channel === own.channelId && !chatting();

/** `more` stands beside the ways out of a failure. */
export function VoiceNotes(props: { more?: JSX.Element }): JSX.Element {
  return (
    <>
      <Switch>
        <Match when={own.failure}>
          {(failure) => (
            <div class={styles.note} data-note="failure">
              <p>
                <b>{failure().text}</b> {failure().way}
              </p>
              <div class={styles.ways}>
                <Show when={failure().again}>
                  <Button kind="primary" onClick={retry}>
                    Try again
                  </Button>
                </Show>
                <Show when={failure().check}>
                  <a href="/voice-check" onClick={follow}>
                    Check the ways there
                  </a>
                </Show>
                {props.more}
              </div>
            </div>
          )}
        </Match>
        <Match when={own.phase === "connected" && own.quality?.way}>
          <div class={styles.note} data-note="quality">
            <p>
              <b>{own.quality?.words}.</b> {own.quality?.way}
            </p>
          </div>
        </Match>
      </Switch>
      <Show when={own.phase !== "failed" && own.deafMic}>
        {(failure) => (
          <div class={styles.note} data-note="microphone">
            <p>
              <b>{failure().text}</b> You hear the others. {failure().way}
            </p>
            <Show when={failure().again}>
              <div class={styles.ways}>
                <Button onClick={retryMicrophone}>Try the microphone again</Button>
              </div>
            </Show>
          </div>
        )}
      </Show>
      <Show when={own.phase === "connected" && plainNoise() && !own.deafMic}>
        <div class={styles.note} data-note="noise">
          <p>The stronger way against noise does not work in this browser; its own is used.</p>
        </div>
      </Show>
    </>
  );
}
