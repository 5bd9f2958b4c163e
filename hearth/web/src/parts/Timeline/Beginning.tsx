// What stands above the first message of a channel.
import { type JSX, Match, Show, Switch } from "solid-js";
import { type Channel, ChannelType } from "../../core/types.ts";
import { may } from "../../store/channels.ts";
import { guilds } from "../../store/guilds.ts";
import { Button } from "../../ui/Button.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { openDialog } from "../dialogs.ts";
import { Face, PrivateFace } from "../Face.tsx";
import styles from "./Timeline.module.css";

export function Beginning(props: { channel: Channel; name: string }): JSX.Element {
  return (
    <header class={styles.beginning}>
      <Switch
        fallback={
          <>
            <span class={styles.sign}>
              <Icon name="hash" size={32} />
            </span>
            <h2>Welcome to #{props.name}</h2>
            <p class="soft">{props.channel.topic || "This is where it begins."}</p>
            <Show when={guilds[props.channel.guild_id ?? ""]?.member_count === 1 && may(props.channel, "CREATE_INSTANT_INVITE")}>
              <div class={styles.alone}>
                <p>Nobody is here but you yet.</p>
                <Button kind="primary" icon="mail" onClick={() => openDialog({ kind: "invite", channelId: props.channel.id })}>
                  Invite people
                </Button>
              </div>
            </Show>
          </>
        }
      >
        <Match when={props.channel.type === ChannelType.DM}>
          <Face id={props.channel.recipient_ids?.[0] ?? "0"} size={64} />
          <h2>{props.name}</h2>
          <p class="soft">This is where you and {props.name} begin. Only the two of you can read it.</p>
        </Match>
        <Match when={props.channel.type === ChannelType.GROUP_DM}>
          <Show
            when={props.channel.icon}
            fallback={
              <span class={styles.sign}>
                <Icon name="people" size={32} />
              </span>
            }
          >
            <PrivateFace channel={props.channel} size={64} />
          </Show>
          <h2>{props.name}</h2>
          <p class="soft">This is where the group begins.</p>
        </Match>
      </Switch>
    </header>
  );
}
