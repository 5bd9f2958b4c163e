// The messages that named the person of late.
import { createResource, type JSX } from "solid-js";
import { dismissMention, listMentions } from "../actions/messages.ts";
import type { Message } from "../core/types.ts";
import { channelName, channels, isPrivate } from "../store/channels.ts";
import { guilds } from "../store/guilds.ts";
import { totalMentions } from "../store/reads.ts";
import { Button } from "../ui/Button.tsx";
import { attempt } from "../ui/toast.tsx";
import { jumpTo } from "./jump.ts";
import { CardFoot, MessageCard, MessageList, Panel } from "./Panel.tsx";

export default function Inbox(): JSX.Element {
  // What names the person anew is looked up anew.
  const [list, { mutate }] = createResource(() => [totalMentions()], listMentions);
  const dismiss = (message: Message) =>
    attempt(() => dismissMention(message.id)).then((done) => done && mutate((all) => all?.filter((one) => one.id !== message.id)));
  const where = (message: Message) => {
    const channel = channels[message.channel_id];
    if (!channel) return "";
    return isPrivate(channel) ? channelName(channel) : `#${channelName(channel)} · ${guilds[channel.guild_id ?? ""]?.name ?? ""}`;
  };
  return (
    <Panel title="Recent mentions">
      <MessageList label="Messages that name you" found={list} icon="at" nothing="Nobody called you of late. What names you comes here.">
        {(message) => (
          <MessageCard message={message} where={where(message)}>
            <CardFoot>
              <Button onClick={() => jumpTo(message)}>Jump</Button>
              <Button kind="quiet" onClick={() => void dismiss(message)}>
                Done
              </Button>
            </CardFoot>
          </MessageCard>
        )}
      </MessageList>
    </Panel>
  );
}
