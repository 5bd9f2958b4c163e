// The dialog that is open; each comes when it is first asked for.
import { type JSX, lazy, Match, Suspense, Switch } from "solid-js";
import { remove } from "../actions/messages.ts";
import { brief } from "../core/brief.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { attempt } from "../ui/toast.tsx";
import { closeDialog, dialog } from "./dialogs.ts";
import { Markdown } from "./Markdown.tsx";
import { doomed, setDoomed } from "./messageMenu.ts";

const AddGuild = lazy(() => import("./dialogs/AddGuild.tsx"));
const NewChannel = lazy(() => import("./dialogs/NewChannel.tsx"));
const EditChannel = lazy(() => import("./dialogs/EditChannel.tsx"));
const InvitePeople = lazy(() => import("./dialogs/InvitePeople.tsx"));
const Notifications = lazy(() => import("./dialogs/Notifications.tsx"));
const LeaveGuild = lazy(() => import("./dialogs/LeaveGuild.tsx"));
const Moderate = lazy(() => import("./dialogs/Moderate.tsx"));
const StageTopic = lazy(() => import("./dialogs/StageTopic.tsx"));
const NewMessage = lazy(() => import("./dialogs/NewMessage.tsx"));
const EditGroup = lazy(() => import("./dialogs/EditGroup.tsx"));
const Keys = lazy(() => import("./dialogs/Keys.tsx"));

/** The one that is open, narrowed to its kind. */
function of<K extends NonNullable<ReturnType<typeof dialog>>["kind"]>(kind: K) {
  const now = dialog();
  return now?.kind === kind ? (now as Extract<NonNullable<ReturnType<typeof dialog>>, { kind: K }>) : null;
}

export function Dialogs(): JSX.Element {
  return (
    <Suspense>
      <Switch>
        <Match when={of("add")}>
          <AddGuild onClose={closeDialog} />
        </Match>
        <Match when={of("channel")}>
          {(asked) => <NewChannel guildId={asked().guildId} parentId={asked().parentId ?? null} onClose={closeDialog} />}
        </Match>
        <Match when={of("edit")}>{(asked) => <EditChannel channelId={asked().channelId} onClose={closeDialog} />}</Match>
        <Match when={of("invite")}>{(asked) => <InvitePeople channelId={asked().channelId} onClose={closeDialog} />}</Match>
        <Match when={of("notify")}>
          {(asked) => <Notifications guildId={asked().guildId} channelId={asked().channelId} onClose={closeDialog} />}
        </Match>
        <Match when={of("leave")}>{(asked) => <LeaveGuild guildId={asked().guildId} onClose={closeDialog} />}</Match>
        <Match when={of("moderate")}>
          {(asked) => <Moderate guildId={asked().guildId} userId={asked().userId} what={asked().what} onClose={closeDialog} />}
        </Match>
        <Match when={of("stage")}>{(asked) => <StageTopic channelId={asked().channelId} onClose={closeDialog} />}</Match>
        <Match when={of("dm")}>
          <NewMessage onClose={closeDialog} />
        </Match>
        <Match when={of("group")}>{(asked) => <EditGroup channelId={asked().channelId} onClose={closeDialog} />}</Match>
        <Match when={of("keys")}>
          <Keys onClose={closeDialog} />
        </Match>
        <Match when={doomed()}>
          {(message) => (
            <Dialog
              title="Delete this message?"
              intro="It is gone for everybody, and cannot be brought back."
              onClose={() => setDoomed(null)}
              onSubmit={() => {
                const gone = message();
                setDoomed(null);
                void attempt(() => remove(gone));
              }}
              actions={
                <>
                  <Button onClick={() => setDoomed(null)}>Keep it</Button>
                  <Button type="submit" kind="bad" autofocus>
                    Delete
                  </Button>
                </>
              }
            >
              <Markdown text={brief(message())} guildId={message().guild_id} />
            </Dialog>
          )}
        </Match>
      </Switch>
    </Suspense>
  );
}
