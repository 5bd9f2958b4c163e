// What a reply replies to, in one line above it.
import { type JSX, Match, Switch } from "solid-js";
import { brief } from "../core/brief.ts";
import type { Message } from "../core/types.ts";
import { nameIn } from "../store/guilds.ts";
import { messages } from "../store/messages.ts";
import { Face } from "./Face.tsx";
import { Markdown } from "./Markdown.tsx";
import styles from "./Message.module.css";

export function ReplyBar(props: { message: Message; guildId?: string; onJump: (id: string) => void }): JSX.Element {
  const id = () => props.message.message_reference?.message_id ?? "";
  const original = () => messages[id()] ?? props.message.referenced_message;
  return (
    <div class={styles.reply}>
      <Switch fallback={<span class={styles.gone}>The message is gone.</span>}>
        <Match when={original()}>
          {(found) => (
            <button type="button" tabindex="-1" onClick={() => props.onJump(id())}>
              <Face id={found().author.id} guildId={props.guildId} size={18} />
              <b>{nameIn(props.guildId, found().author.id)}</b>
              <Markdown brief text={brief(found())} guildId={props.guildId} />
            </button>
          )}
        </Match>
      </Switch>
    </div>
  );
}
