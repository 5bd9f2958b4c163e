// What a moderator does to a member, with a reason for the audit log; and a member's name here.
import { createSignal, type JSX, Match, Show, Switch } from "solid-js";
import { ban, kick, rename, timeOut } from "../../actions/guilds.ts";
import type { Id } from "../../core/types.ts";
import { memberOf, nameIn } from "../../store/guilds.ts";
import { myId } from "../../store/session.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { SelectField, TextField } from "../../ui/Field.tsx";
import { attempt } from "../../ui/toast.tsx";

const TIMES: [string, string][] = [["60", "1 minute"], ["300", "5 minutes"], ["3600", "1 hour"], ["86400", "1 day"], ["604800", "7 days"], ["0", "End the timeout"]];
const DELETED: [string, string][] = [["0", "None"], ["3600", "Of the last hour"], ["86400", "Of the last day"], ["604800", "Of the last 7 days"]];

export default function Moderate(props: {
  guildId: Id;
  userId: Id;
  what: "kick" | "ban" | "timeout" | "rename";
  onClose: () => void;
}): JSX.Element {
  const name = nameIn(props.guildId, props.userId);
  const [reason, setReason] = createSignal("");
  const [seconds, setSeconds] = createSignal("3600");
  const [deleted, setDeleted] = createSignal("0");
  const [nick, setNick] = createSignal(memberOf(props.guildId, props.userId)?.nick ?? "");
  const texts = {
    kick: { title: `Kick ${name}?`, intro: "They leave the guild, and may come back by an invite.", button: "Kick" },
    ban: { title: `Ban ${name}?`, intro: "They leave the guild and cannot come back until the ban is lifted.", button: "Ban" },
    timeout: { title: `Time ${name} out`, intro: "Until then they can read and not write.", button: "Time out" },
    rename: { title: `Name of ${name} here`, intro: "Only in this guild. Empty is their own name.", button: "Save" },
  }[props.what];
  const run = () => {
    switch (props.what) {
      case "kick":
        return kick(props.guildId, props.userId, reason());
      case "ban":
        return ban(props.guildId, props.userId, reason(), Number(deleted()));
      case "timeout":
        return timeOut(props.guildId, props.userId, Number(seconds()), reason());
      case "rename":
        return rename(props.guildId, props.userId === myId() ? "@me" : props.userId, nick().trim() || null);
    }
  };
  return (
    <Dialog
      title={texts.title}
      intro={texts.intro}
      onClose={props.onClose}
      onSubmit={() => void attempt(run).then((done) => done && props.onClose())}
      actions={
        <>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button type="submit" kind={props.what === "rename" ? "primary" : "bad"}>
            {texts.button}
          </Button>
        </>
      }
    >
      <Switch>
        <Match when={props.what === "timeout"}>
          <SelectField label="For" value={seconds()} options={TIMES} onChange={(event) => setSeconds(event.currentTarget.value)} />
        </Match>
        <Match when={props.what === "ban"}>
          <SelectField label="Delete their messages" value={deleted()} options={DELETED} onChange={(event) => setDeleted(event.currentTarget.value)} />
        </Match>
        <Match when={props.what === "rename"}>
          <TextField label="Name" maxlength="32" value={nick()} onInput={(event) => setNick(event.currentTarget.value)} />
        </Match>
      </Switch>
      <Show when={props.what !== "rename"}>
        <TextField label="Reason" hint="Moderators read it in the audit log." maxlength="512" value={reason()} onInput={(event) => setReason(event.currentTarget.value)} />
      </Show>
    </Dialog>
  );
}
