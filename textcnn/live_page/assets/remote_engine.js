"use strict";
// An engine whose models run in the server that this page comes from.

/** Turns positions in code points, as Python counts them, into those of JavaScript's strings. */
function codePointPlaces(text) {
  const places = [];
  let place = 0;
  for (const character of text) {
    places.push(place);
    place += character.length;
  }
  places.push(place);
  return (span) => span && span.map((each) => places[Math.min(each, places.length - 1)]);
}

/** A text without halves of surrogate pairs, which JSON in UTF-8 can't hold; as long as before. */
const wellFormed = (text) => text.replace(/\p{Cs}/gu, "\ufffd");

class RemoteEngine {
  /** What is said of each model; see `model_facts` in Python. */
  async models() {
    this.known = new Map((await this.request("models")).models.map((each) => [each.name, each]));
    return [...this.known.values()];
  }

  /** The probabilities of all labels of a text, and the numbers of the labels that it gets. */
  async predict(name, text) {
    const { labels } = this.known.get(name);
    const body = { model: name, texts: [wellFormed(text)] };
    const [made] = (await this.request("predict", body)).predictions;
    const chosen = made.labels ?? [made.label];
    return {
      probabilities: labels.map((label) => made.probabilities[label]),
      chosen: chosen.map((label) => labels.indexOf(label)),
    };
  }

  /** Why a text gets its logits, for the predicted and the most probable classes. */
  async explain(name, text, classes) {
    const { labels } = this.known.get(name);
    const body = { model: name, texts: [wellFormed(text)], classes };
    const [made] = (await this.request("explain", body)).explanations;
    const place = codePointPlaces(text);
    const explained = Object.keys(made.logits);
    return {
      tokens: made.tokens,
      spans: made.spans.map(place),
      unread: made.unread,
      windows: made.windows,
      exact: made.exact,
      notes: made.notes,
      classes: explained.map((label) => ({
        label: labels.indexOf(label),
        logit: made.logits[label],
        bias: made.bias[label],
        rest: made.rest[label],
        others: made.others[label],
        contributions: made.contributions[label],
      })),
    };
  }

  async request(path, body) {
    const sent = body && {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    };
    let reply;
    try {
      reply = await fetch(path, sent);
    } catch {
      throw new Error("The server doesn't answer.");
    }
    const read = await reply.json().catch(() => ({}));
    if (!reply.ok) throw new Error(read.error ?? read.detail ?? `The server answers ${reply.status}.`);
    return read;
  }
}

const buildEngine = () => new RemoteEngine();
