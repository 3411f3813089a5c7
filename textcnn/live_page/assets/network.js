"use strict";
// Networks of one convolution and pooling: look-up, sum, maximum and a small product.

const CHANNELS_OF_BAG = { kernel_size: 1, padding: "valid" };

/** The error function to 1.5e-7 (Abramowitz & Stegun 1964, 7.1.26). */
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const terms = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];
  const sum = terms.reduceRight((total, term) => (total + term) * t, 0);
  return Math.sign(x) * (1 - sum * Math.exp(-x * x));
}

const ACTIVATIONS = {
  relu: (x) => (x > 0 ? x : 0),
  tanh: Math.tanh,
  gelu: (x) => (x * (1 + erf(x / Math.SQRT2))) / 2,
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  leaky_relu: (x) => (x > 0 ? x : 0.01 * x),
  none: (x) => x,
};

/** How many positions windows see before a text's start and after its end. */
function margins(padding, size) {
  if (padding === "valid") return [0, 0];
  if (padding === "full") return [size - 1, size - 1];
  if (padding === "causal") return [size - 1, 0];
  return [Math.floor((size - 1) / 2), Math.floor(size / 2)];
}

/** The place in a text of `count` tokens that each place of the windows shows; -1: zeros. */
function shownPlaces(count, { kernel_size: size, padding }) {
  const [left, right] = margins(padding, size);
  const total = Math.max(left + count + right, size);
  const period = Math.max(2 * (count - 1), 1);
  return Int32Array.from({ length: total }, (_, index) => {
    const place = index - left;
    const modulo = (divisor) => ((place % divisor) + divisor) % divisor;
    if (padding === "circular") return modulo(count);
    if (padding === "replicate") return Math.min(Math.max(place, 0), count - 1);
    if (padding === "reflect") return Math.min(modulo(period), period - modulo(period));
    return place >= 0 && place < count ? place : -1;
  });
}

/** `pooled` numbers of a map, and which positions they come from: `winners`, or all by `factors`. */
const POOLINGS = {
  max: (map) => byWinners(map, 1, (channel) => [largest(map, channel, 0, map.positions)]),
  kmax: (map, places) =>
    byWinners(map, places, (channel) => {
      const order = Array.from({ length: map.positions }, (_, position) => position);
      const value = (position) => map.values[position * map.channels + channel];
      order.sort((one, two) => value(two) - value(one) || one - two);
      return order.slice(0, places).sort((one, two) => one - two);
    }),
  chunk_max: (map, places) =>
    byWinners(map, places, (channel) => {
      const first = (chunk) => Math.ceil((chunk * map.positions) / places);
      const winner = (chunk) => largest(map, channel, first(chunk), first(chunk + 1));
      return Array.from({ length: places }, (_, chunk) => winner(chunk));
    }),
  sum: (map) => byFactors(map, new Float64Array(map.positions).fill(1)),
  mean: (map) => byFactors(map, new Float64Array(map.positions).fill(1 / map.positions)),
  attention: (map, _, attention) => byFactors(map, attentionWeights(map, attention)),
  flatten: (map, places) => {
    const own = Array.from({ length: places }, (_, place) => (place < map.positions ? place : -1));
    return byWinners(map, places, () => own);
  },
};

/** The position of the first largest value of a channel, from `first` to before `end`; -1: none. */
function largest({ values, channels }, channel, first, end) {
  let best = first < end ? first : -1;
  for (let position = first + 1; position < end; position++) {
    if (values[position * channels + channel] > values[best * channels + channel]) best = position;
  }
  return best;
}

function byWinners({ values, channels }, places, winnersOf) {
  const pooled = new Float64Array(channels * places);
  const winners = new Int32Array(channels * places).fill(-1);
  for (let channel = 0; channel < channels; channel++) {
    for (const [place, position] of winnersOf(channel).entries()) {
      winners[channel * places + place] = position;
      if (position >= 0) pooled[channel * places + place] = values[position * channels + channel];
    }
  }
  return { pooled, winners };
}

function byFactors({ values, channels, positions }, factors) {
  const pooled = new Float64Array(channels);
  for (let position = 0; position < positions; position++) {
    for (let channel = 0; channel < channels; channel++) {
      pooled[channel] += factors[position] * values[position * channels + channel];
    }
  }
  return { pooled, factors };
}

