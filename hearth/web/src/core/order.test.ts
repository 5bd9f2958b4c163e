import { expect, test } from "vitest";
import { moves, step, type Spot } from "./order.ts";
import type { Channel } from "./types.ts";

const made = (id: string, type: number, position: number, parent_id: string | null = null): Channel => ({ id, type, position, parent_id });

/** a, b outside; categories C (c, d, voice v, w) and E (nothing). */
const ALL = [
  made("10", 0, 0), made("11", 0, 5),
  made("20", 4, 0), made("21", 4, 1),
  made("30", 0, 0, "20"), made("31", 0, 1, "20"), made("32", 2, 0, "20"), made("33", 2, 1, "20"),
];

/** The ids in order, by category, once the moves are made. */
function after(id: string, to: Spot | null): Record<string, string[]> {
  const list = ALL.map((one) => ({ ...one }));
  for (const move of to ? moves(ALL, id, to) : []) Object.assign(list.find((one) => one.id === move.id) as Channel, move);
  const within = (parent: string | null, ...types: number[]) =>
    list.filter((one) => (one.parent_id ?? null) === parent && types.includes(one.type)).sort((a, b) => (a.position ?? 0) - (b.position ?? 0)).map((one) => one.id);
  return { "": within(null, 0), C: within("20", 0), Cv: within("20", 2), E: within("21", 0, 2), all: within(null, 4) };
}

test("within a category only what changes is told", () => {
  expect(moves(ALL, "31", { parent: "20", before: "30" })).toEqual([{ id: "31", position: 0 }, { id: "30", position: 1 }]);
  expect(moves(ALL, "30", { parent: "20", before: "31" })).toEqual([]);
  expect(moves(ALL, "30", { parent: "20", before: "30" })).toEqual([]);
  expect(moves(ALL, "nobody", { parent: null, before: null })).toEqual([]);
});

test("into another category, and out of all", () => {
  expect(moves(ALL, "30", { parent: "21", before: null })).toEqual([{ id: "30", position: 0, parent_id: "21" }]);
  expect(after("30", { parent: null, before: "11" })).toMatchObject({ "": ["10", "30", "11"], C: ["31"] });
});

test("beside one of another kind: where its own kind ends", () => {
  expect(after("10", { parent: "20", before: "33" })).toMatchObject({ C: ["30", "31", "10"], Cv: ["32", "33"] });
  expect(after("33", { parent: "20", before: "30" })).toMatchObject({ Cv: ["33", "32"] });
});

test("step by step through everything", () => {
  expect(step(ALL, "10", -1)).toBeNull();
  expect(after("10", step(ALL, "10", 1))[""]).toEqual(["11", "10"]);
  expect(after("11", step(ALL, "11", 1))).toMatchObject({ "": ["10"], C: ["11", "30", "31"] });
  expect(after("30", step(ALL, "30", -1))).toMatchObject({ "": ["10", "11", "30"], C: ["31"] });
  expect(after("31", step(ALL, "31", 1))).toMatchObject({ C: ["30"], E: ["31"] });
  expect(after("32", step(ALL, "32", 1))).toMatchObject({ Cv: ["33", "32"] });
  expect(after("20", step(ALL, "20", 1)).all).toEqual(["21", "20"]);
  expect(step(ALL, "21", 1)).toBeNull();
});
