// Discord's dialect of Markdown: text → tree. Nothing here makes HTML; parts/Markdown.tsx shows the tree.

export type Node =
  | { type: "text"; text: string }
  | { type: "bold" | "italic" | "underline" | "strike" | "spoiler" | "quote" | "subtext"; children: Node[] }
  | { type: "heading"; level: 1 | 2 | 3; children: Node[] }
  | { type: "list"; ordered: boolean; start: number; items: Node[][] }
  | { type: "code"; text: string }
  | { type: "codeblock"; language: string; text: string }
  | { type: "link"; url: string; children: Node[] }
  | { type: "user" | "role" | "channel"; id: string }
  | { type: "everyone"; text: "@everyone" | "@here" }
  | { type: "emoji"; id: string; name: string; animated: boolean }
  | { type: "time"; seconds: number; style: string };

const DEEPEST = 16;
/** A link leads only where these say; what else looks like one stays text. */
const SCHEMES = new Set(["http:", "https:", "mailto:"]);

const PAIRS = [
  ["||", "spoiler"],
  ["**", "bold"],
  ["__", "underline"],
  ["~~", "strike"],
  ["*", "italic"],
  ["_", "italic"],
] as const;

interface Place {
  depth: number;
  quoted: boolean;
  linked: boolean;
}

/** The tree of a message's text. */
export function parse(source: string): Node[] {
  return blocks(source, { depth: 0, quoted: false, linked: false });
}

/** The URL when it may be linked to, as it will be followed; otherwise null. */
export function safeUrl(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  return SCHEMES.has(url.protocol) ? url.href : null;
}

/** A message's text without its marks, for titles and notices; `name` says who or what an id is. */
export function plain(nodes: Node[], name: (node: Node) => string): string {
  const one = (node: Node): string => {
    switch (node.type) {
      case "text":
      case "code":
      case "codeblock":
      case "everyone":
        return node.text;
      case "spoiler":
        return "▒▒▒";
      case "list":
        return node.items.map((item) => `• ${item.map((part) => (part.type === "list" ? "\n" : "") + one(part)).join("")}`).join("\n");
      case "user":
      case "role":
      case "channel":
      case "time":
        return name(node);
      case "emoji":
        return `:${node.name}:`;
      default:
        return plain(node.children, name);
    }
  };
  return nodes.map(one).join("");
}

function blocks(source: string, place: Place): Node[] {
  const out: Node[] = [];
  let at = 0;
  let text = "";
  const flush = () => {
    if (text) out.push(...inline(text, place));
    text = "";
  };
  const add = (node: Node) => {
    flush();
    out.push(node);
  };
  while (at < source.length) {
    const fence = fenced(source, at);
    if (fence) {
      add(fence.node);
      at = fence.end;
      if (source[at] === "\n") at += 1;
      continue;
    }
    const lineStart = at === 0 || source[at - 1] === "\n";
    const found = lineStart && place.depth < DEEPEST ? block(source, at, place) : null;
    if (found) {
      if (text.endsWith("\n")) text = text.slice(0, -1);
      add(found.node);
      at = found.end;
      continue;
    }
    const skip = atom(source, at);
    text += source.slice(at, at + skip);
    at += skip;
  }
  flush();
  return out;
}

/** How many characters to go on: escapes and code spans are stepped over whole. */
function atom(source: string, at: number): number {
  if (source[at] === "\\" && at + 1 < source.length) return 2;
  if (source[at] === "`" && !source.startsWith("```", at)) {
    const end = codeEnd(source, at);
    if (end) return end.end - at;
  }
  return 1;
}

