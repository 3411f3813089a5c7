"use strict";
// Where the tokens of a text lie in it; the same as textcnn.text.spans, in units of UTF-16.

const LONGEST_GAP = 8; // characters between two tokens, besides blanks, that a tokenizer may drop
const WHITE_CHARACTER = new RegExp(`[${WHITE}]`, "u");

/** In lower case, in which a sigma at the end of a word is like any other. */
const fold = (text) => text.toLowerCase().replaceAll("ς", "σ");

/** Each character with the marks that combine with it: {start, end}. */
function clustersOf(text, combining) {
  const clusters = [];
  let place = 0;
  for (const character of text) {
    const end = place + character.length;
    if (clusters.length && character > "\x7f" && combining.test(character)) clusters.at(-1).end = end;
    else clusters.push({ start: place, end });
    place = end;
  }
  return clusters;
}

/** A text in lower case and prepared as by a tokenizer, with the place of each of its units. */
function foldedText(text, prepare, dropped, combining) {
  const [kept, places, known] = [[], [], new Map()];
  for (const { start, end } of clustersOf(text, combining)) {
    const cluster = text.slice(start, end);
    if (!known.has(cluster)) {
      const folded = fold(prepare(cluster));
      known.set(cluster, ONLY_WHITE.test(folded) ? folded : splitBlanks(folded).join(""));
    }
    for (const character of known.get(cluster)) {
      if (dropped.includes(character)) continue;
      kept.push(character);
      for (let unit = 0; unit < character.length; unit++) places.push([start, end]);
    }
  }
  return { characters: kept.join(""), places };
}

/** The last place where a token may begin: at most LONGEST_GAP characters are skipped. */
function latestStart(characters, cursor) {
  let [skipped, place] = [0, cursor];
  while (place < characters.length) {
    const character = String.fromCodePoint(characters.codePointAt(place));
    if (!WHITE_CHARACTER.test(character) && ++skipped > LONGEST_GAP) break;
    place += character.length;
  }
  return place;
}

/** The places of tokens that follow each other, each as early as possible; null: not found. */
function alignedSpans(tokens, { characters, places }) {
  let cursor = 0;
  return tokens.map((token) => {
    const marked = Array.from(token).length > 1;
    const wanted = fold(marked ? token.replace(/^(?:##|[▁Ġ])|<\/w>$/gu, "") : token);
    const limit = latestStart(characters, cursor) + wanted.length;
    const found = wanted ? characters.slice(cursor, limit).indexOf(wanted) : -1;
    if (found < 0) return null;
    const start = cursor + found;
    cursor = start + wanted.length;
    return [places[start][0], places[cursor - 1][1]];
  });
}

/** The span of each token that a tokenizer makes of a text; null where it isn't found. */
function tokenSpans(tokenizer, tables, text, tokens) {
  const characters = Array.from(text);
  let next = 0;
  const own = characters.map((character) => [next, (next += character.length)]);
  if (tokenizer.split === utf8Bytes) {
    return own.flatMap((span, place) => utf8Bytes(characters[place]).map(() => span));
  }
  if (tokenizer.join === "" && tokens.length === characters.length) return own;
  let [masked, dropped] = [text, ""];
  const blank = (match) => " ".repeat(match.length);
  if (tokenizer.split === kimWords) masked = text.replace(/[^A-Za-z0-9(),!?'`]/gu, blank);
  if (tokenizer.split === englishWords) {
    masked = text.replace(ENGLISH_BLANKS, blank);
    dropped = "\"#$%&*+-./:;<=>@[\\]^_{|}~"; // NFKC turns other signs into these
  }
  if (tokenizer.split === basicEnglishWords) [masked, dropped] = [text.replace(/<br \/>/gi, blank), '"'];
  const combining = new RegExp(`[${characterClass(tables.combining)}]`, "u");
  return alignedSpans(tokens, foldedText(masked, tokenizer.prepare, dropped, combining));
}
