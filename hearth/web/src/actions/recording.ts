// A voice message on its way: recorded, sent to the server as a file, and then as a message.
import type { Id } from "../core/types.ts";
import type { SentFile } from "../store/outbox.ts";
import { echo, gain, microphone, noise } from "../store/voice.ts";
import type { Recorded, Recorder } from "../voice/recorder.ts";
import { upload } from "./uploads.ts";

export type { Recorded, Recorder };

/** Begin to record; `full` is called once, when there is no room for more. Throws where there is no microphone. */
export async function record(told: (seconds: number, levels: number[]) => void, full: () => void): Promise<Recorder> {
  const { LONGEST_S, Recorder } = await import("../voice/recorder.ts");
  let over = false;
  return Recorder.begin(microphone(), { echo: echo(), noise: noise(), gain: gain() }, (seconds, levels) => {
    told(seconds, levels);
    if (over || seconds < LONGEST_S) return;
    over = true;
    full();
  });
}

/** Give a recording to the server; what comes back goes into a message. */
export async function sendRecorded(channelId: Id, recorded: Recorded): Promise<SentFile> {
  const { file, seconds, waveform } = recorded;
  const uploaded = await upload(channelId, file, () => {}, new AbortController().signal);
  return { uploaded, filename: file.name, spoken: { seconds, waveform } };
}
