import { expect, test } from "vitest";
import vectors from "../../tests/vectors/markdown.json" with { type: "json" };
import { parse, plain, safeUrl } from "./markdown.ts";

for (const { source, tree } of vectors as { source: string; tree: unknown }[]) {
  test(JSON.stringify(source), () => expect(parse(source)).toEqual(tree));
}

test("what is no link stays text", () => {
  for (const text of ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "//x", "http://"]) {
    expect(safeUrl(text)).toBeNull();
  }
  expect(parse("[x](javascript:alert(1))")).toEqual([{ type: "text", text: "[x](javascript:alert(1))" }]);
});

test("any text is read in time, and no word of it is lost", () => {
  for (const piece of ["*", "_", "~~", "||", "**a", "`", "[", "[a](", "> ", ">>> ", "<@", "- ", "# ", "\\", "```", "http://"]) {
    const start = performance.now();
    parse(piece.repeat(4000 / piece.length));
    expect(performance.now() - start).toBeLessThan(1500);
  }
  const text = "one **two** _three_ `four` ||five|| <@1> six";
  expect(plain(parse(text), () => "@ann")).toBe("one two three four ▒▒▒ @ann six");
  expect(plain(parse("- a\n  - b\n- c"), () => "")).toBe("• a\n• b\n• c");
});
