// A picture in a window of its own, over whatever else is on the screen: the browser's picture in picture.
import { createEffect, createRoot } from "solid-js";
import { popped, room, setPopped } from "../../store/voice.ts";

let video: HTMLVideoElement | null = null;

/** Not every browser has it; those without have a way of their own, or none. */
export const canPopOut = (): boolean => document.pictureInPictureEnabled === true;

/** Show a stream there, or, where it is there already, no more. Throws where the browser does not want it. */
export async function popOut(ssrc: number): Promise<void> {
  if (popped()?.ssrc === ssrc) return close();
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
  const measure = () => video === made && setPopped({ ssrc, pixels: Math.round(view.width * view.height * devicePixelRatio ** 2) });
  made.addEventListener("leavepictureinpicture", () => {
    made.srcObject = null;
    if (video !== made) return;
    video = null;
    setPopped(null);
  });
  view.onresize = measure;
  video = made;
  measure();
}

function close(): void {
  void document.exitPictureInPicture().catch(() => {});
}

createRoot(() =>
  createEffect(() => {
    const now = popped();
    if (!now || !video) return;
    const media = room.pictures[now.ssrc];
    // It may come by another section meanwhile; what nobody shows any more closes.
    if (!media) close();
    else if (video.srcObject !== media) {
      video.srcObject = media;
      void video.play().catch(() => {});
    }
  }),
);
