// How the person speaks and hears on this device: which microphone, how loud, when it is sent.
import { createEffect, createResource, createSignal, type JSX, onCleanup, onMount, Show } from "solid-js";
import { devices, onDevices, tryMicrophone } from "../actions/devices.ts";
import {
  camera, direct, echo, gain, microphone, mode, type Noise, noise, plainNoise, pushKey, setCamera, setDirect, setEcho, setGain, setMicrophone,
  setMode, setNoise,
  setPushKey, setSounds, setSpeaker, setThreshold, sounds, speaker, threshold,
} from "../store/voice.ts";
import { Button } from "../ui/Button.tsx";
import { Choice, SelectField, Switch } from "../ui/Field.tsx";
import { follow } from "../ui/router.ts";
import { attempt } from "../ui/toast.tsx";
import { Preview } from "../parts/Preview.tsx";
import page from "./Settings.module.css";
import styles from "./VoiceSettings.module.css";

const LOWEST = -80;

const NOISES: Record<Noise, string> = {
  none: "All is sent as the microphone hears it; best for music.",
  browser: "Fans and traffic, at no cost.",
  strong: "Keyboards and dogs too: a small network (RNNoise) listens for voices on this device. It is loaded once, 1.4 MB, and takes some of the processor while you speak.",
};

/** A key as it is written on it: "KeyV" → "V". */
export function keyName(code: string): string {
  const names: Record<string, string> = { Backquote: "`  (left of 1)", Space: "Space", ControlRight: "Right Ctrl", ControlLeft: "Left Ctrl", AltRight: "Right Alt", AltLeft: "Left Alt", ShiftRight: "Right Shift", ShiftLeft: "Left Shift" };
  return names[code] ?? code.replace(/^(Key|Digit)/, "").replace(/^Numpad/, "Keypad ");
}

