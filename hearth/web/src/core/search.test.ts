import { expect, test } from "vitest";
import { begunFilter, dayIn, marker, queryOf, withFilter } from "./search.ts";
import { createdMs } from "./snowflake.ts";

test("words and filters become a query", () => {
  const filters = [
    { kind: "from", value: "1" },
    { kind: "from", value: "2" },
    { kind: "has", value: "image" },
    { kind: "pinned", value: "yes" },
  ] as const;
  expect(queryOf(" kiln ", [...filters], "relevance", 2)).toEqual({
    content: "kiln",
    author_id: ["1", "2"],
    has: ["image"],
    pinned: "true",
    sort_by: "relevance",
    sort_order: "desc",
    limit: "25",
    offset: "50",
  });
  expect(queryOf("", [], "relevance", 0)).toEqual({ sort_order: "desc", limit: "25", offset: "0" });
  expect(queryOf("a", [], "oldest", 0).sort_order).toBe("asc");
});

test("a day is as long as it is where the reader is", () => {
  const on = queryOf("", [{ kind: "before", value: "2026-11-27" }, { kind: "after", value: "2026-11-25" }], "newest", 0);
  expect(createdMs(on.max_id as string)).toBe(new Date(2026, 10, 27).getTime());
  expect(createdMs((BigInt(on.min_id as string) + 1n).toString())).toBe(new Date(2026, 10, 26).getTime());
  expect(dayIn("2026-2-3")).toBe("2026-02-03");
  expect([dayIn("2026-02-30"), dayIn("tomorrow"), dayIn("2026-13-01")]).toEqual([null, null, null]);
});

test("the end of a text may begin a filter", () => {
  expect(begunFilter("kiln From:Bo")).toEqual({ kind: "from", typed: "bo", from: 5 });
  expect(begunFilter("has:")).toEqual({ kind: "has", typed: "", from: 0 });
  for (const text of ["from:bob ", "infrom:bob", "from", "at:noon"]) expect(begunFilter(text)).toBeNull();
});

test("of some filters there is one", () => {
  const before = withFilter([{ kind: "before", value: "2026-01-01" }], { kind: "before", value: "2026-02-02" });
  expect(before).toEqual([{ kind: "before", value: "2026-02-02" }]);
  const from = withFilter(withFilter([{ kind: "from", value: "1" }], { kind: "from", value: "2" }), { kind: "from", value: "1" });
  expect(from.map((one) => one.value)).toEqual(["2", "1"]);
});

test("hits are marked as the server finds them", () => {
  const marked = (query: string, text: string) => marker(query)(text).flatMap(([piece, hit]) => (hit ? [piece] : []));
  expect(marked("kil", "Kiln, the kilns and a skill")).toEqual(["Kiln", "kilns"]);
  expect(marked("kil ", "Kiln")).toEqual([]);
  expect(marked("cafe lait", "Café au LAIT, lattes")).toEqual(["Café", "LAIT"]);
  expect(marked("東京", "今日は東京に行く")).toEqual(["東京"]);
  expect(marked("", "anything")).toEqual([]);
  expect(marker("b")("a b c").map(([piece]) => piece).join("")).toBe("a b c");
});
