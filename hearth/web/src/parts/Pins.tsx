// What is pinned in a channel.
import { createResource, For, type JSX, Show } from "solid-js";
import { listPins, pin } from "../actions/messages.ts";
import { createdMs } from "../core/snowflake.ts";
import { stamp } from "../core/time.ts";
import type { Channel, Message } from "../core/types.ts";
import { channels, may } from "../store/channels.ts";
import { nameIn } from "../store/guilds.ts";
import { setPanel } from "../store/place.ts";
import { Button, IconButton } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { navigate } from "../ui/router.ts";
import { attempt } from "../ui/toast.tsx";
import { Face } from "./Face.tsx";
import { Markdown } from "./Markdown.tsx";
import styles from "./Pins.module.css";

export default function Pins(props: { channel: Channel }): JSX.Element {
  const [pins, { refetch }] = createResource(
    () => [props.channel.id, channels[props.channel.id]?.last_pin_timestamp] as const,
    ([id]) => listPins(id),
  );
  const can = () => may(channels[props.channel.id], "PIN_MESSAGES") || may(channels[props.channel.id], "MANAGE_MESSAGES");
  const jump = (message: Message) => {
    navigate(`/channels/${props.channel.guild_id ?? "@me"}/${props.channel.id}/${message.id}`);
    if (matchMedia("(max-width: 768px)").matches) setPanel("none");
  };
  return (
    <aside class={styles.pins} aria-label="Pinned messages">
      <header>
        <h2 class="grow">Pinned messages</h2>
        <IconButton icon="close" label="Close" onClick={() => setPanel("none")} />
      </header>
      <div class={styles.list}>
        <Show when={!pins.error} fallback={<p class="bad">{(pins.error as Error).message}</p>}>
          <For
            each={pins.latest}
            fallback={
              <Show when={!pins.loading}>
                <div class={styles.empty}>
                  <Icon name="pin" size={32} />
                  <p>Nothing is pinned yet. Pin what people should find again.</p>
                </div>
              </Show>
            }
          >
            {(message) => (
              <article class={styles.pin}>
                <p class={styles.who}>
                  <Face id={message.author.id} guildId={props.channel.guild_id} size={24} />
                  <b class="cut">{nameIn(props.channel.guild_id, message.author.id)}</b>
                  <time class="soft small">{stamp(createdMs(message.id), Date.now())}</time>
                </p>
                <Markdown text={message.content || "A message without text"} guildId={props.channel.guild_id} />
                <p class={styles.foot}>
                  <Button kind="plain" onClick={() => jump(message)}>
                    Jump
                  </Button>
                  <Show when={can()}>
                    <Button kind="quiet" onClick={() => void attempt(() => pin(message, false)).then(() => refetch())}>
                      Unpin
                    </Button>
                  </Show>
                </p>
              </article>
            )}
          </For>
        </Show>
      </div>
    </aside>
  );
}
