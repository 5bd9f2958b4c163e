// Files go to the server when they are put into the composer; the message names them afterwards.
import { request } from "../api/client.ts";
import { put } from "../api/upload.ts";
import { Refusal } from "../core/refusal.ts";
import { makeNonce } from "../core/snowflake.ts";
import type { Id } from "../core/types.ts";
import type { SentFile } from "../store/outbox.ts";
import { addUpload, changeUpload, dropUpload, uploadsIn } from "../store/uploads.ts";

/** So many files a message has at most. */
export const MOST_FILES = 10;

const running = new Map<string, { file: File; abort: AbortController }>();

interface Places {
  attachments: { upload_url: string; upload_filename: string }[];
}

/** Put files into a channel's composer and send them; gives how many found no room. */
export function attach(channelId: Id, files: Iterable<File>): number {
  let left = 0;
  for (const file of files) {
    if (uploadsIn(channelId).length >= MOST_FILES) {
      left += 1;
      continue;
    }
    const key = makeNonce(Date.now(), Math.random);
    const picture = /^image\/(png|jpeg|gif|webp|avif)$/.test(file.type);
    addUpload({
      key,
      channel_id: channelId,
      filename: file.name || "file",
      size: file.size,
      preview: picture ? URL.createObjectURL(file) : undefined,
      progress: 0,
      state: "sending",
      description: "",
      spoiler: false,
    });
    running.set(key, { file, abort: new AbortController() });
    void run(channelId, key);
  }
  return left;
}

/** Try a file again that did not come through. */
export function retryUpload(channelId: Id, key: string): void {
  const known = running.get(key);
  if (!known) return;
  known.abort = new AbortController();
  void run(channelId, key);
}

/** Take a file out, however far it is. */
export function cancelUpload(key: string): void {
  running.get(key)?.abort.abort();
  running.delete(key);
  dropUpload(key);
}

/** The files of a channel that are there, for a message; they leave the composer. */
export function takeUploads(channelId: Id): SentFile[] {
  const taken = uploadsIn(channelId).filter((one) => one.state === "there" && one.uploaded);
  return taken.map((one) => {
    const file = {
      uploaded: one.uploaded as string,
      filename: one.spoiler ? `SPOILER_${one.filename}` : one.filename,
      description: one.description || undefined,
    };
    running.delete(one.key);
    dropUpload(one.key);
    return file;
  });
}

async function run(channelId: Id, key: string): Promise<void> {
  const known = running.get(key);
  if (!known) return;
  const { file, abort } = known;
  changeUpload(key, { state: "sending", progress: 0, error: undefined });
  try {
    const uploaded = await upload(channelId, file, (progress) => changeUpload(key, { progress }), abort.signal);
    changeUpload(key, { state: "there", progress: 1, uploaded });
  } catch (error) {
    if (abort.signal.aborted) return;
    changeUpload(key, { state: "failed", error: error instanceof Error ? error.message : String(error) });
  }
}

/** Give a file to the server, for a message in a channel; what it is called there. */
export async function upload(channelId: Id, file: File, progress: (part: number) => void, signal: AbortSignal): Promise<string> {
  const { attachments } = await request<Places>("POST", `/channels/${channelId}/attachments`, {
    body: { files: [{ id: "0", filename: file.name || "file", file_size: file.size }] },
    signal,
  });
  const place = attachments[0];
  if (!place) throw new Refusal(0, 0, "The server has no place for the file.");
  await put(place.upload_url, file, progress, signal);
  return place.upload_filename;
}
