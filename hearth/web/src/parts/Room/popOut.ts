// A picture in a window of its own, over whatever else is on the screen: the browser's picture in picture.
import { createEffect, createRoot } from "solid-js";
import { MISSED_MS, popped, room, setPopped } from "../../store/voice.ts";
import type { Tile } from "./tiles.ts";

let video: HTMLVideoElement | null = null;
/** Ends the window of somebody who does not come back. */
let waiting: ReturnType<typeof setTimeout> | undefined;

/** Not every browser has it; those without have a way of their own, or none. */
export const canPopOut = (): boolean => document.pictureInPictureEnabled === true;

/** Show somebody's picture there, or, where it is there already, no more. Throws where the browser does not want it. */
export async function popOut({ userId, ssrc, kind }: Tile): Promise<void> {
  if (ssrc === undefined || kind === "face") return;
  if (popped()?.ssrc === ssrc) return void setPopped(null);
  const media = room.pictures[ssrc];
  if (!media) return;
  const made = document.createElement("video");
  made.muted = true;
  made.srcObject = media;
  // Before it knows its size it is refused.
  await new Promise((known) => {
    made.onloadedmetadata = known;
    void made.play().catch(() => {});
  });
  const view = await made.requestPictureInPicture();
  const pixels = () => Math.round(view.width * view.height * devicePixelRatio ** 2);
  made.addEventListener("leavepictureinpicture", () => {
    made.srcObject = null;
    if (video !== made) return;
    video = null;
    setPopped(null);
  });
  view.onresize = () => video === made && setPopped((at) => at && { ...at, pixels: pixels() });
  video = made;
  setPopped({ userId, type: kind, ssrc, pixels: pixels() });
}

createRoot(() =>
  createEffect(() => {
    const now = popped();
    clearTimeout(waiting);
    if (!video) return;
    if (!now) return void document.exitPictureInPicture().catch(() => {});
    const media = now.ssrc === null ? undefined : room.pictures[now.ssrc];
    // Meanwhile the last of it stays there. It may come by another section, or another connection.
    if (!media) waiting = setTimeout(() => setPopped(null), MISSED_MS);
    else if (video.srcObject !== media) {
      video.srcObject = media;
      void video.play().catch(() => {});
    }
  }),
);
