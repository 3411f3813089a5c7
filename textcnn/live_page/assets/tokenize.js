"use strict";
// The tokenizers of textcnn, token for token as in Python. Strings are read by code points, and
// every class of characters comes from Python's tables, so that no browser's Unicode version counts.

const WHITE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const WORDS_BETWEEN_BLANKS = new RegExp(`[^${WHITE}]+`, "gu"); // as str.split()
const ONLY_WHITE = new RegExp(`^[${WHITE}]+$`, "u"); // as str.isspace()
const ASCII = /^[\0-\x7f]*$/;

/** The code points that a table of ranges lists: gap, length, gap, length and so on. */
function* rangesOf(table) {
  let next = 0;
  for (let place = 0; place < table.length; place += 2) {
    const first = next + table[place];
    next = first + table[place + 1];
    yield [first, next - 1];
  }
}

/** The ranges of tables as the inside of a character class. */
function characterClass(...tables) {
  const escape = (code) => `\\u{${code.toString(16)}}`;
  const ranges = tables.flatMap((table) => [...rangesOf(table)]);
  return ranges.map(([first, last]) => `${escape(first)}-${escape(last)}`).join("");
}

const splitBlanks = (text) => text.match(WORDS_BETWEEN_BLANKS) ?? [];

// ---- normalization --------------------------------------------------------------------------

const TYPED = new Map([
  ..."\u2018\u2019\u201a\u201b\u00b4\u02bc\u2032".split("").map((sign) => [sign, "'"]),
  ..."\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u2033".split("").map((sign) => [sign, '"']),
  ..."\u2010\u2011".split("").map((sign) => [sign, "-"]),
]);
const TYPOGRAPHIC = new RegExp(`[${[...TYPED.keys()].join("")}]`, "g");

/**
 * A function that writes a text in one way.
 * @param {{form: string, lowercase: boolean, strip_accents: boolean, strip_invisible: boolean}} wanted
 */
function normalizer(wanted, tables) {
  const invisible = wanted.strip_invisible && new RegExp(`[${characterClass(tables.ignorable)}]+`, "gu");
  const accents = wanted.strip_accents && new RegExp(`[${characterClass(tables.accents)}]+`, "gu");
  const inForm = (text) => {
    if (wanted.form === "NFC") return text.normalize("NFC");
    if (wanted.form !== "NFKC") return text;
    const typed = text.replace(TYPOGRAPHIC, (sign) => TYPED.get(sign)).normalize("NFKC");
    // NFKC splits the vowel AM of Thai and Lao in two
    return typed.replaceAll("\u0e4d\u0e32", "\u0e33").replaceAll("\u0ecd\u0eb2", "\u0eb3");
  };
  return (text) => {
    if (ASCII.test(text)) return wanted.lowercase ? text.toLowerCase() : text;
    if (invisible) text = text.replaceAll("\u200b", " ").replace(invisible, "");
    text = inForm(text);
    if (wanted.lowercase) text = inForm(text.toLowerCase());
    return accents ? text.normalize("NFD").replace(accents, "").normalize("NFC") : text;
  };
}

// ---- words ----------------------------------------------------------------------------------

/** Lower case; punctuation becomes words; quotation marks, colons and semicolons are dropped. */
function basicEnglishWords(text) {
  text = text.toLowerCase().replaceAll("'", " ' ").replaceAll('"', "").replaceAll(".", " . ");
  text = text.replaceAll("<br />", " ").replace(/[,()!?]/g, " $& ").replace(/[;:]/g, " ");
  return splitBlanks(text);
}

