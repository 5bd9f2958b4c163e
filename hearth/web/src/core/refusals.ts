// What the server's refusals mean for a person, by Discord's code: the server's own words are for programs.

const WORDS: Record<number, string> = {
  10003: "This channel is gone, or you can't see it any more.",
  10004: "This guild is gone, or you are not in it any more.",
  10006: "This invite is not good any more. Ask for a new one.",
  10007: "They are not in this guild any more.",
  10008: "This message is gone.",
  10011: "This role is gone.",
  10013: "There is nobody like that.",
  10014: "This emoji is gone.",
  10026: "They are not banned any more.",
  10060: "This sticker is gone.",
  20013: "This account is disabled. Ask whoever runs this server.",
  20016: "Slow mode: wait a moment before you write again.",
  20024: "New accounts are made by invite only. Ask somebody who is here for a link.",
  20028: "Too much is written here at once. Wait a moment.",
  40005: "That is too large for this server.",
  40007: "You are banned from this guild.",
  50001: "You can't see this.",
  50007: "You can't write to them: they take messages from friends and guilds they share.",
  50009: "This guild lets people write only when their accounts are older.",
  50013: "You are not allowed to do this. Ask somebody who manages it.",
  50045: "This file is too large for this server.",
  50142: "Who may do everything here cannot be timed out.",
  60008: "This code is wrong, or too old. Wait for the next one.",
  60011: "This took too long. Log in again.",
  80000: "They take no friend requests.",
  80003: "You can't befriend yourself.",
  80004: "Nobody has that name. It is the one they log in with.",
  80007: "You are friends already.",
  90001: "You can't react to them.",
};

/** A sentence for a refusal, and the server's own text where there is none. */
export function wordsOf(code: number, said: string): string {
  return WORDS[code] ?? said;
}
