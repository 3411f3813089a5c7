"use strict";
// A text as a model read it: its tokens, what each adds, and the windows that see a token.

const SHOWN_TOKENS = 3000; // of a text; more would make typing slow
const LONG_GAP = 20; // characters between tokens: longer gaps were not read
// Characters that nobody sees, or that reverse letters; joiners of scripts and emoji stay.
const HIDDEN = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** A text with escapes for characters that nobody sees. */
const visibleText = (text) =>
  text.replace(HIDDEN, (character) => `\\u{${character.codePointAt(0).toString(16)}}`);

const signed = (number) => (number < 0 ? "−" : "+") + Math.abs(number).toFixed(3);

function create(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

/** What each token adds to a class: an equal share of each of its n-grams; (tokens,). */
function sharesOf(tokens, contributions) {
  const shares = new Float64Array(tokens.length);
  for (const { places, contribution } of contributions) {
    const inside = places.reduce((count, [start, end]) => count + end - start, 0);
    for (const [start, end] of places) {
      for (let token = start; token < end; token++) shares[token] += contribution / inside;
    }
  }
  return shares;
}

class Reading {
  /** @param {HTMLElement} element where the text is shown */
  constructor(element) {
    this.element = element;
    this.pieces = []; // the element of each token; tokens of one character share one
  }

  /** Show a text, with the tokens coloured by what they add to a class. */
  show(text, { tokens, spans, unread }, contributions) {
    this.spans = spans;
    this.pieces = [];
    const shares = sharesOf(tokens, contributions);
    const fragment = document.createDocumentFragment();
    const gap = (end) => {
      const skipped = text.slice(cursor, end);
      const shown = visibleText(skipped);
      const left = unread && skipped.length > LONG_GAP;
      if (skipped) fragment.append(left ? create("s", "unread", shown) : shown);
    };
    let cursor = 0;
    const sums = new Map(); // of each element
    for (let token = 0; token < Math.min(tokens.length, SHOWN_TOKENS); token++) {
      const span = spans[token];
      const last = this.pieces.findLast((piece) => piece);
      if (span && span[0] >= cursor) {
        gap(span[0]);
        this.pieces[token] = create("span", "token", visibleText(text.slice(...span)));
        fragment.append(this.pieces[token]);
        cursor = span[1];
      } else {
        this.pieces[token] = span ? last : undefined;
      }
      const piece = this.pieces[token];
      if (piece) sums.set(piece, (sums.get(piece) ?? 0) + shares[token]);
    }
    gap(text.length);
    this.colour(sums);
    this.element.replaceChildren(fragment);
  }

  colour(sums) {
    const largest = Math.max(...[...sums.values()].map(Math.abs), 1e-9);
    for (const [piece, sum] of sums) {
      const share = Math.abs(sum) / largest;
      if (share < 0.02) continue;
      piece.classList.add(sum > 0 ? "for" : "against");
      piece.style.setProperty("--share", share.toFixed(3));
      piece.title = signed(sum);
    }
  }

  /** The token at a place of the text, or the one that ends there; -1: there is none. */
  tokenAt(place) {
    const holds = (span, end) => span && span[0] <= place && place < end;
    const inside = this.spans.findIndex((span) => holds(span, span?.[1]));
    return inside >= 0 ? inside : this.spans.findIndex((span) => holds(span, span?.[1] + 1));
  }

  tokenOf(element) {
    return this.pieces.indexOf(element.closest(".token"));
  }

  /** Mark a token and the tokens that are seen together with it. */
  mark(token, seen) {
    for (const piece of this.pieces) piece?.classList.remove("at", "seen");
    for (const [start, end] of seen) {
      for (let each = start; each < end; each++) this.pieces[each]?.classList.add("seen");
    }
    this.pieces[token]?.classList.add("at");
  }
}
