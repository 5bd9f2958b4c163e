// The person's DMs and groups, and the way to their friends.
import { For, type JSX, Show } from "solid-js";
import { closeDm } from "../actions/social.ts";
import { type Channel, ChannelType } from "../core/types.ts";
import { channelName, privateList } from "../store/channels.ts";
import { place, setPane } from "../store/place.ts";
import { isUnread, mentionsIn } from "../store/reads.ts";
import { relationships } from "../store/relationships.ts";
import { Badge } from "../ui/Badge.tsx";
import { IconButton } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { follow, navigate } from "../ui/router.ts";
import { attempt } from "../ui/toast.tsx";
import { openDialog } from "./dialogs.ts";
import { PrivateFace } from "./Face.tsx";
import styles from "./PrivateList.module.css";

export function PrivateList(): JSX.Element {
  const requests = () => Object.values(relationships).filter((one) => one.type === 3).length;
  return (
    <nav class={styles.list} aria-label="Direct messages">
      <a class={styles.friends} href="/channels/@me" aria-current={place().channel === null ? "page" : undefined} onClick={(event) => {
        follow(event);
        setPane("none");
      }}>
        <Icon name="people" />
        <span class="grow">Friends</span>
        <Badge count={requests()} words="requests" />
      </a>
      <h2 class={styles.title}>
        <span class="grow">Direct messages</span>
        <IconButton icon="plus" size={16} label="New message" onClick={() => openDialog({ kind: "dm" })} />
      </h2>
      <ul>
        <For each={privateList()} fallback={<li class={styles.empty}>Nobody yet. A message to a friend begins one.</li>}>
          {(channel) => <Entry channel={channel} />}
        </For>
      </ul>
    </nav>
  );
}

function Entry(props: { channel: Channel }): JSX.Element {
  const group = () => props.channel.type === ChannelType.GROUP_DM;
  const count = () => mentionsIn(props.channel);
  const close = () => {
    if (place().channel === props.channel.id) navigate("/channels/@me");
    void attempt(() => closeDm(props.channel.id));
  };
  return (
    <li class={styles.line}>
      <a
        class={styles.entry}
        href={`/channels/@me/${props.channel.id}`}
        aria-current={place().channel === props.channel.id ? "page" : undefined}
        data-unread={isUnread(props.channel) || undefined}
        onClick={(event) => {
          follow(event);
          setPane("none");
        }}
      >
        <PrivateFace channel={props.channel} size={32} />
        <span class={styles.names}>
          <span class="cut">{channelName(props.channel)}</span>
          <Show when={group()}>
            <span class="cut soft">{(props.channel.recipient_ids?.length ?? 0) + 1} members</span>
          </Show>
        </span>
        <Badge count={count()} words="new" />
      </a>
      <Show when={!group()}>
        <IconButton class={styles.close} icon="close" size={16} label={`Close ${channelName(props.channel)}`} onClick={close} />
      </Show>
    </li>
  );
}
