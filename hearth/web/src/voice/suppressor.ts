// The stronger way against noise, as a node of the browser's sound; loaded when it is first wanted.
import { moduleUrl } from "virtual:rnnoise";
import { RATE } from "./rnnoise.ts";
import workletUrl from "./suppressor.worklet.ts?worker&url";

let loading: Promise<WebAssembly.Module> | null = null;

/** Compiled once for the page, and not in the thread of the sound, which would stutter. */
function load(): Promise<WebAssembly.Module> {
  loading ??= WebAssembly.compileStreaming(fetch(moduleUrl)).catch((error: unknown) => {
    loading = null;
    throw error;
  });
  return loading;
}

/** A node that takes noise away, 20 ms late. Throws where this browser cannot; `failed` is called where it breaks
 * later, and then lets everything through. */
export async function makeSuppressor(context: AudioContext, failed: () => void): Promise<AudioWorkletNode> {
  // At 44,100 it hears all nine per cent higher, and does as well.
  if (context.sampleRate < 44_100 || context.sampleRate > RATE) throw new Error(`${context.sampleRate} samples a second`);
  const [module] = await Promise.all([load(), context.audioWorklet.addModule(workletUrl)]);
  const node = new AudioWorkletNode(context, "suppressor", { channelCount: 1, channelCountMode: "explicit", outputChannelCount: [1], processorOptions: { module } });
  node.port.onmessage = failed;
  node.onprocessorerror = failed;
  return node;
}

/** A context for a microphone: at the rate that calls are sent in, whatever the speakers play at. Firefox takes a
 * microphone only at its own rate, and is known by not changing that either. */
export function microphoneContext(): AudioContext {
  const free = navigator.mediaDevices?.getSupportedConstraints().sampleRate ?? false;
  return new AudioContext({ latencyHint: "interactive", ...(free ? { sampleRate: RATE } : {}) });
}
