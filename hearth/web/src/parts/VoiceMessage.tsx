// A voice message: play it, see where it is, go elsewhere in it, and hear it faster.
import { createSignal, For, type JSX, onCleanup } from "solid-js";
import { barsOf } from "../core/waveform.ts";
import { speaker } from "../store/voice.ts";
import { IconButton } from "../ui/Button.tsx";
import styles from "./VoiceMessage.module.css";

const BARS = 48;
const SPEEDS = [1, 1.5, 2];

/** Only one is heard at a time. */
let heard: HTMLAudioElement | null = null;

/** "0:07". */
export function minutes(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Bars beside each other, each as high as it is loud. */
export function Bars(props: { bars: number[]; played?: number }): JSX.Element {
  return (
    <svg class={styles.bars} viewBox={`0 0 ${props.bars.length * 4} 32`} preserveAspectRatio="none" aria-hidden="true">
      <For each={props.bars}>
        {(bar, i) => {
          const height = () => 3 + bar * 27;
          return <rect x={i() * 4 + 0.75} width="2.5" rx="1" y={16 - height() / 2} height={height()} data-played={(props.played ?? 0) * props.bars.length > i() || undefined} />;
        }}
      </For>
    </svg>
  );
}

export function VoiceMessage(props: { url: string; seconds: number; waveform: string }): JSX.Element {
  const [playing, setPlaying] = createSignal(false);
  const [at, setAt] = createSignal(0);
  const [speed, setSpeed] = createSignal(1);
  const [broken, setBroken] = createSignal(false);
  let audio: HTMLAudioElement | null = null;
  let frame = 0;
  // What browsers record does not say how long it is: the message does.
  const part = () => Math.min(1, at() / Math.max(0.1, props.seconds));
  const follow = () => {
    if (!audio) return;
    setAt(audio.currentTime);
    if (!audio.paused) frame = requestAnimationFrame(follow);
  };
  const sound = () => {
    if (audio) return audio;
    const made = new Audio();
    made.src = props.url;
    made.onplay = () => {
      if (heard && heard !== made) heard.pause();
      heard = made;
      setPlaying(true);
      follow();
    };
    made.onpause = () => setPlaying(false);
    made.onended = () => {
      setPlaying(false);
      made.currentTime = 0;
      setAt(0);
    };
    made.onerror = () => setBroken(true);
    if (speaker() && "setSinkId" in made) void made.setSinkId(speaker()).catch(() => {});
    audio = made;
    return made;
  };
  const toggle = () => {
    const one = sound();
    one.playbackRate = speed();
    if (one.paused) void one.play().catch(() => {});
    else one.pause();
  };
  const faster = () => {
    setSpeed(SPEEDS[(SPEEDS.indexOf(speed()) + 1) % SPEEDS.length] as number);
    if (audio) audio.playbackRate = speed();
  };
  onCleanup(() => {
    cancelAnimationFrame(frame);
    audio?.pause();
    if (heard === audio) heard = null;
  });
  return (
    <div class={styles.message} role="group" aria-label={`Voice message, ${minutes(props.seconds)}`}>
      <IconButton icon={playing() ? "pause" : "play"} label={playing() ? "Pause" : "Play"} tip="above" class={styles.play} disabled={broken()} onClick={toggle} />
      <div class={styles.line}>
        <Bars bars={barsOf(props.waveform, BARS)} played={part()} />
        <input
          type="range"
          min="0"
          max={props.seconds}
          step="0.1"
          value={at()}
          aria-label="Where in the voice message"
          aria-valuetext={`${minutes(at())} of ${minutes(props.seconds)}`}
          onInput={(event) => {
            sound().currentTime = Number(event.currentTarget.value);
            setAt(Number(event.currentTarget.value));
          }}
        />
      </div>
      <span class={styles.time}>{broken() ? "cannot be played here" : minutes(playing() || at() > 0 ? at() : props.seconds)}</span>
      <button type="button" class={styles.speed} aria-label={`Speed, ${speed()} times`} onClick={faster}>
        {speed()}×
      </button>
    </div>
  );
}
