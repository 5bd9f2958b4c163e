import { expect, test } from "vitest";
import vectors from "../../tests/vectors/permissions.json" with { type: "json" };
import { ALL, names, P, type Place, resolve, type World } from "./permissions.ts";
import { why } from "./why.ts";

const NOW = 1_800_000_000_000;

for (const [index, vector] of vectors.entries()) {
  test(`world ${index}`, () => {
    const channels = vector.channels as unknown as Place[];
    const world: World = {
      id: vector.guild,
      owner_id: vector.owner,
      roles: Object.fromEntries(vector.roles.map((role) => [role.id, role])),
      channel: (id) => channels.find((one) => one.id === id),
    };
    for (const [at, member] of vector.members.entries()) {
      const who = {
        user: { id: member.id },
        roles: member.roles,
        communication_disabled_until: member.out === null ? null : new Date(NOW + member.out * 3_600_000).toISOString(),
      };
      for (const [i, place] of [null, ...channels].entries()) {
        expect(resolve(world, who, place, NOW).toString()).toBe(vector.bits[at]?.[i]);
        // The reasons come to the same end.
        const { has, reasons } = why(world, who, place, "SEND_MESSAGES", "Ann", "write", NOW);
        expect(has).toBe((BigInt(vector.bits[at]?.[i] as string) & P.SEND_MESSAGES) !== 0n);
        expect(reasons.at(-1)?.effect).toBe("verdict");
        expect(reasons.length).toBeGreaterThan(1);
      }
    }
  });
}

test("bits have the names that Discord gives them", () => {
  expect(P.ADMINISTRATOR).toBe(8n);
  expect(P.BYPASS_SLOWMODE).toBe(1n << 52n);
  expect(ALL & (1n << 47n)).toBe(0n);
  expect(names(P.VIEW_CHANNEL | P.SEND_MESSAGES)).toEqual(["VIEW_CHANNEL", "SEND_MESSAGES"]);
});
