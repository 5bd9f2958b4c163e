// The person's own camera, looked at before anybody else sees it.
import { createEffect, createSignal, type JSX, on, onCleanup, Show } from "solid-js";
import { lookThroughCamera } from "../actions/devices.ts";
import { camera } from "../store/voice.ts";
import { Button } from "../ui/Button.tsx";
import { attempt } from "../ui/toast.tsx";
import styles from "./Preview.module.css";

export function Preview(props: { onSeen: () => void }): JSX.Element {
  const [media, setMedia] = createSignal<MediaStream | null>(null);
  const stop = () => {
    media()?.getTracks().forEach((track) => track.stop());
    setMedia(null);
  };
  const look = () =>
    attempt(async () => {
      stop();
      setMedia(await lookThroughCamera());
      props.onSeen();
    });
  createEffect(on(camera, () => media() && void look(), { defer: true }));
  onCleanup(stop);
  let video!: HTMLVideoElement;
  return (
    <div class={styles.preview}>
      <Show when={media()} fallback={<Button icon="eye" onClick={() => void look()}>Look at yourself</Button>}>
        {(stream) => (
          <>
            <video
              ref={(element) => {
                video = element;
                createEffect(() => {
                  video.srcObject = stream();
                });
              }}
              autoplay
              playsinline
              muted
              aria-label="Your camera"
            />
            <Button icon="close" onClick={stop}>
              Turn it off
            </Button>
          </>
        )}
      </Show>
    </div>
  );
}
