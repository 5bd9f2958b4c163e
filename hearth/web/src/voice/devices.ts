// Microphones, speakers and cameras: which there are, opening one, and why that failed in words.
import type { Failure } from "./machine.ts";

export interface Device {
  id: string;
  name: string;
}

export interface Devices {
  inputs: Device[];
  outputs: Device[];
  cameras: Device[];
}

/** Names are empty until the person allowed one of them. */
export async function listDevices(): Promise<Devices> {
  const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  const of = (kind: MediaDeviceKind, word: string) =>
    all
      .filter((one) => one.kind === kind && one.deviceId !== "default" && one.deviceId !== "communications" && one.deviceId !== "")
      .map((one, i) => ({ id: one.deviceId, name: one.label || `${word} ${i + 1}` }));
  return { inputs: of("audioinput", "Microphone"), outputs: of("audiooutput", "Speaker"), cameras: of("videoinput", "Camera") };
}

/** Be told when something is plugged in or out, or the microphone is allowed or not any more; gives the way to end it. */
export function onDevices(changed: () => void): () => void {
  const over = new AbortController();
  const { signal } = over;
  navigator.mediaDevices?.addEventListener("devicechange", changed, { signal });
  // Not every browser tells of that.
  void navigator.permissions
    ?.query({ name: "microphone" as PermissionName })
    .then((allowed) => allowed.addEventListener("change", changed, { signal }))
    .catch(() => {});
  return () => over.abort();
}

export type Thing = "microphone" | "camera" | "screen";

/** A device that could not be had. */
export class NoDevice extends Error {
  readonly failure: Failure;
  /** What the browser calls it. */
  readonly reason: string;

  constructor(reason: string, thing: Thing) {
    const failure = why(reason, thing);
    super(`${failure.text} ${failure.way}`);
    this.failure = failure;
    this.reason = reason;
  }
}

/** Why there is no such device, in words; `name` is what the browser calls its error. */
export function why(name: string, thing: Thing): Failure {
  const a = thing === "screen" ? "Sharing the screen" : thing === "camera" ? "The camera" : "The microphone";
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return { text: `${a} is not allowed here.`, way: `Press the icon left of the address, allow the ${thing}, and try again.`, again: true };
    case "NotReadableError":
    case "AbortError":
      return { text: `${a} is in use by something else.`, way: "Close the other program that uses it, or choose another in Settings, Voice.", again: true };
    case "NotFoundError":
    case "OverconstrainedError":
      return { text: `There is no ${thing}.`, way: "Plug one in, or choose another in Settings, Voice.", again: true };
    case "insecure":
      return { text: `Browsers give a ${thing} only to pages with https.`, way: "Open this server by its https address.", again: false };
    default:
      return { text: `${a} does not work in this browser.`, way: "Try another browser.", again: false };
  }
}

async function get(thing: Thing, ask: () => Promise<MediaStream>): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw new NoDevice(globalThis.isSecureContext === false ? "insecure" : "none", thing);
  try {
    return await ask();
  } catch (error) {
    throw new NoDevice(error instanceof Error ? error.name : "", thing);
  }
}

/** The one that was chosen, or any where that one is gone. */
async function chosen(thing: Thing, id: string, ask: (which: { deviceId?: ConstrainDOMString }) => Promise<MediaStream>): Promise<MediaStream> {
  if (!id) return get(thing, () => ask({}));
  try {
    return await get(thing, () => ask({ deviceId: { exact: id } }));
  } catch (error) {
    if (error instanceof NoDevice && /NotFound|Overconstrained/.test(error.reason)) return get(thing, () => ask({}));
    throw error;
  }
}

/** What is done against noise: nothing, what the browser has for it, or the stronger way of `suppressor.ts`. */
export type Noise = "none" | "browser" | "strong";

export interface Treatment {
  echo: boolean;
  noise: Noise;
  gain: boolean;
}

export function openMicrophone(id: string, treat: Treatment): Promise<MediaStream> {
  return chosen("microphone", id, (which) =>
    navigator.mediaDevices.getUserMedia({
      audio: { ...which, echoCancellation: treat.echo, noiseSuppression: treat.noise === "browser", autoGainControl: treat.gain, channelCount: 1 },
    }),
  );
}

export function openCamera(id: string): Promise<MediaStream> {
  return chosen("camera", id, (which) =>
    navigator.mediaDevices.getUserMedia({ video: { ...which, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } } }),
  );
}

/** Null where the person chose nothing. */
export async function openScreen(): Promise<MediaStream | null> {
  try {
    return await get("screen", () =>
      navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 30, max: 60 } }, audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } }),
    );
  } catch (error) {
    if (error instanceof NoDevice && error.reason === "NotAllowedError") return null;
    throw error;
  }
}
