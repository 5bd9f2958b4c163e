// The methods and paths that discord.js's own source asks for, one a line, with 1 for each id.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const { Routes } = require("discord-api-types/v10");
const found = new Set();

for (const name of readdirSync(dirname(require.resolve("discord.js")), { recursive: true })) {
  if (!name.endsWith(".js")) continue;
  const source = readFileSync(join(dirname(require.resolve("discord.js")), name), "utf8");
  for (const [, method, route] of source.matchAll(/rest\s*\.(\w+)\(\s*Routes\.(\w+)/g))
    found.add(`${method.toUpperCase()} ${Routes[route]("1", "1", "1", "1")}`);
}
for (const each of found) console.log(each);
