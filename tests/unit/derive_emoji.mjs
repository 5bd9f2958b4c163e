// Derives the tables of hearth/core/emoji.py from Unicode's emoji data, as node's ICU has it.
//
//     node tests/unit/derive_emoji.mjs
const ranges = (property) => {
  const found = [];
  for (let code = 0x80; code < 0x20000; code++) {
    if (!property.test(String.fromCodePoint(code))) continue;
    const last = found.at(-1);
    if (last && last[1] === code - 1) last[1] = code;
    else found.push([code, code]);
  }
  return found
    .map(([low, high]) => (low === high ? low : `${low.toString(16)}-${high.toString(16)}`))
    .map((each) => (typeof each === "number" ? each.toString(16) : each))
    .join(" ");
};
const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
const sign = (letter) => String.fromCodePoint(0x1f1e6 + letter.charCodeAt(0) - 65);
const flags = letters.flatMap((a) =>
  letters.filter((b) => /^\p{RGI_Emoji}$/v.test(sign(a) + sign(b))).map((b) => a + b),
);
const wrap = (name, text) => {
  const lines = text.match(/.{1,90}(?: |$)/g).map((line) => `    "${line}"`);
  console.log(`${name} = (\n${lines.join("\n")}\n)`);
};
console.log(`# Unicode ${process.versions.unicode}`);
wrap("_EMOJI", ranges(/^\p{Emoji}$/u));
wrap("_PRESENTED", ranges(/^\p{Emoji_Presentation}$/u));
wrap("_BASES", ranges(/^\p{Emoji_Modifier_Base}$/u));
wrap("_FLAGS", flags.join(" "));
// Sequences with ZWJ, without skin tones and variation selectors: the shapes. There is no list of
// them in ICU, so every pair is tried, then what is longer made of parts that are known to join.
const rgi = /^\p{RGI_Emoji}$/v;
const every = [];
for (let code = 0x80; code < 0x20000; code++) {
  const text = String.fromCodePoint(code);
  if (!/^\p{Emoji}$/u.test(text)) continue;
  every.push(/^\p{Emoji_Presentation}$/u.test(text) ? text : text + "\ufe0f");
}
const found = new Set();
const parts = new Set(["❤️", "💋", "👦", "👧", "👨", "👩", "🧑", "🧒", "➡️"]);
const tried = (...elements) => {
  if (rgi.test(elements.join("\u200d"))) {
    elements.forEach((each) => parts.add(each));
    found.add(elements.join("+").replace(/[\ufe0f\u{1f3fb}-\u{1f3ff}]/gu, ""));
  }
};
for (const a of every) for (const b of every) tried(a, b);
const joining = [...parts];
for (const a of joining) for (const b of joining) for (const c of joining) tried(a, b, c);
const kin = ["❤️", "💋", "👦", "👧", "👨", "👩", "🧑", "🧒"];
for (const a of kin) for (const b of kin) for (const c of kin) for (const d of kin) tried(a, b, c, d);
// Some are only made of people of two skin tones.
const bases = every.filter((each) => /^\p{Emoji_Modifier_Base}/u.test(each));
const toned = (each, tone) => each.replace("\ufe0f", "") + tone;
for (const a of bases) for (const b of bases) tried(toned(a, "🏻"), toned(b, "🏼"));
for (const a of "👨👩🧑") for (const b of every) for (const c of "👨👩🧑") tried(a + "🏻", b, c + "🏼");
const codes = (shape) =>
  shape.split("+").map((each) => each.codePointAt(0).toString(16)).join("+");
wrap("_JOINED", [...found].map(codes).sort().join(" "));
