// A group's name and picture, which anybody in it may change; and the way out of it.
import { createSignal, type JSX, Show } from "solid-js";
import { changeChannel } from "../../actions/guilds.ts";
import { closeDm } from "../../actions/social.ts";
import type { Id } from "../../core/types.ts";
import { channelName, channels } from "../../store/channels.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Picture } from "../../ui/Picture.tsx";
import { navigate } from "../../ui/router.ts";
import { attempt } from "../../ui/toast.tsx";
import { PrivateFace } from "../Face.tsx";

export default function EditGroup(props: { channelId: Id; onClose: () => void }): JSX.Element {
  const group = () => channels[props.channelId];
  const [name, setName] = createSignal(group()?.name ?? "");
  const [sure, setSure] = createSignal(false);
  const change = (what: { name?: string; icon?: string | null }) => attempt(() => changeChannel(props.channelId, what));
  const save = () => change({ name: name().trim() }).then((done) => done && props.onClose());
  const leave = () => {
    if (!sure()) return setSure(true);
    const id = props.channelId;
    props.onClose();
    navigate("/channels/@me");
    void attempt(() => closeDm(id));
  };
  return (
    <Show when={group()}>
      {(one) => (
        <Dialog
          title="Group settings"
          onClose={props.onClose}
          onSubmit={() => void save()}
          actions={
            <>
              <Button kind={sure() ? "bad" : "quiet"} icon="logout" onClick={leave} onBlur={() => setSure(false)}>
                {sure() ? "Leave for good" : "Leave"}
              </Button>
              <span class="grow" />
              <Button type="submit" kind="primary">
                Save
              </Button>
            </>
          }
        >
          <Picture label="Change picture" present={Boolean(one().icon)} onChoose={(icon) => void change({ icon })}>
            <PrivateFace channel={one()} size={72} />
          </Picture>
          <TextField label="Name" hint="Without one it is called by who is in it." placeholder={channelName({ ...one(), name: null })} maxlength="100" value={name()} onInput={(event) => setName(event.currentTarget.value)} />
        </Dialog>
      )}
    </Show>
  );
}