export default function VoiceSettings(): JSX.Element {
  const [found, { refetch }] = createResource(devices);
  const [level, setLevel] = createSignal(LOWEST);
  const [testing, setTesting] = createSignal<"level" | "hear" | null>(null);
  const [binding, setBinding] = createSignal(false);
  let end: (() => void) | null = null;
  const stop = () => {
    end?.();
    end = null;
    setTesting(null);
    setLevel(LOWEST);
  };
  const test = async (how: "level" | "hear") => {
    stop();
    await attempt(async () => {
      end = await tryMicrophone(setLevel, how === "hear");
      setTesting(how);
      void refetch();
    });
  };
  // What is chosen anew is what is tried.
  createEffect((before: string | undefined) => {
    const now = JSON.stringify([microphone(), speaker(), echo(), noise(), gain()]);
    const how = testing();
    if (before !== undefined && before !== now && how) void test(how);
    return now;
  });
  onMount(() => {
    let unhear = () => {};
    void onDevices(() => void refetch()).then((off) => (unhear = off));
    onCleanup(() => {
      unhear();
      stop();
    });
  });
  const bind = (event: KeyboardEvent) => {
    if (!binding()) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.code !== "Escape" && event.code !== "Tab") setPushKey(event.code);
    setBinding(false);
  };
  const options = (list: { id: string; name: string }[] | undefined, chosen: string): [string, string][] => {
    const known = list ?? [];
    const gone: [string, string][] = chosen && !known.some((one) => one.id === chosen) ? [[chosen, "The one chosen before (not there)"]] : [];
    return [["", "As the system"], ...known.map((one): [string, string] => [one.id, one.name]), ...gone];
  };
  const percent = (db: number) => Math.max(0, Math.min(100, ((db - LOWEST) / -LOWEST) * 100));
  const always = () => threshold() <= LOWEST;
  return (
    <div class={page.section}>
      <h1>Voice</h1>
      <p class="soft">On this device. Voice is encrypted on its way to the server; whoever runs the server could listen. <a href="/voice-check" onClick={follow}>Check whether it gets through</a></p>
      <div class={page.part}>
        <Show when={found.latest} keyed>
          {(list) => (
            <>
              <SelectField label="Microphone" value={microphone()} options={options(list.inputs, microphone())} onChange={(event) => setMicrophone(event.currentTarget.value)} />
              <Show when={list.outputs.length || speaker()}>
                <SelectField label="Speaker" value={speaker()} options={options(list.outputs, speaker())} onChange={(event) => setSpeaker(event.currentTarget.value)} />
              </Show>
            </>
          )}
        </Show>
        <div>
          <p class={styles.label} id="level">
            How loud you are
          </p>
          <div class={styles.meter} role="meter" aria-labelledby="level" aria-valuemin={LOWEST} aria-valuemax={0} aria-valuenow={Math.round(level())} aria-valuetext={testing() ? `${Math.round(level())} decibels` : "not measured"} data-loud={testing() && level() >= threshold() ? "" : undefined}>
            <span style={{ width: `${testing() ? percent(level()) : 0}%` }} />
            <Show when={mode() === "activity" && !always()}>
              <i style={{ left: `${percent(threshold())}%` }} />
            </Show>
          </div>
          <div class={page.actions}>
            <Show
              when={testing()}
              fallback={
                <>
                  <Button icon="mic" onClick={() => void test("level")}>
                    Measure
                  </Button>
                  <Button icon="ears" onClick={() => void test("hear")}>
                    Hear yourself
                  </Button>
                </>
              }
            >
              <Button icon="close" onClick={stop}>
                Stop
              </Button>
            </Show>
          </div>
        </div>
      </div>
      <div class={page.part}>
        <Choice label="Send your voice" value={mode()} options={[["activity", "When you speak"], ["push", "While a key is held"]]} onChange={setMode} />
        <Show
          when={mode() === "push"}
          fallback={
            <label class={styles.slider}>
              <span>
                From this loudness on <b>{always() ? "always" : `${threshold()} dB`}</b>
              </span>
              <input type="range" min={LOWEST} max="-10" step="1" value={threshold()} aria-label="From this loudness on, in decibels" onInput={(event) => setThreshold(Number(event.currentTarget.value))} />
              <span class="soft small">The mark on the meter. Measure, say nothing, and set it just above what moves.</span>
            </label>
          }
        >
          <div class={styles.key}>
            <span class="grow">
              <span class={styles.label}>Key to hold</span>
              <kbd>{binding() ? "Press a key…" : keyName(pushKey())}</kbd>
            </span>
            <Button onClick={() => setBinding(true)} onKeyDown={bind} onBlur={() => setBinding(false)} aria-pressed={binding()}>
              {binding() ? "Press it now" : "Change"}
            </Button>
          </div>
          <p class="soft small">It works while Hearth's window has the focus, and not while you write.</p>
        </Show>
      </div>
      <div class={page.part}>
        <Switch label="Take echo away" hint="So that others do not hear themselves out of your speakers." checked={echo()} onChange={setEcho} />
        <div class={styles.slider}>
          <Choice label="Take noise away" value={noise()} options={[["none", "No"], ["browser", "Browser's own"], ["strong", "Strongly"]]} onChange={setNoise} />
          <p class="soft small" role="status">
            {noise() === "strong" && plainNoise() ? "That does not work in this browser: its own way is used." : NOISES[noise()]}
          </p>
        </div>
        <Switch label="Even out loudness" checked={gain()} onChange={setGain} />
        <Switch label="Sounds" hint="When somebody comes or leaves, when you mute, when a call rings." checked={sounds()} onChange={setSounds} />
        <Switch label="Calls of two go directly" hint="It shows your network address to whoever is in a call with you, where both of you turn it on and the server lets it. Sound and pictures then go from one to the other, encrypted, and not by the server." checked={direct()} onChange={setDirect} />
      </div>
      <div class={page.part}>
        <Show when={found.latest} keyed>
          {(list) => <SelectField label="Camera" value={camera()} options={options(list.cameras, camera())} onChange={(event) => setCamera(event.currentTarget.value)} />}
        </Show>
        <Preview onSeen={() => void refetch()} />
      </div>
    </div>
  );
}
