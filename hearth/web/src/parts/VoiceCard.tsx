// In somebody's profile while they are in voice: how loud they are for the person, and what a moderator may do.
import { createMemo, type JSX, Show } from "solid-js";
import { changeVolume, homeOf, isSpeaker, isStage, myChannel, own, voiceOf, volumeOf } from "../store/voice.ts";
import { moderateVoice } from "../actions/voice.ts";
import { letSpeak } from "../actions/stage.ts";
import type { Channel, Id, VoiceState } from "../core/types.ts";
import { channelName, channels, channelTree, isVoice, may } from "../store/channels.ts";
import { nameIn } from "../store/guilds.ts";
import { myId } from "../store/session.ts";
import { Button } from "../ui/Button.tsx";
import { SelectField, Switch } from "../ui/Field.tsx";
import { attempt } from "../ui/toast.tsx";
import styles from "./VoiceCard.module.css";

export default function VoiceCard(props: { id: Id; guildId?: Id }): JSX.Element {
  const mine = () => props.id === myId();
  const state = () => {
    const channel = myChannel();
    return voiceOf(props.guildId, props.id) ?? (channel && !channel.guild_id ? voiceOf(homeOf(channel), props.id) : undefined);
  };
  const channel = () => channels[state()?.channel_id ?? ""];
  const able = (permission: "MUTE_MEMBERS" | "DEAFEN_MEMBERS" | "MOVE_MEMBERS") => props.guildId !== undefined && may(channel(), permission);
  const targets = createMemo(() =>
    able("MOVE_MEMBERS")
      ? channelTree(props.guildId as Id).flatMap((branch) => branch.channels).filter((one) => isVoice(one) && one.id !== state()?.channel_id && may(one, "CONNECT") && may(one, "MOVE_MEMBERS"))
      : [],
  );
  const change = (what: Parameters<typeof moderateVoice>[2]) => void attempt(() => moderateVoice(props.guildId as Id, props.id, what));
  return (
    <Show when={state()}>
      <section class={styles.card}>
        <h3>
          In voice · <span>{channelName(channel() ?? { id: "0", type: 2, name: "a call" })}</span>
        </h3>
        <Show when={!mine()}>
          <label class={styles.volume}>
            <span>
              Volume for you <b>{volumeOf(props.id) === 0 ? "muted" : `${volumeOf(props.id)} %`}</b>
            </span>
            <input type="range" min="0" max="100" step="5" value={volumeOf(props.id)} aria-label={`Volume of ${nameIn(props.guildId, props.id)} for you, in per cent`} onInput={(event) => changeVolume(props.id, Number(event.currentTarget.value))} />
          </label>
          <Switch label="Muted for you" checked={volumeOf(props.id) === 0} onChange={(on) => changeVolume(props.id, on ? 0 : 100)} />
        </Show>
        <Show when={able("MUTE_MEMBERS") && channel() && isStage(channel() as Channel) && !mine()}>
          <Button icon={isSpeaker(state() as VoiceState) ? "down" : "mic"} onClick={() => void attempt(() => letSpeak(channel() as Channel, props.id, !isSpeaker(state() as VoiceState)))}>
            {isSpeaker(state() as VoiceState) ? "Send into the audience" : "Invite to speak"}
          </Button>
        </Show>
        <Show when={able("MUTE_MEMBERS")}>
          <Switch label="Muted for all" checked={state()?.mute ?? false} onChange={(on) => change({ mute: on })} />
        </Show>
        <Show when={able("DEAFEN_MEMBERS")}>
          <Switch label="Deafened for all" checked={state()?.deaf ?? false} onChange={(on) => change({ deaf: on })} />
        </Show>
        <Show when={able("MOVE_MEMBERS")}>
          <Show when={targets().length}>
            <SelectField
              label="Move to"
              value=""
              options={[["", "Stay here"], ...targets().map((one): [string, string] => [one.id, channelName(one)])]}
              onChange={(event) => event.currentTarget.value && change({ channel_id: event.currentTarget.value })}
            />
          </Show>
          <Show when={!mine() || own.phase === "none"}>
            <Button kind="quiet" icon="hangUp" onClick={() => change({ channel_id: null })}>
              Disconnect from voice
            </Button>
          </Show>
        </Show>
      </section>
    </Show>
  );
}
