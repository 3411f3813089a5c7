"use strict";
// The linear model over n-grams: the sum of the weights of a text's distinct n-grams.

class Ngrams {
  constructor(settings, tensor, ids) {
    Object.assign(this, { settings, ids });
    [this.weights, this.bias, this.idf] = ["weights", "bias", "idf"].map(tensor);
    const [first, last] = ["first", "last"].map((name) => tensor(name).values);
    this.keys = new Map();
    first.forEach((begin, place) => this.keys.set(begin * ids + last[place], ids + place));
    const keys = tensor("subwords.keys");
    this.subwords = keys && new SubwordTable(keys, tensor("subwords.weights"));
  }

  /** Where the distinct n-grams and unknown words of a text are, with their weights. */
  find(given) {
    const found = new Map(); // by number, or by unknown word
    const add = (key, start, end) => {
      if (!found.has(key)) found.set(key, { places: [], opens: start < 0, closes: end > given.length });
      found.get(key).places.push([Math.max(start, 0), Math.min(end, given.length)]);
    };
    const ids = given.map((token) => (typeof token === "string" ? 1 : token));
    ids.forEach((id, place) => id > 1 && add(id, place, place + 1));
    const around = ids.length ? [0, ...ids, 0] : []; // 0: the start and the end of the text
    let numbers = around.map((id) => (id === 1 ? undefined : id)); // of n-grams that begin here
    for (let size = 2; size <= this.settings.longest; size++) {
      numbers = numbers.slice(0, -1).map((number, place) => {
        const key = number === undefined ? -1 : number * this.ids + around[place + size - 1];
        return around[place + size - 1] === 1 ? undefined : this.keys.get(key);
      });
      numbers.forEach((number, place) => number && add(number, place - 1, place - 1 + size));
    }
    given.forEach((token, place) => {
      if (typeof token === "string" && this.subwords) add(token, place, place + 1);
    });
    return found;
  }

  /** The logits of a text of ids and unknown words, with all that explains them. */
  forward(given) {
    const found = this.find(given);
    let squares = 0;
    for (const [key, ngram] of found) {
      ngram.source = typeof key === "string" ? "subwords" : "ngrams";
      ngram.weights = typeof key === "string" ? this.subwords.sum(key).sum : rowOf(this.weights, key);
      if (this.idf && typeof key !== "string") squares += this.idf.values[key] ** 2;
    }
    const norm = this.settings.norm ? Math.max(Math.sqrt(squares), 1e-12) : 1;
    const logits = Array.from(this.bias.values);
    for (const ngram of found.values()) {
      const divisor = ngram.source === "subwords" ? 1 : norm;
      ngram.weights = Float64Array.from(ngram.weights, (weight) => weight / divisor);
      ngram.weights.forEach((weight, label) => (logits[label] += weight));
    }
    return { logits, found: [...found.values()] };
  }
}
