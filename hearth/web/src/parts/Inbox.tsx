// The messages that named the person of late.
import { createResource, For, type JSX, Show } from "solid-js";
import { dismissMention, listMentions } from "../actions/messages.ts";
import { createdMs } from "../core/snowflake.ts";
import { stamp } from "../core/time.ts";
import type { Message } from "../core/types.ts";
import { channelName, channels, isPrivate } from "../store/channels.ts";
import { guilds, nameIn } from "../store/guilds.ts";
import { setPanel } from "../store/place.ts";
import { totalMentions } from "../store/reads.ts";
import { Button, IconButton } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { navigate } from "../ui/router.ts";
import { attempt } from "../ui/toast.tsx";
import { Face } from "./Face.tsx";
import { Markdown } from "./Markdown.tsx";
import styles from "./Pins.module.css";

export default function Inbox(): JSX.Element {
  // What names the person anew is looked up anew.
  const [list, { mutate }] = createResource(() => [totalMentions()], listMentions);
  const jump = (message: Message) => {
    navigate(`/channels/${channels[message.channel_id]?.guild_id ?? "@me"}/${message.channel_id}/${message.id}`);
    if (matchMedia("(max-width: 768px)").matches) setPanel("none");
  };
  const dismiss = (message: Message) =>
    attempt(() => dismissMention(message.id)).then((done) => done && mutate((all) => all?.filter((one) => one.id !== message.id)));
  const where = (message: Message) => {
    const channel = channels[message.channel_id];
    if (!channel) return "";
    return isPrivate(channel) ? channelName(channel) : `#${channelName(channel)} · ${guilds[channel.guild_id ?? ""]?.name ?? ""}`;
  };
  return (
    <aside class={styles.pins} aria-label="Recent mentions">
      <header>
        <h2 class="grow">Recent mentions</h2>
        <IconButton icon="close" label="Close" onClick={() => setPanel("none")} />
      </header>
      <div class={styles.list} tabindex="0" role="group" aria-label="Messages that name you">
        <Show when={!list.error} fallback={<p class="bad">{(list.error as Error).message}</p>}>
          <For
            each={list.latest}
            fallback={
              <Show when={!list.loading}>
                <div class={styles.empty}>
                  <Icon name="at" size={32} />
                  <p>Nobody called you of late. What names you comes here.</p>
                </div>
              </Show>
            }
          >
            {(message) => {
              const guildId = () => channels[message.channel_id]?.guild_id;
              return (
                <article class={styles.pin}>
                  <p class="soft small cut">{where(message)}</p>
                  <p class={styles.who}>
                    <Face id={message.author.id} guildId={guildId()} size={24} />
                    <b class="cut">{nameIn(guildId(), message.author.id)}</b>
                    <time class="soft small">{stamp(createdMs(message.id), Date.now())}</time>
                  </p>
                  <Markdown text={message.content || "A message without text"} guildId={guildId()} />
                  <p class={styles.foot}>
                    <Button onClick={() => jump(message)}>Jump</Button>
                    <Button kind="quiet" onClick={() => void dismiss(message)}>
                      Done
                    </Button>
                  </p>
                </article>
              );
            }}
          </For>
        </Show>
      </div>
    </aside>
  );
}
