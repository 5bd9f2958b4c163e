// A channel's own settings: what it is called, and who may do what in it.
import { createSignal, type JSX, lazy, Show, Suspense } from "solid-js";
import { changeChannel, deleteChannel } from "../../actions/guilds.ts";
import { ChannelType, type Id } from "../../core/types.ts";
import { channelName, channels, may } from "../../store/channels.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Choice, SelectField, TextArea, TextField } from "../../ui/Field.tsx";
import { attempt } from "../../ui/toast.tsx";

const Overwrites = lazy(() => import("../Overwrites.tsx"));

const SLOW: [string, string][] = [["0", "Off"], ["5", "5 seconds"], ["10", "10 seconds"], ["30", "30 seconds"], ["60", "1 minute"], ["300", "5 minutes"], ["3600", "1 hour"]];

export default function EditChannel(props: { channelId: Id; onClose: () => void }): JSX.Element {
  const channel = () => channels[props.channelId];
  const [tab, setTab] = createSignal<"overview" | "permissions">("overview");
  const [name, setName] = createSignal(channel()?.name ?? "");
  const [topic, setTopic] = createSignal(channel()?.topic ?? "");
  const [slow, setSlow] = createSignal(String(channel()?.rate_limit_per_user ?? 0));
  const [sure, setSure] = createSignal(false);
  const category = () => channel()?.type === ChannelType.CATEGORY;
  const save = () =>
    attempt(() =>
      changeChannel(props.channelId, {
        name: name().trim(),
        ...(category() ? {} : { topic: topic().trim() || null, rate_limit_per_user: Number(slow()) }),
      }),
    ).then((done) => done && props.onClose());
  const remove = () => {
    if (!sure()) return setSure(true);
    void attempt(() => deleteChannel(props.channelId)).then((done) => done && props.onClose());
  };
  return (
    <Show when={channel()}>
      {(one) => (
        <Dialog
          wide
          title={`${category() ? "" : "#"}${channelName(one())}`}
          onClose={props.onClose}
          onSubmit={() => void save()}
          actions={
            <Show when={tab() === "overview" && may(one(), "MANAGE_CHANNELS")}>
              <Button kind={sure() ? "bad" : "quiet"} icon="trash" onClick={remove}>
                {sure() ? "Delete with all its messages" : "Delete"}
              </Button>
              <span class="grow" />
              <Button type="submit" kind="primary" disabled={!name().trim()}>
                Save
              </Button>
            </Show>
          }
        >
          <Choice plain label="Settings" value={tab()} options={[["overview", "Overview"], ["permissions", "Permissions"]]} onChange={setTab} />
          <Show when={tab() === "overview"} fallback={
            <Suspense>
              <Overwrites channelId={props.channelId} />
            </Suspense>
          }>
            <TextField label="Name" maxlength="100" disabled={!may(one(), "MANAGE_CHANNELS")} value={name()} onInput={(event) => setName(event.currentTarget.value)} />
            <Show when={!category()}>
              <TextArea label="Topic" maxlength="1024" disabled={!may(one(), "MANAGE_CHANNELS")} value={topic()} onInput={(event) => setTopic(event.currentTarget.value)} />
              <SelectField
                label="Slow mode"
                hint="How long somebody waits between two messages."
                options={SLOW}
                disabled={!may(one(), "MANAGE_CHANNELS")}
                value={slow()}
                onChange={(event) => setSlow(event.currentTarget.value)}
              />
            </Show>
          </Show>
        </Dialog>
      )}
    </Show>
  );
}
