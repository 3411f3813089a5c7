"use strict";
// Ways to change a text, to see what the answer depends on. They know words and characters only.

/** Random numbers from 0 to 1 that a seed determines, so that a lesson can be repeated. */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A text in parts: its words, or its characters if it is written without blanks. */
function partsOf(text) {
  const words = text.split(/\s+/u).filter(Boolean);
  if (words.length > 1) return { parts: words, blank: " " };
  const characters = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text.trim());
  return { parts: Array.from(characters, (each) => each.segment), blank: "" };
}

function shuffled(parts, random) {
  const order = [...parts];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

const MEANINGLESS = 10; // words in front of a padded text

const half = (parts) => Math.ceil(parts.length / 2);

/** By name: what the button says, what it does, and the change itself. */
const VARIANTS = {
  shuffled: {
    label: "Shuffle",
    title: "The same words in another order",
    change: (parts, random) => shuffled(parts, random),
  },
  repeated: {
    label: "Repeat",
    title: "The text twice",
    change: (parts) => [...parts, ...parts],
  },
  cut: {
    label: "Cut",
    title: "The first half of the words alone",
    change: (parts) => parts.slice(0, half(parts)),
  },
  padded: {
    label: "Pad",
    title: `${MEANINGLESS} words without a meaning in front of the text`,
    change: (parts) => [...Array(MEANINGLESS).fill("_"), ...parts],
  },
  moved: {
    label: "Move",
    title: "The second half of the words before the first",
    change: (parts) => [...parts.slice(half(parts)), ...parts.slice(0, half(parts))],
  },
};

/** A text changed in one of these ways; `seed` chooses among the orders of a shuffled text. */
function variantOf(name, text, seed) {
  const { parts, blank } = partsOf(text);
  return VARIANTS[name].change(parts, randomNumbers(seed)).join(blank);
}
