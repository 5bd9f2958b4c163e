// Files that wait in the composer of a channel: how far each has come.
import { createStore, produce } from "solid-js/store";
import type { Id } from "../core/types.ts";

export interface Upload {
  key: string;
  channel_id: Id;
  filename: string;
  size: number;
  /** Where the browser has a picture of it. */
  preview?: string;
  /** From 0 to 1. */
  progress: number;
  state: "sending" | "there" | "failed";
  error?: string;
  /** What the server calls it, once it is there. */
  uploaded?: string;
  description: string;
  spoiler: boolean;
}

const [uploads, setUploads] = createStore<Upload[]>([]);
export { uploads };

export function uploadsIn(channelId: Id): Upload[] {
  return uploads.filter((one) => one.channel_id === channelId);
}

export function addUpload(upload: Upload): void {
  setUploads(uploads.length, upload);
}

export function changeUpload(key: string, change: Partial<Upload>): void {
  setUploads((one) => one.key === key, produce((one) => Object.assign(one, change)));
}

export function dropUpload(key: string): void {
  const gone = uploads.find((one) => one.key === key);
  if (gone?.preview) URL.revokeObjectURL(gone.preview);
  setUploads((all) => all.filter((one) => one.key !== key));
}
