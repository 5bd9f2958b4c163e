import { expect, test } from "vitest";
import { ALL, names } from "../core/permissions.ts";
import { wordsOf } from "./permissionWords.ts";

test("what a permission does here has words and a place in the editor", () => {
  expect(names(ALL).filter((name) => wordsOf(name).startsWith("“"))).toEqual([
    "SEND_TTS_MESSAGES",
    "VIEW_GUILD_INSIGHTS",
    "MANAGE_EVENTS",
    "USE_EMBEDDED_ACTIVITIES",
    "VIEW_CREATOR_MONETIZATION_ANALYTICS",
    "USE_SOUNDBOARD",
    "CREATE_EVENTS",
    "USE_EXTERNAL_SOUNDS",
    "USE_EXTERNAL_APPS",
  ]);
});
