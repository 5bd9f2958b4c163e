// What is pinned in a channel.
import { createResource, type JSX, Show } from "solid-js";
import { listPins, pin } from "../actions/messages.ts";
import type { Channel } from "../core/types.ts";
import { channels, may } from "../store/channels.ts";
import { Button } from "../ui/Button.tsx";
import { attempt } from "../ui/toast.tsx";
import { jumpTo } from "./jump.ts";
import { CardFoot, MessageCard, MessageList, Panel } from "./Panel.tsx";

export default function Pins(props: { channel: Channel }): JSX.Element {
  const [pins, { refetch }] = createResource(
    () => [props.channel.id, channels[props.channel.id]?.last_pin_timestamp] as const,
    ([id]) => listPins(id),
  );
  const can = () => may(channels[props.channel.id], "PIN_MESSAGES") || may(channels[props.channel.id], "MANAGE_MESSAGES");
  return (
    <Panel title="Pinned messages">
      <MessageList label="Messages that are pinned" found={pins} icon="pin" nothing="Nothing is pinned yet. Pin what people should find again.">
        {(message) => (
          <MessageCard message={message}>
            <CardFoot>
              <Button onClick={() => jumpTo(message)}>Jump</Button>
              <Show when={can()}>
                <Button kind="quiet" onClick={() => void attempt(() => pin(message, false)).then(() => refetch())}>
                  Unpin
                </Button>
              </Show>
            </CardFoot>
          </MessageCard>
        )}
      </MessageList>
    </Panel>
  );
}