/** softmax over positions of score · tanh(weight h + bias) */
function attentionWeights({ values, channels, positions }, { weight, bias, score }) {
  const scores = Array.from({ length: positions }, (_, position) => {
    const own = values.subarray(position * channels, (position + 1) * channels);
    return score.values.reduce((sum, factor, unit) => {
      return sum + factor * Math.tanh(bias.values[unit] + dot(rowOf(weight, unit), own));
    }, 0);
  });
  return softmax(scores);
}

function dot(one, two) {
  let sum = 0;
  for (let place = 0; place < one.length; place++) sum += one[place] * two[place];
  return sum;
}

function softmax(logits) {
  const most = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - most));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** One network. It keeps what the tokens that it has seen add to its windows. */
class Network {
  /**
   * @param {object} settings `network` of model.json
   * @param {(name: string) => {shape: number[], values: Float32Array}} tensor undefined if missing
   */
  constructor(settings, tensor) {
    Object.assign(this, { settings, tensor, kept: new Map() });
    this.activate = ACTIVATIONS[settings.activation];
    this.table = tensor("embedding") ?? tensor("rows");
    this.bag = settings.convolutions.length === 0;
    this.convolutions = this.bag ? [CHANNELS_OF_BAG] : settings.convolutions;
    const keys = tensor("subwords.keys");
    this.subwords = keys && new SubwordTable(keys, tensor("subwords.weights"));
  }

  /** The vector, or one-hot row, of an id or of an unknown word. */
  vector(token) {
    if (typeof token !== "string") return rowOf(this.table, token);
    if (!this.subwords) return rowOf(this.table, 1);
    const { sum, found } = this.subwords.sum(token);
    const mean = sum.map((number) => number / Math.max(found, 1));
    if (!mean.some(Boolean)) return rowOf(this.table, 1);
    const dim = this.table.shape[1]; // several tables side by side have the same subwords
    return Float64Array.from({ length: dim }, (_, place) => mean[place % mean.length]);
  }

  /** What a token adds at each place of the windows: of each convolution (places x filters,). */
  rows(token) {
    if (!this.kept.has(token)) this.kept.set(token, this.rowsOfVector(this.vector(token)));
    return this.kept.get(token);
  }

  rowsOfVector(vector) {
    if (this.bag) return [vector];
    if (this.settings.embedding === "rows") {
      let next = 0;
      const filters = this.table.shape[2];
      const places = (each) => (this.settings.region === "bow" ? 1 : each.kernel_size);
      return this.convolutions.map((each) => vector.subarray(next, (next += places(each) * filters)));
    }
    return this.convolutions.map((_, number) => {
      const { shape: [filters, size, dim], values } = this.tensor(`convolutions.${number}.weight`);
      const products = new Float64Array(size * filters);
      for (let filter = 0; filter < filters; filter++) {
        for (let place = 0; place < size; place++) {
          const start = (filter * size + place) * dim;
          products[place * filters + filter] = dot(values.subarray(start, start + dim), vector);
        }
      }
      return products;
    });
  }

  /** The map of a convolution: its features at all positions, after the activation. */
  map(tokens, number) {
    const convolution = this.convolutions[number];
    const rows = tokens.map((token) => this.rows(token)[number]);
    const bow = this.settings.region === "bow";
    const channels = rows[0].length / (bow ? 1 : convolution.kernel_size);
    const shown = shownPlaces(tokens.length, convolution);
    const positions = shown.length - convolution.kernel_size + 1;
    const values = new Float64Array(positions * channels);
    const bias = this.tensor(`convolutions.${number}.bias`)?.values;
    for (let position = 0; position < positions; position++) {
      const own = values.subarray(position * channels, (position + 1) * channels);
      if (bias) own.set(bias);
      const seen = new Set(); // a bag of words holds each once
      for (let place = 0; place < convolution.kernel_size; place++) {
        const token = shown[position + place];
        if (token < 0 || (bow && seen.has(tokens[token]))) continue;
        if (bow) seen.add(tokens[token]);
        const row = rows[token];
        const start = bow ? 0 : place * channels;
        for (let channel = 0; channel < channels; channel++) own[channel] += row[start + channel];
      }
      for (let channel = 0; channel < channels; channel++) own[channel] = this.activate(own[channel]);
    }
    return { values, positions, channels };
  }

