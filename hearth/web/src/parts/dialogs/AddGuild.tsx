// A new guild, or the way into one by its invite.
import { createSignal, type JSX, Show } from "solid-js";
import { acceptInvite, createGuild } from "../../actions/guilds.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Choice, TextField } from "../../ui/Field.tsx";
import { navigate } from "../../ui/router.ts";

export default function AddGuild(props: { onClose: () => void }): JSX.Element {
  const [how, setHow] = createSignal<"make" | "join">("make");
  const [name, setName] = createSignal("");
  const [link, setLink] = createSignal("");
  const [error, setError] = createSignal("");
  const [busy, setBusy] = createSignal(false);
  const code = () => link().trim().replace(/[#?].*$/, "").split(/[/=]/).filter(Boolean).at(-1) ?? "";
  const submit = async () => {
    setBusy(true);
    setError("");
    try {
      const id = how() === "make" ? (await createGuild(name().trim())).id : (await acceptInvite(code())).guild.id;
      props.onClose();
      navigate(`/channels/${id}`);
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title="Add a guild"
      intro="A guild is a place for a community: its channels, its people, its rules."
      onClose={props.onClose}
      onSubmit={() => void submit()}
      actions={
        <Button type="submit" kind="primary" busy={busy()} disabled={how() === "make" ? name().trim().length < 2 : !code()}>
          {how() === "make" ? "Make it" : "Join"}
        </Button>
      }
    >
      <Choice plain label="What would you like to do?" value={how()} options={[["make", "Make one"], ["join", "Join one"]]} onChange={setHow} />
      <Show
        when={how() === "make"}
        fallback={
          <TextField
            label="Invite"
            placeholder={`${location.origin}/invite/…`}
            hint="The link or the code that somebody gave you."
            error={error()}
            value={link()}
            onInput={(event) => setLink(event.currentTarget.value)}
          />
        }
      >
        <TextField
          autofocus
          label="Name"
          placeholder="The reading circle"
          maxlength="100"
          error={error()}
          value={name()}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </Show>
    </Dialog>
  );
}
