import { expect, test } from "vitest";
import { answerOf } from "./check.ts";

test("an answer offers the ways that it is told alone", () => {
  const keys = { ufrag: "+5f+abc", password: "p".repeat(32) };
  const udp = answerOf([{ protocol: "udp", host: "192.0.2.7", port: 8080, ...keys }]).split("\r\n");
  expect(udp.filter((line) => line.startsWith("a=candidate"))).toEqual(["a=candidate:1 1 udp 2130706431 192.0.2.7 8080 typ host"]);
  const tcp = answerOf([{ protocol: "tcp", host: "2001:db8::7", port: 8080, ...keys }]).split("\r\n");
  expect(tcp).toContain("c=IN IP6 2001:db8::7");
  expect(tcp.find((line) => line.startsWith("a=candidate"))).toMatch(/ tcptype passive$/);
  expect(tcp).toContain("a=ice-ufrag:+5f+abc");
});