  /** The logits of a text of ids and unknown words, with all that explains them. */
  forward(given) {
    const read = given.slice(0, this.settings.frame_length ?? given.length);
    const tokens = read.length ? read : [0]; // an empty text is a token of the zero vector
    const { name, places } = this.settings.pooling;
    const maps = this.convolutions.map((_, number) => {
      const map = this.map(tokens, number);
      const part = (each) => this.tensor(`attention.${number}.${each}`);
      const attention = { weight: part("weight"), bias: part("bias"), score: part("score") };
      return { ...map, places: places[number], ...POOLINGS[name](map, places[number], attention) };
    });
    const pooled = Float64Array.from(maps.flatMap((map) => [...map.pooled]));
    const { values, layers } = this.hidden(pooled);
    const [weight, bias] = [this.tensor("head.weight"), this.tensor("head.bias").values];
    const logits = Array.from(bias, (each, label) => each + dot(rowOf(weight, label), values));
    return { logits, maps, layers, tokens: read.length };
  }

  /** The layers between pooling and head: what they make, and each as a linear map of its input. */
  hidden(pooled) {
    let values = pooled;
    const layers = this.settings.hidden.map((layer, number) => {
      const part = (name) => this.tensor(`hidden.${number}.${name}`);
      if (layer.kind === "linear") {
        const [weight, bias] = [part("weight"), part("bias").values];
        values = Float64Array.from(bias, (each, unit) => each + dot(rowOf(weight, unit), values));
        return { weight };
      }
      let factors;
      if (layer.kind === "relu") factors = values.map((value) => (value > 0 ? 1 : 0));
      else if (layer.kind === "scale") factors = part("scale").values;
      else factors = responseFactors(values, layer.maps);
      const shift = layer.kind === "scale" ? part("shift").values : null;
      values = values.map((value, place) => value * factors[place] + (shift ? shift[place] : 0));
      return { factors };
    });
    return { values, layers };
  }

  /** What each window adds to the logit of a label: {start, end, added}; the rest is constant. */
  explain(made, label) {
    let weights = Float64Array.from(rowOf(this.tensor("head.weight"), label));
    for (const { weight, factors } of made.layers.toReversed()) {
      if (weight) {
        const before = new Float64Array(weight.shape[1]);
        weights.forEach((each, unit) => {
          const row = rowOf(weight, unit);
          for (let place = 0; place < before.length; place++) before[place] += each * row[place];
        });
        weights = before;
      } else {
        weights = weights.map((each, place) => each * factors[place]);
      }
    }
    let first = 0;
    return made.maps.flatMap((map, number) => {
      const own = weights.subarray(first, (first += map.pooled.length));
      const sums = windowSums(map, own);
      const window = (added, position) => ({ ...this.span(made, number, position), added });
      return Array.from(sums, window).filter(({ added }) => added);
    });
  }

  /** The tokens that the window at a position sees. */
  span({ tokens }, number, position) {
    const { kernel_size: size, padding } = this.convolutions[number];
    const first = position - margins(padding, size)[0];
    const start = Math.min(Math.max(first, 0), tokens);
    return { start, end: Math.max(Math.min(first + size, tokens), start) };
  }

  /** The windows that win, with the numbers of features that they win; null: there are no winners. */
  winners(made) {
    if (["sum", "mean", "attention", "flatten"].includes(this.settings.pooling.name)) return null;
    return made.maps.flatMap((map, number) => {
      const winning = [...map.winners].filter((position, place) => position >= 0 && map.pooled[place]);
      return winning.map((position) => this.span(made, number, position));
    });
  }
}

/** h / √(1 + |h|²) of each map and place, as factors. */
function responseFactors(values, maps) {
  const factors = new Float64Array(values.length);
  let first = 0;
  for (const [channels, places] of maps) {
    for (let place = 0; place < places; place++) {
      const own = Array.from({ length: channels }, (_, channel) => first + channel * places + place);
      const squares = own.reduce((sum, each) => sum + values[each] ** 2, 0);
      for (const each of own) factors[each] = 1 / Math.sqrt(1 + squares);
    }
    first += channels * places;
  }
  return factors;
}

/** What the window at each position adds, given the weights of the pooled numbers. */
function windowSums({ values, channels, positions, pooled, winners, factors }, weights) {
  const sums = new Float64Array(positions);
  if (winners) {
    winners.forEach((position, place) => {
      if (position >= 0) sums[position] += weights[place] * pooled[place];
    });
    return sums;
  }
  for (let position = 0; position < positions; position++) {
    const own = values.subarray(position * channels, (position + 1) * channels);
    sums[position] = factors[position] * dot(weights, own);
  }
  return sums;
}
