import { expect, test } from "vitest";
import { why } from "./devices.ts";

test("each failure has a name and a way out", () => {
  expect(why("NotAllowedError", "microphone")).toMatchObject({ text: "The microphone is not allowed here.", again: true });
  expect(why("NotReadableError", "camera").text).toBe("The camera is in use by something else.");
  expect(why("NotFoundError", "microphone").text).toBe("There is no microphone.");
  expect(why("insecure", "microphone")).toMatchObject({ way: "Open this server by its https address.", again: false });
  expect(why("?", "screen")).toMatchObject({ text: "Sharing the screen does not work in this browser." });
});
