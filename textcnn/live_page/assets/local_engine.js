"use strict";
// An engine whose models are in the page itself.

const TOLERANCE = 0.01; // of golden logits; a damaged table changes them by more
const START = "<s>"; // marks of a text's start and end in n-grams
const END = "</s>";

/** At most `limit` tokens, with their places among all tokens. */
function cutPlaces(total, limit, truncate) {
  const places = Array.from({ length: total }, (_, place) => place);
  if (limit === null || total <= limit) return places;
  const back = { head: 0, tail: limit, both: Math.floor(limit / 2) }[truncate];
  return [...places.slice(0, limit - back), ...places.slice(total - back)];
}

const sigmoid = (logit) => 1 / (1 + Math.exp(-logit));

/** The logits whose probabilities are the mean of the members' probabilities. */
function vote(members, multiLabel) {
  if (members.length === 1) return members[0];
  const mean = (numbers) => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
  const labels = [...members[0].keys()];
  if (!multiLabel) {
    const probabilities = members.map(softmax);
    return labels.map((label) => Math.log(mean(probabilities.map((each) => each[label]))));
  }
  return labels.map((label) => {
    const own = members.map((logits) => logits[label]);
    return Math.log(mean(own.map(sigmoid))) - Math.log(mean(own.map((logit) => sigmoid(-logit))));
  });
}

class LocalModel {
  /** @param {{facts, model, tokens, tables, tokenizer, unicode, golden}} stored see html_export.py */
  constructor(stored) {
    Object.assign(this, stored);
    this.tokenize = buildTokenizer(stored.tokenizer, stored.unicode);
    this.ids = new Map(stored.tokens.map((token, place) => [token, place + 2]));
  }

  /** Unpack the tables, and check that they compute what they computed when they were exported. */
  async load() {
    const { network, ngrams } = this.model;
    const tensors = scaledTensors(readTensors(await unpacked(this.tables)));
    const under = (prefix) => (name) => tensors[`${prefix}.${name}`];
    const members = Array.from({ length: network?.members ?? 0 }, (_, number) => number);
    this.members = members.map((number) => new Network(network, under(`members.${number}`)));
    this.ngrams = ngrams && new Ngrams(ngrams, under("ngrams"), this.tokens.length + 2);
    delete this.tables;
    for (const { text, logits } of this.golden) {
      const own = this.forward(this.read(text)).logits;
      if (!own.every((logit, label) => Math.abs(logit - logits[label]) < TOLERANCE)) {
        throw new Error(`This browser computes other logits of ${this.facts.name} than the export.`);
      }
    }
    return this;
  }

  /** The tokens of a text that the model reads: as strings, and as ids, or words without an id. */
  read(text) {
    const every = this.tokenize.split(this.tokenize.prepare(text));
    const { max_length: limit, truncate, subwords } = this.model.text;
    const places = cutPlaces(every.length, limit, truncate);
    const tokens = places.map((place) => every[place]);
    const given = tokens.map((token) => this.ids.get(token) ?? (subwords ? token : 1));
    return { every, places, tokens, given };
  }

  forward({ given }) {
    const [ofNetwork, ofNgrams] = this.model.weights;
    const members = this.members.map((member) => member.forward(given));
    const voted = members.length ? vote(members.map((each) => each.logits), this.model.thresholds) : null;
    const ngrams = this.ngrams && this.ngrams.forward(given);
    const logits = this.model.labels.map((_, label) => {
      return (voted ? ofNetwork * voted[label] : 0) + (ngrams ? ofNgrams * ngrams.logits[label] : 0);
    });
    return { logits, members, voted, ngrams };
  }

  /** Probabilities and labels; the decision is made before calibration, which changes no answer. */
  decide(logits) {
    const { thresholds, calibration } = this.model;
    if (!thresholds) {
      const temperature = calibration?.temperature ?? 1;
      const probabilities = softmax(logits.map((logit) => logit / temperature));
      return { probabilities, chosen: [logits.indexOf(Math.max(...logits))] };
    }
    const scaled = (logit, label) => {
      return calibration ? logit * calibration.slopes[label] + calibration.offsets[label] : logit;
    };
    return {
      probabilities: logits.map((logit, label) => sigmoid(scaled(logit, label))),
      chosen: [...logits.keys()].filter((label) => sigmoid(logits[label]) >= thresholds[label]),
    };
  }

