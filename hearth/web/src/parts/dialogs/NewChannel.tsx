// A new channel or category.
import { createSignal, type JSX, Show } from "solid-js";
import { createChannel } from "../../actions/guilds.ts";
import { ChannelType, type Id } from "../../core/types.ts";
import { channelName, channelTree } from "../../store/channels.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Choice, SelectField, TextField } from "../../ui/Field.tsx";
import { navigate } from "../../ui/router.ts";

export default function NewChannel(props: { guildId: Id; parentId: Id | null; onClose: () => void }): JSX.Element {
  const [kind, setKind] = createSignal<"text" | "voice" | "stage" | "news" | "category">("text");
  const [name, setName] = createSignal("");
  const [parent, setParent] = createSignal(props.parentId ?? "");
  const [error, setError] = createSignal("");
  const [busy, setBusy] = createSignal(false);
  const types = { text: ChannelType.TEXT, voice: ChannelType.VOICE, stage: ChannelType.STAGE, news: ChannelType.ANNOUNCEMENT, category: ChannelType.CATEGORY };
  const categories = () => channelTree(props.guildId).flatMap((branch) => (branch.category ? [branch.category] : []));
  const submit = async () => {
    setBusy(true);
    setError("");
    try {
      const parent_id = kind() === "category" ? undefined : parent() || undefined;
      const made = await createChannel(props.guildId, { name: name().trim(), type: types[kind()], parent_id });
      if (kind() !== "category") navigate(`/channels/${props.guildId}/${made.id}`);
      props.onClose();
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={kind() === "category" ? "New category" : "New channel"}
      onClose={props.onClose}
      onSubmit={() => void submit()}
      actions={
        <Button type="submit" kind="primary" busy={busy()} disabled={!name().trim()}>
          Create
        </Button>
      }
    >
      <Choice
        label="Kind"
        value={kind()}
        options={[["text", "Text"], ["voice", "Voice"], ["stage", "Stage"], ["news", "News"], ["category", "Category"]]}
        onChange={setKind}
      />
      <TextField
        label="Name"
        placeholder={kind() === "category" ? "Projects" : kind() === "voice" ? "Kitchen table" : kind() === "stage" ? "Town hall" : "ideas"}
        maxlength="100"
        autofocus
        error={error()}
        value={name()}
        onInput={(event) => {
          const value = event.currentTarget.value;
          setName(["category", "voice", "stage"].includes(kind()) ? value : value.toLowerCase().replace(/\s/g, "-"));
        }}
      />
      <Show when={kind() !== "category" && categories().length}>
        <SelectField
          label="Category"
          value={parent()}
          options={[["", "None"], ...categories().map((one): [string, string] => [one.id, channelName(one)])]}
          onChange={(event) => setParent(event.currentTarget.value)}
        />
      </Show>
    </Dialog>
  );
}