function fenced(source: string, at: number): { node: Node; end: number } | null {
  if (!source.startsWith("```", at)) return null;
  const close = source.indexOf("```", at + 3);
  if (close < 0) return null;
  let inner = source.slice(at + 3, close);
  if (!inner.trim()) return null;
  let language = "";
  const head = /^([\w+#.-]{1,24})\n/.exec(inner);
  if (head) {
    language = head[1] as string;
    inner = inner.slice(head[0].length);
  } else inner = inner.replace(/^\n/, "");
  return { node: { type: "codeblock", language, text: inner.replace(/\n$/, "") }, end: close + 3 };
}

function block(source: string, at: number, place: Place): { node: Node; end: number } | null {
  const next = { ...place, depth: place.depth + 1 };
  const lineEnd = (from: number) => {
    const end = source.indexOf("\n", from);
    return end < 0 ? source.length : end;
  };
  if (!place.quoted && source.startsWith(">>> ", at)) {
    const children = blocks(source.slice(at + 4), { ...next, quoted: true });
    return { node: { type: "quote", children }, end: source.length };
  }
  if (!place.quoted && source.startsWith("> ", at)) {
    const lines: string[] = [];
    let end = at;
    while (source.startsWith("> ", end)) {
      const stop = lineEnd(end);
      lines.push(source.slice(end + 2, stop));
      end = Math.min(stop + 1, source.length);
    }
    const children = blocks(lines.join("\n"), { ...next, quoted: true });
    return { node: { type: "quote", children }, end };
  }
  const stop = lineEnd(at);
  const line = source.slice(at, stop);
  const end = Math.min(stop + 1, source.length);
  const heading = /^(#{1,3}) +(\S.*)$/.exec(line);
  if (heading) {
    const level = (heading[1] as string).length as 1 | 2 | 3;
    return { node: { type: "heading", level, children: inline(heading[2] as string, next) }, end };
  }
  const small = /^-# +(\S.*)$/.exec(line);
  if (small) return { node: { type: "subtext", children: inline(small[1] as string, next) }, end };
  const item = /^(?:[-*]|(\d{1,9})\.) +(\S.*)$/;
  const first = item.exec(line);
  if (!first) return null;
  const ordered = first[1] !== undefined;
  const items: Node[][] = [];
  let from = at;
  while (from < source.length) {
    const close = lineEnd(from);
    const found = item.exec(source.slice(from, close));
    const deeper = found || !items.length ? null : /^ +(?=(?:[-*]|\d{1,9}\.) +\S)/.exec(source.slice(from, close));
    if (deeper) {
      // What is further in belongs to the item before.
      const inner: string[] = [];
      while (from < source.length && source.startsWith(deeper[0], from)) {
        const stop = lineEnd(from);
        inner.push(source.slice(from + deeper[0].length, stop));
        from = Math.min(stop + 1, source.length);
      }
      items.at(-1)?.push(...blocks(inner.join("\n"), next));
      continue;
    }
    if (!found || (found[1] !== undefined) !== ordered) break;
    items.push(inline(found[2] as string, next));
    from = Math.min(close + 1, source.length);
  }
  return { node: { type: "list", ordered, start: Number(first[1] ?? 1), items }, end: from };
}

const TAG =
  /^<(?:@!?(\d{1,20})|@&(\d{1,20})|#(\d{1,20})|(a?):(\w{1,32}):(\d{1,20})|t:(-?\d{1,13})(?::([tTdDfFR]))?)>/;
const ANGLED = /^<((?:https?:\/\/|mailto:)[^\s<>]{1,2000})>/;
const BARE = /^https?:\/\/[^\s<]{1,2000}/;
const MASKED = /^\[((?:\\.|[^[\]\\\n]){1,500})\]\(<?((?:https?:\/\/|mailto:)[^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)>?\)/;

function inline(source: string, place: Place): Node[] {
  const out: Node[] = [];
  let text = "";
  let at = 0;
  const add = (node: Node, end: number) => {
    if (text) out.push({ type: "text", text });
    text = "";
    out.push(node);
    at = end;
  };
  while (at < source.length) {
    const char = source[at] as string;
    const rest = () => source.slice(at);
    if (char === "\\" && /[!-/:-@[-`{-~]/.test(source[at + 1] ?? "")) {
      text += source[at + 1];
      at += 2;
      continue;
    }
    if (char === "`") {
      const code = codeEnd(source, at);
      if (code) {
        add({ type: "code", text: code.text }, code.end);
        continue;
      }
    }
    if (char === "<") {
      const tag = TAG.exec(rest());
      if (tag) {
        add(tagged(tag), at + tag[0].length);
        continue;
      }
      const url = place.linked ? null : ANGLED.exec(rest());
      const safe = url && safeUrl(url[1] as string);
      if (url && safe) {
        add({ type: "link", url: safe, children: [{ type: "text", text: url[1] as string }] }, at + url[0].length);
        continue;
      }
    }
    if (char === "@") {
      const everyone = /^@(?:everyone|here)/.exec(rest());
      if (everyone) {
        add({ type: "everyone", text: everyone[0] as "@here" }, at + everyone[0].length);
        continue;
      }
    }
    if (char === "[" && !place.linked) {
      const masked = MASKED.exec(rest());
      const safe = masked && safeUrl(masked[2] as string);
      if (masked && safe) {
        const children = inline(masked[1] as string, { ...place, depth: place.depth + 1, linked: true });
        add({ type: "link", url: safe, children }, at + masked[0].length);
        continue;
      }
    }
    if (char === "h" && !place.linked && !/\w/.test(source[at - 1] ?? "")) {
      const bare = BARE.exec(rest());
      const url = bare && trimmed(bare[0]);
      const safe = url && safeUrl(url);
      if (url && safe) {
        add({ type: "link", url: safe, children: [{ type: "text", text: url }] }, at + url.length);
        continue;
      }
    }
    const pair = place.depth < DEEPEST ? paired(source, at) : null;
    if (pair) {
      const children = inline(pair.inner, { ...place, depth: place.depth + 1 });
      add({ type: pair.type, children }, pair.end);
      continue;
    }
    text += char;
    at += 1;
  }
  if (text) out.push({ type: "text", text });
  return out;
}

function tagged(tag: RegExpExecArray): Node {
  if (tag[1]) return { type: "user", id: tag[1] };
  if (tag[2]) return { type: "role", id: tag[2] };
  if (tag[3]) return { type: "channel", id: tag[3] };
  if (tag[6]) return { type: "emoji", id: tag[6], name: tag[5] as string, animated: tag[4] === "a" };
  return { type: "time", seconds: Number(tag[7]), style: tag[8] ?? "f" };
}

function codeEnd(source: string, at: number): { text: string; end: number } | null {
  let ticks = 1;
  while (source[at + ticks] === "`") ticks += 1;
  for (let i = at + ticks; i < source.length; i += 1) {
    if (source[i] !== "`") continue;
    let run = 1;
    while (source[i + run] === "`") run += 1;
    if (run === ticks) {
      const inner = source.slice(at + ticks, i);
      return inner ? { text: inner.replace(/^ (?=`)|(?<=`) $/g, ""), end: i + run } : null;
    }
    i += run - 1;
  }
  return null;
}

/** Two marks and what is between them; an underscore within a word is none. */
function paired(source: string, at: number) {
  for (const [mark, type] of PAIRS) {
    if (!source.startsWith(mark, at)) continue;
    const single = mark.length === 1;
    if (mark === "_" && /\w/.test(source[at - 1] ?? "")) continue;
    if (single && /\s/.test(source[at + 1] ?? " ")) continue;
    const close = closing(source, at + mark.length, mark);
    if (close < 0) continue;
    const inner = source.slice(at + mark.length, close);
    if (!inner.trim() && type !== "spoiler") continue;
    return { type, inner, end: close + mark.length };
  }
  return null;
}

function closing(source: string, from: number, mark: string): number {
  const single = mark.length === 1;
  for (let i = from; i < source.length; i += 1) {
    if (source[i] === "\\") {
      i += 1;
      continue;
    }
    if (source[i] === "`") {
      const code = codeEnd(source, i);
      if (code) {
        i = code.end - 1;
        continue;
      }
    }
    if (!source.startsWith(mark, i) || i === from) continue;
    if (single && source[i + 1] === mark) {
      // Two of them are another mark's; three close both.
      if (source[i + 2] !== mark) {
        i += 1;
        continue;
      }
      i += 2;
    }
    if (single && /\s/.test(source[i - 1] as string)) continue;
    if (mark === "_" && /\w/.test(source[i + 1] ?? "")) continue;
    // Of "***" the last two close.
    while (!single && mark !== "||" && source[i + mark.length] === mark[0]) i += 1;
    return i;
  }
  return -1;
}

/** A bare URL without the punctuation that ends its sentence. */
function trimmed(url: string): string {
  let end = url.length;
  for (;;) {
    const last = url[end - 1] as string;
    if (/[.,:;!?"'*_~|]/.test(last)) end -= 1;
    else if (last === ")" && count(url, "(", end) < count(url, ")", end)) end -= 1;
    else return url.slice(0, end);
  }
}

function count(text: string, char: string, end: number): number {
  let found = 0;
  for (let i = 0; i < end; i += 1) if (text[i] === char) found += 1;
  return found;
}
