// Leaving a guild; its owner deletes it instead.
import { createSignal, type JSX, Show } from "solid-js";
import { deleteGuild, leaveGuild } from "../../actions/guilds.ts";
import type { Id } from "../../core/types.ts";
import { guilds } from "../../store/guilds.ts";
import { myId } from "../../store/session.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { TextField } from "../../ui/Field.tsx";
import { navigate } from "../../ui/router.ts";
import { attempt } from "../../ui/toast.tsx";

export default function LeaveGuild(props: { guildId: Id; onClose: () => void }): JSX.Element {
  const name = guilds[props.guildId]?.name ?? "";
  const owner = guilds[props.guildId]?.owner_id === myId();
  const [typed, setTyped] = createSignal("");
  const submit = async () => {
    if (await attempt(() => (owner ? deleteGuild(props.guildId) : leaveGuild(props.guildId)))) {
      props.onClose();
      navigate("/channels/@me", { replace: true });
    }
  };
  return (
    <Dialog
      title={owner ? `Delete ${name}?` : `Leave ${name}?`}
      intro={
        owner
          ? "All channels and messages in it are gone for everybody, and cannot be brought back."
          : "To come back you need an invite. What you wrote stays."
      }
      onClose={props.onClose}
      onSubmit={() => void submit()}
      actions={
        <>
          <Button onClick={props.onClose}>Stay</Button>
          <Button type="submit" kind="bad" disabled={owner && typed() !== name}>
            {owner ? "Delete" : "Leave"}
          </Button>
        </>
      }
    >
      <Show when={owner}>
        <TextField label={`Write “${name}” to be sure`} value={typed()} onInput={(event) => setTyped(event.currentTarget.value)} />
      </Show>
    </Dialog>
  );
}
