// A link that lets people in.
import { createResource, createSignal, type JSX } from "solid-js";
import { createInvite } from "../../actions/guilds.ts";
import type { Id } from "../../core/types.ts";
import { channelName, channels } from "../../store/channels.ts";
import { guilds } from "../../store/guilds.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { SelectField, TextField } from "../../ui/Field.tsx";
import { copy } from "../messageMenu.ts";

const AGES: [string, string][] = [["3600", "1 hour"], ["86400", "1 day"], ["604800", "7 days"], ["2592000", "30 days"], ["0", "For ever"]];
const USES: [string, string][] = [["0", "Any number"], ["1", "1 person"], ["5", "5 people"], ["25", "25 people"], ["100", "100 people"]];

export default function InvitePeople(props: { channelId: Id; onClose: () => void }): JSX.Element {
  const [age, setAge] = createSignal("604800");
  const [uses, setUses] = createSignal("0");
  const [invite] = createResource(
    () => ({ max_age: Number(age()), max_uses: Number(uses()) }),
    (options) => createInvite(props.channelId, options),
  );
  const channel = () => channels[props.channelId];
  const link = () => (invite.error || !invite.latest ? "" : `${location.origin}/invite/${invite.latest.code}`);
  return (
    <Dialog
      title={`Invite people to ${guilds[channel()?.guild_id ?? ""]?.name ?? ""}`}
      intro={<>They arrive in #{channel() ? channelName(channel()!) : ""}. The link also lets them make an account.</>}
      onClose={props.onClose}
      onSubmit={() => copy(link())}
      actions={
        <Button type="submit" kind="primary" icon="copy" disabled={!link()} autofocus>
          Copy link
        </Button>
      }
    >
      <TextField label="Link" readonly value={link()} error={invite.error ? (invite.error as Error).message : undefined} onFocus={(event) => event.currentTarget.select()} />

        <SelectField label="Good for" value={age()} options={AGES} onChange={(event) => setAge(event.currentTarget.value)} />
        <SelectField label="Used by" value={uses()} options={USES} onChange={(event) => setUses(event.currentTarget.value)} />

    </Dialog>
  );
}
