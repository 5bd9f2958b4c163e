// What a stage is about: asked when it is opened, and when that changes.
import { createSignal, type JSX, Show } from "solid-js";
import { openStage } from "../../actions/stage.ts";
import type { Id } from "../../core/types.ts";
import { channels, may } from "../../store/channels.ts";
import { stages } from "../../store/voice.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Switch, TextField } from "../../ui/Field.tsx";
import { attempt } from "../../ui/toast.tsx";

export default function StageTopic(props: { channelId: Id; onClose: () => void }): JSX.Element {
  const live = stages[props.channelId];
  const [topic, setTopic] = createSignal(live?.topic ?? "");
  const [notify, setNotify] = createSignal(false);
  const submit = () => attempt(() => openStage(props.channelId, topic().trim(), notify())).then((done) => done && props.onClose());
  return (
    <Dialog
      title={live ? "Change the topic" : "Open the stage"}
      intro={live ? undefined : "Everybody who sees the channel sees that it is live."}
      onClose={props.onClose}
      onSubmit={() => void submit()}
      actions={
        <Button type="submit" kind="primary" disabled={!topic().trim()}>
          {live ? "Save" : "Open it"}
        </Button>
      }
    >
      <TextField label="What it is about" placeholder="Questions and answers" maxlength="120" autofocus value={topic()} onInput={(event) => setTopic(event.currentTarget.value)} />
      <Show when={!live && may(channels[props.channelId], "MENTION_EVERYONE")}>
        <Switch label="Tell everyone" hint="Mentions all who may see the channel, in its chat." checked={notify()} onChange={setNotify} />
      </Show>
    </Dialog>
  );
}