  explain(text, classes) {
    const read = this.read(text);
    const made = this.forward(read);
    const { chosen } = this.decide(made.logits);
    const others = [...made.logits.keys()].filter((label) => !chosen.includes(label));
    const byLogit = (one, two) => made.logits[two] - made.logits[one];
    const labels = [...chosen.sort(byLogit), ...others.sort(byLogit)].slice(0, classes);
    const spans = tokenSpans(this.tokenize, this.unicode, text, read.every);
    return {
      tokens: read.tokens,
      spans: read.places.map((place) => spans[place]),
      unread: read.every.length - read.tokens.length,
      windows: this.windows(made),
      exact: true,
      notes: this.facts.notes,
      classes: labels.map((label) => this.parts(read, made, label)),
    };
  }

  /** The logit of a label as a bias plus what each n-gram adds, the strongest first. */
  parts({ tokens }, made, label) {
    const [ofNetwork, ofNgrams] = this.model.weights;
    const added = new Map();
    const add = (ngram, contribution) => {
      const { source, places, opens, closes } = ngram;
      const key = JSON.stringify([source, places, opens, closes]);
      if (!added.has(key)) added.set(key, { ...ngram, contribution: 0 });
      added.get(key).contribution += contribution;
    };
    this.members.forEach((member, number) => {
      for (const { start, end, added: own } of member.explain(made.members[number], label)) {
        add({ source: "network", places: [[start, end]] }, (ofNetwork * own) / this.members.length);
      }
    });
    for (const ngram of made.ngrams?.found ?? []) add(ngram, ofNgrams * ngram.weights[label]);
    const contributions = [...added.values()].filter((each) => each.contribution);
    contributions.sort((one, two) => Math.abs(two.contribution) - Math.abs(one.contribution));
    for (const each of contributions) each.ngram = this.spelled(tokens, each);
    const logit = made.logits[label];
    const bias = contributions.reduce((rest, each) => rest - each.contribution, logit);
    return { label, logit, bias, rest: 0, others: 0, contributions };
  }

  spelled(tokens, { places: [[start, end]], opens, closes }) {
    const words = [...(opens ? [START] : []), ...tokens.slice(start, end), ...(closes ? [END] : [])];
    return words.join(this.tokenize.join);
  }

  /** The tokens that winning windows see, with how many features each wins; null: no winners. */
  windows(made) {
    const won = new Map();
    for (const [number, member] of this.members.entries()) {
      const spans = member.winners(made.members[number]);
      if (!spans) return null;
      for (const { start, end } of spans) {
        const key = `${start} ${end}`;
        won.set(key, [start, end, (won.get(key)?.[2] ?? 0) + 1]);
      }
    }
    return this.members.length ? [...won.values()] : null;
  }
}

/** The SHA-256 of a text in hexadecimal digits; null where the browser doesn't offer it. */
async function sha256(text) {
  const digest = await globalThis.crypto?.subtle?.digest("SHA-256", new TextEncoder().encode(text));
  if (!digest) return null;
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

class LocalEngine {
  /** @param {HTMLElement} element that holds the models as JSON, and its hash */
  constructor(element) {
    this.element = element;
  }

  /** What is said of each model; see `model_facts` in Python. */
  async models() {
    const text = this.element.textContent;
    const found = await sha256(text);
    if (found && found !== this.element.dataset.sha256) {
      throw new Error("This page is damaged: get the file again.");
    }
    const { models, unicode } = JSON.parse(text);
    const loading = models.map((stored) => new LocalModel({ ...stored, unicode }).load());
    const loaded = await Promise.all(loading);
    this.known = new Map(loaded.map((model) => [model.facts.name, model]));
    return loaded.map((model) => model.facts);
  }

  /** The probabilities of all labels of a text, and the numbers of the labels that it gets. */
  async predict(name, text) {
    const model = this.known.get(name);
    return model.decide(model.forward(model.read(text)).logits);
  }

  /** Why a text gets its logits, for the predicted and the most probable classes. */
  async explain(name, text, classes) {
    return this.known.get(name).explain(text, classes);
  }
}

const buildEngine = () => new LocalEngine(document.getElementById("data"));
