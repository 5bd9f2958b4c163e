// A call that rings: who it is, to answer or not.
import { For, type JSX, onCleanup, onMount } from "solid-js";
import { call, decline, playSound } from "../actions/voice.ts";
import type { Id } from "../core/types.ts";
import { channelName, channels } from "../store/channels.ts";
import { setPane } from "../store/place.ts";
import { ringing, voicesIn } from "../store/voice.ts";
import { Button } from "../ui/Button.tsx";
import { navigate } from "../ui/router.ts";
import { attempt } from "../ui/toast.tsx";
import { Face } from "./Face.tsx";
import styles from "./Ringing.module.css";

const EVERY_MS = 3000;

export default function Ringing(): JSX.Element {
  onMount(() => {
    playSound("ring");
    const timer = setInterval(() => playSound("ring"), EVERY_MS);
    onCleanup(() => clearInterval(timer));
  });
  return (
    <div class={styles.calls}>
      <For each={ringing()}>{(id) => <Card id={id} />}</For>
    </div>
  );
}

function Card(props: { id: Id }): JSX.Element {
  const channel = () => channels[props.id];
  const caller = () => {
    const one = channel();
    return (one && (voicesIn(one)[0]?.user_id ?? one.recipient_ids?.[0])) ?? "0";
  };
  const name = () => {
    const one = channel();
    return one ? channelName(one) : "Somebody";
  };
  const answer = () => {
    const one = channel();
    if (!one) return;
    setPane("none");
    navigate(`/channels/@me/${one.id}`);
    void attempt(() => call(one, false));
  };
  return (
    <section class={styles.call} data-region role="alertdialog" aria-label={`${name()} calls you`}>
      <span class={styles.face}>
        <Face id={caller()} size={64} />
      </span>
      <p role="alert">
        <b class="cut">{name()}</b>
        calls you
      </p>
      <div class={styles.buttons}>
        <Button icon="hangUp" kind="bad" onClick={() => void attempt(() => decline(props.id))}>
          Decline
        </Button>
        <Button icon="phone" class={styles.take} data-entrance onClick={answer}>
          Answer
        </Button>
      </div>
    </section>
  );
}
