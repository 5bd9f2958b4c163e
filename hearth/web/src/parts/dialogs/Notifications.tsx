// How one is told of a guild or of one channel.
import { type JSX, Show } from "solid-js";
import { changeNotifications } from "../../actions/social.ts";
import type { Id } from "../../core/types.ts";
import { channelName, channels } from "../../store/channels.ts";
import { guilds } from "../../store/guilds.ts";
import { keyOf, notifications } from "../../store/notify.ts";
import { Dialog } from "../../ui/Dialog.tsx";
import { Choice, Switch } from "../../ui/Field.tsx";
import { attempt } from "../../ui/toast.tsx";

export default function Notifications(props: { guildId?: Id; channelId?: Id; onClose: () => void }): JSX.Element {
  const key = keyOf(props.guildId);
  const guild = () => notifications[key];
  const override = () => guild()?.channel_overrides.find((one) => one.channel_id === props.channelId);
  const change = (what: Record<string, unknown>) => void attempt(() => changeNotifications(props.guildId ?? "@me", what));
  const changeChannel = (what: Record<string, unknown>) => change({ channel_overrides: { [props.channelId as Id]: what } });
  const level = () => String(props.channelId ? (override()?.message_notifications ?? 3) : (guild()?.message_notifications ?? 3));
  const name = () => {
    const channel = props.channelId ? channels[props.channelId] : undefined;
    return channel ? `#${channelName(channel)}` : (guilds[props.guildId ?? ""]?.name ?? "Direct messages");
  };
  return (
    <Dialog title={`Notifications of ${name()}`} intro="On all your devices." onClose={props.onClose}>
      <Switch
        label={props.channelId ? "Mute this channel" : "Mute this guild"}
        hint="It is not shown as unread. What names you still is."
        checked={(props.channelId ? override()?.muted : guild()?.muted) ?? false}
        onChange={(muted) => (props.channelId ? changeChannel({ muted }) : change({ muted }))}
      />
      <Choice
        label="Tell me of"
        value={level()}
        options={[["3", props.channelId ? "As the guild" : "Its default"], ["0", "All"], ["1", "Mentions"], ["2", "Nothing"]]}
        onChange={(value) => {
          const message_notifications = Number(value);
          if (props.channelId) changeChannel({ message_notifications });
          else change({ message_notifications });
        }}
      />
      <Show when={!props.channelId && props.guildId}>
        <Switch
          label="Ignore @everyone and @here"
          checked={guild()?.suppress_everyone ?? false}
          onChange={(suppress_everyone) => change({ suppress_everyone })}
        />
        <Switch label="Ignore mentions of roles" checked={guild()?.suppress_roles ?? false} onChange={(suppress_roles) => change({ suppress_roles })} />
      </Show>
    </Dialog>
  );
}
