// A message that the server has not taken yet: on its way, or refused and waiting for a word.
import { type JSX, Show } from "solid-js";
import { discard, retry } from "../actions/send.ts";
import { stamp } from "../core/time.ts";
import { channels } from "../store/channels.ts";
import { colourIn, nameIn } from "../store/guilds.ts";
import { draft, outgoingIn } from "../store/outbox.ts";
import { myId } from "../store/session.ts";
import { Face } from "./Face.tsx";
import { Markdown } from "./Markdown.tsx";
import { Stickers } from "./Stickers.tsx";
import styles from "./Message.module.css";

export function Pending(props: {
  nonce: string;
  channelId: string;
  head: boolean;
  reachable: boolean;
  onFocus: () => void;
}): JSX.Element {
  const found = outgoingIn(props.channelId).find((one) => one.nonce === props.nonce);
  const guildId = () => channels[props.channelId]?.guild_id;
  const now = () => outgoingIn(props.channelId).find((one) => one.nonce === props.nonce);
  return (
    <Show when={found}>
      {(one) => (
        <article
          class={`${styles.message} ${styles.pending}`}
          classList={{ [styles.head as string]: props.head }}
          tabindex={props.reachable ? 0 : -1}
          aria-label={`${now()?.failed ? "Not sent" : "Being sent"}: ${one().content || (one().stickers?.[0]?.name ?? "files")}`}
          onFocus={() => props.onFocus()}
          data-pending={now()?.failed ? "failed" : "sending"}
        >
          <Show when={props.head} fallback={<span />}>
            <span class={styles.face}>
              <Face id={myId()} guildId={guildId()} />
            </span>
          </Show>
          <div class={styles.who} classList={{ unseen: !props.head }}>
            <span class={styles.name} data-colour={colourIn(guildId(), myId()) ? "" : undefined} style={{ "--role": colourIn(guildId(), myId()) }}>
              {nameIn(guildId(), myId())}
            </span>
            <time class={styles.time}>{stamp(one().at, Date.now())}</time>
          </div>
          <div class={styles.body}>
            <Show when={one().content}>
              <Markdown class={styles.text} text={one().content} guildId={guildId()} />
            </Show>
            <Show when={one().files}>
              {(files) => <p class="soft small">{files().map((file) => (file.spoken ? "Voice message" : file.filename)).join(", ")}</p>}
            </Show>
            <Stickers list={one().stickers} />
            <Show when={now()?.failed}>
              {(why) => (
                <p class={styles.failed} role="alert">
                  Not sent: {why()}{" "}
                  <button type="button" onClick={() => retry(props.nonce)}>
                    Try again
                  </button>{" "}
                  <button
                    type="button"
                    onClick={() => {
                      draft(props.channelId, one().content);
                      discard(props.nonce);
                    }}
                  >
                    Back to the composer
                  </button>{" "}
                  <button type="button" onClick={() => discard(props.nonce)}>
                    Discard
                  </button>
                </p>
              )}
            </Show>
          </div>
        </article>
      )}
    </Show>
  );
}
