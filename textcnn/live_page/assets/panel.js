"use strict";
// A model on the page: its answer to the text, what speaks for it, and the sums.

const MOST_ANSWERS = 10; // classes that are shown at once
const EXPLAINED = 5; // classes that are explained at first
const MOST_ROWS = 10; // of the table, before all are shown
const MOST_WINDOWS = 4; // that are named for the token under the cursor

const percent = (probability) => `${(100 * probability).toFixed(probability > 0.9995 ? 0 : 1)} %`;
const count = (number, one, many = `${one}s`) =>
  `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

// What weighs an n-gram.
const SOURCES = { network: "network", ngrams: "linear", subwords: "parts of an unknown word" };

function sumRow(title, value) {
  const row = create("tr");
  const head = create("th", "", title);
  head.scope = "row";
  row.append(head, create("td", "number", signed(value)));
  return row;
}

function labelCount({ labels, multi_label: sets }) {
  return sets ? count(labels.length, "label") : count(labels.length, "class", "classes");
}

function namedWindows(windows) {
  const strongest = [...windows].sort((one, two) => two[2] - one[2]);
  return strongest.map(([start, end, features]) => ({ span: [start, end], words: `${features}` }));
}

/** What a model is, in a line. */
function factsLine(facts) {
  const { receptive_field: field } = facts;
  return [
    facts.kind,
    labelCount(facts),
    `a feature sees ${field === null ? "the whole text" : count(field, "token")}`,
    facts.calibrated ? "calibrated probabilities" : "uncalibrated probabilities",
    ...(facts.max_length === null ? [] : [`reads up to ${count(facts.max_length, "token")}`]),
  ].join(" · ");
}

function answersTitle(facts) {
  const few = facts.labels.length <= MOST_ANSWERS;
  if (few) return `Probability of each ${facts.multi_label ? "label" : "class"}`;
  return `The ${MOST_ANSWERS} most probable of ${labelCount(facts)}`;
}

class Panel {
  constructor(engine, report) {
    this.engine = engine;
    this.number = Panel.made = (Panel.made ?? 0) + 1;
    this.report = report; // called with this panel and an error, or null after a success
    this.element = document.getElementById("panel").content.cloneNode(true).firstElementChild;
    this.find = (selector) => this.element.querySelector(selector);
    this.reading = new Reading(this.find(".text"));
    this.rowsShown = MOST_ROWS;
    this.find(".more").addEventListener("click", () => {
      this.rowsShown = this.rowsShown === MOST_ROWS ? Infinity : MOST_ROWS;
      this.showSums();
    });
    this.find(".text").addEventListener("pointerover", (event) => this.point(event.target));
    this.find(".text").addEventListener("pointerleave", () => this.point(null));
    this.find(".text").addEventListener("keydown", (event) => this.step(event));
    this.find(".text").addEventListener("blur", () => this.point(null));
  }

  /** Show another model. */
  choose(facts) {
    this.facts = facts;
    this.chosen = null; // the label that the reader chose; null: the predicted one
    this.answer = this.before = this.explanation = null;
    this.find("h2").textContent = facts.name;
    this.find(".facts").textContent = factsLine(facts);
    this.element.setAttribute("aria-label", facts.name);
    this.find("legend").textContent = answersTitle(facts);
    const slots = Math.min(facts.labels.length, MOST_ANSWERS);
    this.slots = Array.from({ length: slots }, (_, slot) => this.answerRow(slot));
    this.find(".rows").replaceChildren(...this.slots.map((slot) => slot.row));
  }

  answerRow(slot) {
    const row = create("label", "answer");
    const radio = create("input");
    radio.type = "radio";
    radio.name = `class-${this.number}`;
    radio.addEventListener("change", () => {
      this.chosen = this.slots[slot].label;
      this.explain().catch((error) => this.report(this, error));
    });
    const name = create("span", "name");
    const values = ["before", "now"].map((when) => {
      const value = create("span", `value ${when}`);
      const bar = create("span", "bar");
      bar.setAttribute("aria-hidden", "true");
      bar.append(create("span", "fill"));
      value.append(bar, create("span", "percent"));
      return value;
    });
    row.append(radio, name, ...values);
    return { row, radio, name, values };
  }

  /**
   * Classify a text; called again before the last call has ended, the newest text counts.
   * @param {string} text
   * @param {string|null} before the text that it is compared with
   */
  async show(text, before) {
    this.wanted = { text, before };
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.wanted) {
        const asked = this.wanted;
        this.wanted = null;
        await this.ask(asked);
      }
      this.report(this, null);
    } catch (error) {
      this.wanted = null;
      this.report(this, error);
    } finally {
      this.busy = false;
    }
  }

  async ask({ text, before }) {
    const { name } = this.facts;
    if (before === null) this.before = null;
    else if (this.before?.text !== before || this.before.name !== name) {
      this.before = { text: before, name, ...(await this.engine.predict(name, before)) };
    }
    const answer = await this.engine.predict(name, text);
    if (this.facts.name !== name) return; // another model was chosen meanwhile
    this.text = text;
    this.answer = answer;
    this.showAnswers();
    await this.explain();
  }

  /** The label whose contributions are shown: the reader's choice, else the most probable. */
  get label() {
    const { probabilities, chosen } = this.answer;
    const best = probabilities.indexOf(Math.max(...probabilities));
    return this.chosen ?? (chosen.includes(best) ? best : (chosen[0] ?? best));
  }

  async explain() {
    const [text, label, { name, labels }] = [this.text, this.label, this.facts];
    const has = (found) => found.classes.some((each) => each.label === label);
    let found = this.explanation?.text === text && this.explanation.name === name && this.explanation;
    for (const classes of [EXPLAINED, labels.length]) {
      if (found && has(found)) break;
      found = { text, name, ...(await this.engine.explain(name, text, classes)) };
    }
    if (this.text !== text || this.facts.name !== name || this.label !== label) return;
    this.explanation = found;
    this.showAnswers();
    this.explained = found.classes.find((each) => each.label === label);
    this.find(".chosen").textContent = visibleText(labels[label]);
    this.reading.show(text, found, this.explained.contributions);
    this.showSums();
    this.showField();
  }

  showAnswers() {
    const { probabilities, chosen } = this.answer;
    const all = [...this.facts.labels.keys()];
    const ranked = [...all].sort((one, two) => probabilities[two] - probabilities[one]);
    const shown = all.length > MOST_ANSWERS ? ranked : all; // few classes stay at their places
    this.element.classList.toggle("comparing", this.before !== null);
    this.find(".columns").hidden = this.before === null;
    for (const [place, slot] of this.slots.entries()) {
      const label = (slot.label = shown[place]);
      const name = visibleText(this.facts.labels[label]);
      slot.name.textContent = name;
      slot.radio.checked = label === this.label;
      slot.row.classList.toggle("predicted", chosen.includes(label));
      const numbers = [this.before?.probabilities[label], probabilities[label]];
      for (const [which, value] of slot.values.entries()) {
        value.hidden = numbers[which] === undefined;
        if (value.hidden) continue;
        value.querySelector(".fill").style.setProperty("--width", numbers[which].toFixed(4));
        value.querySelector(".percent").textContent = percent(numbers[which]);
      }
      const threshold = this.facts.thresholds?.[label];
      slot.row.title = threshold === undefined ? "" : `predicted from ${percent(threshold)} on`;
      const before = this.before ? `before ${percent(numbers[0])}, now ` : "";
      slot.radio.setAttribute("aria-label", `${name}: ${before}${percent(numbers[1])}`);
    }
  }

  /** The answer in words, for those who listen. */
  get spoken() {
    if (!this.answer) return "";
    const { probabilities, chosen } = this.answer;
    const names = chosen.map((label) => `${this.facts.labels[label]} ${percent(probabilities[label])}`);
    return `${this.facts.name}: ${names.join(", ") || "no label"}`;
  }

  /** The table of sums: n-grams, the strongest first, then what is left, then the logit. */
  showSums() {
    const { contributions, bias, others, rest, logit, label } = this.explained;
    const shown = contributions.slice(0, this.rowsShown);
    const hidden = contributions.slice(shown.length);
    const largest = Math.abs(contributions[0]?.contribution ?? 1);
    const sources = new Set(contributions.map((each) => each.source));
    const rows = shown.map((each) => this.ngramRow(each, largest, sources.size > 1));
    this.find("tbody").replaceChildren(...rows);
    const left = hidden.reduce((sum, each) => sum + each.contribution, others);
    const sums = [
      ...(left ? [["all other n-grams", left]] : []),
      ["bias, without any n-gram", bias],
      ...(rest ? [["rest, which the approximation misses", rest]] : []),
      ["sum: the logit", logit],
    ];
    this.find("tfoot").replaceChildren(...sums.map(([title, value]) => sumRow(title, value)));
    const name = visibleText(this.facts.labels[label]);
    this.find("caption").textContent = `What the n-grams of the text add to the logit of ${name}`;
    const more = this.find(".more");
    more.hidden = contributions.length <= MOST_ROWS;
    const all = contributions.length.toLocaleString("en");
    more.textContent = hidden.length ? `Show all ${all}` : "Show fewer";
    this.find(".notes").textContent = this.explanation.notes.join("; ");
  }

  ngramRow({ ngram, contribution, places, source }, largest, named) {
    const button = create("button", "ngram");
    button.type = "button";
    button.append(create("bdi", "", visibleText(ngram) || "(margin)"));
    const mark = (marked) => () => this.reading.mark(-1, marked);
    for (const event of ["pointerenter", "focus"]) button.addEventListener(event, mark(places));
    for (const event of ["pointerleave", "blur"]) button.addEventListener(event, () => this.showField());
    if (named) button.append(" ", create("small", "", SOURCES[source]));
    const row = sumRow("", contribution);
    row.firstChild.append(button);
    row.lastChild.classList.add(contribution > 0 ? "for" : "against");
    row.lastChild.style.setProperty("--share", (Math.abs(contribution) / largest).toFixed(3));
    return row;
  }

  /** The reader points at a token, or no longer. */
  point(element) {
    const token = element ? this.reading.tokenOf(element) : -1;
    this.pointed = token >= 0 ? token : undefined;
    if (this.explanation) this.showField();
  }

  /** The arrows move from token to token of the coloured text. */
  step(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1 };
    if (!this.explanation || !(event.key in steps)) return;
    event.preventDefault();
    const last = this.explanation.tokens.length - 1;
    this.pointed = Math.min(Math.max((this.pointed ?? -1) + steps[event.key], 0), last);
    this.showField();
  }

  /** The place of the caret in the text. */
  moveTo(place) {
    this.caret = place;
    if (this.explanation) this.showField();
  }

  /** Which tokens the winning windows at the token under the cursor see. */
  showField() {
    const line = this.find(".field");
    const token = this.pointed ?? this.reading.tokenAt(this.caret ?? -1);
    const { tokens, windows } = this.explanation;
    line.hidden = token < 0 || token >= tokens.length;
    if (line.hidden) return this.reading.mark(-1, []);
    const ngrams = this.namedNgrams(token);
    const holding = this.linear ? ngrams.map((each) => each.span) : this.windowsAt(token);
    const named = windows ? namedWindows(holding) : ngrams;
    this.reading.mark(token, holding);
    line.replaceChildren(create("b", "", "Under the cursor: "));
    line.append(create("bdi", "word", visibleText(tokens[token])), " ", this.fieldWords(holding, named));
    for (const { span, words } of named.slice(0, MOST_WINDOWS)) {
      const seen = tokens.slice(...span);
      const name = seen.length > 8 ? [...seen.slice(0, 4), "…", ...seen.slice(-3)] : seen;
      const chip = create("span", "chip");
      chip.append(create("bdi", "", visibleText(name.join(" "))), " ", create("small", "", words));
      line.append(chip, " ");
    }
    return undefined;
  }

  /** The windows that count and see a token: [start, end, features]; without winners, all of them. */
  windowsAt(token) {
    const { tokens, windows } = this.explanation;
    const { receptive_field: size } = this.facts;
    if (windows) return windows.filter(([start, end]) => start <= token && token < end);
    if (size === null) return [[0, tokens.length]];
    return [[Math.max(token - size + 1, 0), Math.min(token + size, tokens.length)]];
  }

  /** Whether the model has no network. */
  get linear() {
    const { contributions } = this.explained;
    return !this.explanation.windows && contributions.every(({ source }) => source !== "network");
  }

  fieldWords(holding, named) {
    if (this.linear) return named.length ? "is in these n-grams: " : "is in no n-gram that counts. ";
    if (!holding.length) return "is seen by no window that wins. ";
    const starts = holding.map(([start]) => start);
    const ends = holding.map(([, end]) => end);
    const reach = count(Math.max(...ends) - Math.min(...starts), "token");
    if (this.explanation.windows) {
      const features = holding.reduce((sum, each) => sum + each[2], 0);
      const windows = count(holding.length, "winning window");
      return `is seen by ${windows} with ${count(features, "feature")}, which reach over ${reach}: `;
    }
    if (this.facts.receptive_field === null) return "is seen by every feature, as the whole text is. ";
    const adds = named.length ? "It adds: " : "";
    return `is seen by windows that reach over ${reach}, and all of them count. ${adds}`;
  }

  namedNgrams(token) {
    const holds = ([start, end]) => start <= token && token < end;
    const found = this.explained.contributions.filter((each) => each.places.some(holds));
    return found.map((each) => ({ span: each.places.find(holds), words: signed(each.contribution) }));
  }
}
