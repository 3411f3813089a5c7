"use strict";
// The tables of an exported model: safetensors, compressed, in Base64.

const NUMBERS = {
  F32: Float32Array,
  I8: Int8Array,
  U16: Uint16Array,
  U32: Uint32Array,
  I64: BigInt64Array,
};

/** The bytes that zlib compressed. */
async function unpacked(base64) {
  const packed = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

/** The tensors of a safetensors file by name: {shape, values}. */
function readTensors(buffer) {
  const size = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, size)));
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets: [start, end] }] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    // a copy, because typed arrays have to be aligned
    tensors[name] = { shape, values: new NUMBERS[dtype](buffer.slice(8 + size + start, 8 + size + end)) };
  }
  return tensors;
}

/** Tensors whose integers of 8 bits are multiplied by their scales: of each row, or of each column. */
function scaledTensors(tensors) {
  for (const [name, tensor] of Object.entries(tensors)) {
    const scale = tensors[`${name}.scale`];
    if (!scale) continue;
    const byRow = scale.shape[0] > 1;
    const width = tensor.shape.slice(1).reduce((product, size) => product * size, 1);
    const scaleOf = (place) => {
      if (scale.values.length === 1) return scale.values[0];
      return scale.values[byRow ? Math.floor(place / width) : place % width];
    };
    tensor.values = Float32Array.from(tensor.values, (value, place) => value * scaleOf(place));
  }
  return tensors;
}

/** Row `number` of a tensor, all its further dimensions end to end. */
function rowOf({ shape, values }, number) {
  const width = values.length / (shape[0] || 1);
  return values.subarray(number * width, (number + 1) * width);
}

// ---- subwords of unknown words --------------------------------------------------------------

const BASE = 0x7f4a7c15; // the lower half of BASE in textcnn.text.subwords

/** The keys of the subwords of a word: its strings of 3 to 6 characters between < and >. */
function subwordKeys(word) {
  const codes = Array.from(`<${word}>`, (character) => character.codePointAt(0));
  const keys = [];
  for (let start = 0; word && start < codes.length; start++) {
    let key = 0;
    for (let place = start; place < Math.min(start + 6, codes.length); place++) {
      key = (Math.imul(key, BASE) + codes[place]) >>> 0;
      if (place - start >= 2) keys.push(key);
    }
  }
  return keys;
}

/** A table of subwords: sums and means of the rows of a word's known subwords. */
class SubwordTable {
  constructor(keys, weights) {
    const short = (key) => (typeof key === "bigint" ? Number(BigInt.asUintN(32, key)) : key);
    this.rows = new Map(Array.from(keys.values, (key, row) => [short(key), rowOf(weights, row)]));
    this.dim = weights.shape[1];
  }

  /** The sum of the rows, and how many there are. */
  sum(word) {
    const found = subwordKeys(word).map((key) => this.rows.get(key)).filter(Boolean);
    const sum = new Float64Array(this.dim);
    for (const row of found) for (let place = 0; place < this.dim; place++) sum[place] += row[place];
    return { sum, found: found.length };
  }
}