/** The cleaning of Kim 2014. */
function kimWords(text) {
  text = text.replace(/[^A-Za-z0-9(),!?'`]/gu, " ").replace(/'s|'ve|n't|'re|'d|'ll/g, " $&");
  return splitBlanks(text.replace(/[,!?()]/g, " $& ").toLowerCase());
}

const ENGLISH_BLANKS = /<br \/>|[^A-Za-z0-9(),!?'`\u0080-\u{10ffff}]/giu;

/** The words of `kimWords`, but with `i 'm`, and every character beyond ASCII is kept. */
function englishWords(text) {
  text = text.toLowerCase().replace(ENGLISH_BLANKS, " ");
  text = text.replace(/(?:'(?:s|m|d|ve|re|ll)|n't)(?![\p{L}\p{N}])/gu, " $&");
  return splitBlanks(text.replace(/[,!?()]/g, " $& "));
}

/** Blanks around what `basicEnglishWords` would leave attached: spaceless scripts, signs, emoji. */
function separator(normalize, tables) {
  const [mark, start, end] = ["\ufdd0", "\ufdd1", "\ufdd2"]; // stand for: join; a run's ends
  const isMark = new RegExp(`^[${characterClass(tables.marks)}]`, "u");
  const isInRun = new RegExp(`^[${characterClass(tables.runs)}]`, "u");
  const special = characterClass(tables.marks, tables.runs, tables.alone);
  const separate = new RegExp(`[${mark}${start}${end}${special}]`, "gu");
  const others = /[^\0-\xa0¢-¾À-ͽΈ-ԯא-ת]/u;
  const spaced = (character) => {
    if (character === mark || character === start || character === end) return " ";
    const code = character.codePointAt(0);
    if (code < 0xa1 || (code < 256 && !"¡¿".includes(character))) return character;
    if (isMark.test(character)) return `${mark}${character} `;
    return isInRun.test(character) ? start + character + end : ` ${character} `;
  };
  return (text) => {
    if (ASCII.test(text)) return text;
    text = normalize(text);
    if (!others.test(text)) return text;
    text = text.replace(separate, spaced).replaceAll(` ${mark}`, "").replaceAll(mark, "");
    return text.replaceAll(end + start, "").replaceAll(start, " ").replaceAll(end, " ");
  };
}

const ASCII_WORDS =
  /\w+(?:(?:(?<=[A-Za-z])[.:'](?=[A-Za-z])|(?<=[0-9])[.,;'](?=[0-9]))\w+)*|[^\w\t-\r\x1c-\x20]/g;

/**
 * Where a text has no boundary between words, by the letters of its Word_Break classes (UAX #29).
 * Letters: r CR, l LF, n Newline, x Extend and Format, z ZWJ, w blanks, p pictograph, a ALetter,
 * i both of them, h Hebrew, 0 Numeric, k Katakana, _ ExtendNumLet, f flag, s single and d double quote,
 * b MidNumLet, m MidLetter, u MidNum, o others.
 */
const JOINED = (() => {
  const more = "[xz]*";
  const after = (...classes) => `(?<=${classes.join(more)}${more})`;
  const before = (...classes) => `(?=${classes.join(more)})`;
  const [letter, quote] = ["[aih]", "[bs]"];
  const rules = [
    "(?<=z)(?=[pi])", // WB3c
    "(?<=w)(?=w)", // WB3d
    "(?=[xz])", // WB4
    after("[aih0]") + before("[aih0]"), // WB5, WB8, WB9, WB10
    after(letter) + before("[mbs]", letter), // WB6
    after(letter, "[mbs]") + before(letter), // WB7
    after("h") + before("s"), // WB7a
    after("h") + before("d", "h"), // WB7b
    after("h", "d") + before("h"), // WB7c
    after("0", `(?:u|${quote})`) + before("0"), // WB11
    after("0") + before(`(?:u|${quote})`, "0"), // WB12
    after("k") + before("k"), // WB13
    after("[aih0k_]") + before("_"), // WB13a
    after("_") + before("[aih0k]"), // WB13b
    `(?<=(?:^|[^fxz])${more}(?:f${more}f${more})*f${more})(?=f)`, // WB15, WB16
  ];
  return `(?<=r)(?=l)|(?<![rln])(?![rln])(?:${rules.join("|")})`; // WB3, WB3a, WB3b
})();
const BOUNDARY = new RegExp(`(?!${JOINED})`);

/** The words of every script between the boundaries that Unicode defines. */
function unicodeSplitter(tables) {
  const letters = new Uint8Array(0x110000).fill("o".charCodeAt(0));
  for (const [letter, table] of Object.entries(tables.word_breaks)) {
    for (const [first, last] of rangesOf(table)) letters.fill(letter.charCodeAt(0), first, last + 1);
  }
  const flag = `[${characterClass(tables.flags)}][${characterClass(tables.flag_marks)}]*`;
  const [flags, manyFlags] = [new RegExp(`(?:${flag}){1,2}`, "gu"), new RegExp(`((?:${flag}){32,})`, "u")];
  const segments = (text) => {
    const characters = Array.from(text);
    const classes = characters.map((character) => String.fromCharCode(letters[character.codePointAt(0)]));
    let next = 0;
    const parts = classes.join("").split(BOUNDARY);
    return parts.map((part) => characters.slice(next, (next += part.length)).join(""));
  };
  return (text) => {
    if (ASCII.test(text)) return text.match(ASCII_WORDS) ?? [];
    const parts = text.split(manyFlags); // a run of n flags would take a time of n²
    const words = parts.flatMap((part, place) => (place % 2 ? part.match(flags) : segments(part)));
    return words.filter((word) => word && !ONLY_WHITE.test(word));
  };
}

// ---- bytes ----------------------------------------------------------------------------------

/** The bytes of UTF-8, also of halves of surrogate pairs, each as the character with that code. */
function utf8Bytes(text) {
  const bytes = [];
  for (const character of text) {
    const code = character.codePointAt(0);
    const more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    bytes.push((more ? (0xff00 >> (more + 1)) & 0xff : 0) | (code >> (6 * more)));
    for (let place = more - 1; place >= 0; place--) bytes.push(0x80 | ((code >> (6 * place)) & 0x3f));
  }
  return bytes.map((byte) => String.fromCharCode(byte));
}

// ---- tokenizers -----------------------------------------------------------------------------

/**
 * A tokenizer of these settings (those of `build_tokenizer`, with every default filled in).
 * @returns {{prepare: (text: string) => string, split: (text: string) => string[], join: string}}
 */
function buildTokenizer(settings, tables) {
  const identity = (text) => text;
  const normalize = normalizer(settings, tables);
  if (settings.unit === "byte") return { prepare: identity, split: utf8Bytes, join: "" };
  if (settings.unit === "char") {
    const convert = settings.lowercase ? (text) => text.toLowerCase() : identity;
    const prepare = normalizer({ ...settings, lowercase: false }, tables);
    return { prepare, split: (text) => Array.from(convert(text)), join: "" };
  }
  const name = settings.tokenizer;
  const prepare = name === "basic" || name === "english" ? separator(normalize, tables) : normalize;
  const splits = {
    basic: basicEnglishWords,
    english: englishWords,
    basic_english: basicEnglishWords,
    whitespace: splitBlanks,
    kim: kimWords,
  };
  return { prepare, split: splits[name] ?? unicodeSplitter(tables), join: " " };
}
