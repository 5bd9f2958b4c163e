// To a message, wherever it is.
import type { Message } from "../core/types.ts";
import { channels } from "../store/channels.ts";
import { setPane, setPanel } from "../store/place.ts";
import { narrow } from "../ui/media.ts";
import { navigate, path } from "../ui/router.ts";

/** Show a message in its channel, also where it was shown before. */
export function jumpTo(message: Pick<Message, "id" | "channel_id">): void {
  const channel = `/channels/${channels[message.channel_id]?.guild_id ?? "@me"}/${message.channel_id}`;
  const to = `${channel}/${message.id}`;
  const again = path() === to;
  if (again) navigate(channel, { replace: true });
  navigate(to, { replace: again });
  setPane("none");
  if (narrow()) setPanel("none");
}
