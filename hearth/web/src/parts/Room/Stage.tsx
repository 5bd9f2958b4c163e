// A stage: what it is about, who listens, who asks to speak, and what the person may do there.
import { createMemo, For, type JSX, Match, Show, Switch } from "solid-js";
import { answerInvitation, askToSpeak, closeStage, letSpeak, setOnStage } from "../../actions/stage.ts";
import type { Channel, VoiceState } from "../../core/types.ts";
import { may } from "../../store/channels.ts";
import { nameIn } from "../../store/guilds.ts";
import { myId } from "../../store/session.ts";
import { audienceOf, hasAsked, isInvited, isSpeaker, moderatesStage, stages, voiceOf } from "../../store/voice.ts";
import { Button, IconButton } from "../../ui/Button.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { attempt } from "../../ui/toast.tsx";
import { openDialog } from "../dialogs.ts";
import { Face } from "../Face.tsx";
import { showProfile } from "../profile.ts";
import styles from "./Stage.module.css";

/** What it is about, and for its moderators the way to begin, change and end it. */
export function StageHead(props: { channel: Channel }): JSX.Element {
  const stage = () => stages[props.channel.id];
  const manage = () => moderatesStage(props.channel);
  const edit = () => openDialog({ kind: "stage", channelId: props.channel.id });
  return (
    <Show when={stage() || manage()}>
      <header class={styles.head}>
        <Show when={stage()} fallback={<p class="grow soft">The stage is not open yet. People can talk; nobody is told.</p>}>
          {(live) => (
            <>
              <span class={styles.live}>Live</span>
              <h2>{live().topic}</h2>
            </>
          )}
        </Show>
        <Show when={manage()}>
          <Show when={stage()} fallback={<Button kind="primary" icon="stage" onClick={edit}>Open the stage</Button>}>
            <IconButton icon="pencil" label="Change the topic" tip="above" onClick={edit} />
            <Button onClick={() => void attempt(() => closeStage(props.channel.id))}>End the stage</Button>
          </Show>
        </Show>
      </header>
    </Show>
  );
}

/** Who listens: those who ask to speak first, in the order that they asked. */
export function Audience(props: { channel: Channel }): JSX.Element {
  const list = createMemo(() => audienceOf(props.channel));
  const ids = createMemo(() => list().map((one) => one.user_id), undefined, { equals: (a, b) => a.join() === b.join() });
  const asked = () => list().filter(hasAsked).length;
  return (
    <Show when={ids().length}>
      <section class={styles.audience} aria-label="Audience">
        <h3>
          {ids().length} {ids().length === 1 ? "listens" : "listen"}
          <Show when={asked()}>{(count) => <span class={styles.asking}>{count()} {count() === 1 ? "asks" : "ask"} to speak</span>}</Show>
        </h3>
        <ul>
          <For each={ids()}>
            {(id) => <Show when={list().find((one) => one.user_id === id)}>{(state) => <Listener channel={props.channel} state={state()} />}</Show>}
          </For>
        </ul>
      </section>
    </Show>
  );
}

function Listener(props: { channel: Channel; state: VoiceState }): JSX.Element {
  const id = () => props.state.user_id;
  const name = () => nameIn(props.channel.guild_id, id());
  const word = () => (hasAsked(props.state) ? "asks to speak" : isInvited(props.state) ? "invited to speak" : "");
  return (
    <li class={styles.listener} data-asks={hasAsked(props.state) || undefined}>
      <button type="button" class={styles.who} onClick={(event) => showProfile(id(), props.channel.guild_id, event.currentTarget)}>
        <Face id={id()} guildId={props.channel.guild_id} size={32} />
        <span class={styles.name}>
          <span class="cut">{id() === myId() ? `${name()} (you)` : name()}</span>
          <Show when={word()}>
            <span class={`cut ${styles.word}`}>
              <span class="unseen">, </span>
              {word()}
            </span>
          </Show>
        </span>
        <Show when={hasAsked(props.state)}>
          <Icon name="hand" size={18} class={styles.hand} />
        </Show>
      </button>
      <Show when={hasAsked(props.state) && id() !== myId() && may(props.channel, "MUTE_MEMBERS")}>
        <Button aria-label={`Let ${name()} speak`} onClick={() => void attempt(() => letSpeak(props.channel, id(), true))}>
          Let speak
        </Button>
      </Show>
    </li>
  );
}

/** What the person may do about speaking; `speaks` are the controls of who does. */
export function StageControls(props: { channel: Channel; speaks: JSX.Element }): JSX.Element {
  const state = () => voiceOf(props.channel.guild_id, myId());
  const asks = () => state() !== undefined && hasAsked(state() as VoiceState);
  return (
    <Switch>
      <Match when={state() && isSpeaker(state() as VoiceState)}>
        {props.speaks}
        <IconButton icon="down" label="Go into the audience" tip="above" class={styles.control} onClick={() => void attempt(() => setOnStage(props.channel, false))} />
      </Match>
      <Match when={state() && isInvited(state() as VoiceState)}>
        <p class={styles.invited} role="status">
          You are invited to speak.
        </p>
        <Button kind="primary" icon="mic" onClick={() => void attempt(() => answerInvitation(props.channel, true))}>
          Speak
        </Button>
        <Button onClick={() => void attempt(() => answerInvitation(props.channel, false))}>Not now</Button>
      </Match>
      <Match when={may(props.channel, "MUTE_MEMBERS")}>
        <Button kind={stages[props.channel.id] ? "primary" : "plain"} icon="mic" onClick={() => void attempt(() => setOnStage(props.channel, true))}>
          Go on stage
        </Button>
      </Match>
      <Match when={may(props.channel, "REQUEST_TO_SPEAK")}>
        <Button icon="hand" kind={asks() ? "plain" : "primary"} onClick={() => void attempt(() => askToSpeak(props.channel, !asks()))}>
          {asks() ? "Take the hand down" : "Ask to speak"}
        </Button>
      </Match>
    </Switch>
  );
}
