"use strict";
// The page: a text, the ways to change it, and one or two models beside each other.

const SILENCE = 700; // milliseconds without a keystroke before the answer is spoken

class Page {
  constructor(engine) {
    this.engine = engine;
    this.find = (id) => document.getElementById(id);
    this.text = this.find("text");
    this.history = []; // texts before each change, with the name of the change
    this.presses = 0;
    this.panels = [];
    this.errors = new Map(); // the last of each panel, or of the page
    this.report = this.report.bind(this);
  }

  async start() {
    try {
      this.models = await this.engine.models();
    } catch (error) {
      return this.report(this, error);
    }
    this.buildVariants();
    this.buildChoices();
    this.text.addEventListener("input", () => this.refresh());
    document.addEventListener("selectionchange", () => this.followCaret());
    this.find("undo").addEventListener("click", () => this.goBack(this.history.length - 1));
    this.find("reset").addEventListener("click", () => this.goBack(0));
    this.find("keep").addEventListener("click", () => {
      this.history = [];
      this.text.focus();
      this.refresh();
    });
    return this.refresh();
  }

  buildVariants() {
    for (const [name, { label, title }] of Object.entries(VARIANTS)) {
      const button = create("button", "", label);
      button.type = "button";
      button.title = title;
      button.addEventListener("click", () => this.change(name));
      this.find("variants").append(button);
    }
  }

  buildChoices() {
    const [first, second] = [this.find("first"), this.find("second")];
    const option = ({ name }, place) => new Option(name, String(place));
    first.append(...this.models.map(option));
    second.append(new Option("no other", ""), ...this.models.map(option));
    if (this.models.length > 1) {
      this.find("choices").hidden = false;
      second.value = "1";
    }
    for (const choice of [first, second]) choice.addEventListener("change", () => this.choosePanels());
    this.choosePanels();
  }

  /** One panel for each model that is chosen; panels whose model stays are left as they are. */
  choosePanels() {
    const places = [this.find("first").value, this.find("second").value].filter((value) => value !== "");
    const wanted = places.map((place) => this.models[Number(place)]);
    this.panels = wanted.map((facts, place) => {
      const panel = this.panels[place] ?? new Panel(this.engine, this.report);
      if (panel.facts !== facts) panel.choose(facts);
      return panel;
    });
    this.errors.clear();
    this.find("panels").replaceChildren(...this.panels.map((panel) => panel.element));
    this.find("panels").classList.toggle("two", this.panels.length > 1);
    this.refresh();
  }

  /** Change the text in one of the ways of VARIANTS, and compare with the text before. */
  change(name) {
    const text = this.text.value;
    if (!text.trim()) return;
    this.history.push({ text, name });
    this.presses += 1;
    this.text.value = variantOf(name, text, this.presses);
    this.refresh();
  }

  goBack(place) {
    this.text.value = this.history[place].text;
    this.history.length = place;
    this.text.focus();
    this.refresh();
  }

  refresh() {
    const before = this.history.length ? this.history[0].text : null;
    for (const id of ["undo", "reset", "keep"]) this.find(id).disabled = before === null;
    const names = this.history.map((each) => each.name).join(", then ");
    this.find("comparing").hidden = before === null;
    this.find("comparing").textContent = names && `Before: as you typed it. Now: ${names}.`;
    for (const panel of this.panels) panel.show(this.text.value, before);
    this.followCaret();
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => this.speak(), SILENCE);
  }

  speak() {
    this.find("spoken").textContent = this.panels.map((panel) => panel.spoken).join(". ");
  }

  followCaret() {
    const focused = document.activeElement === this.text;
    for (const panel of this.panels) panel.moveTo(focused ? this.text.selectionStart : -1);
  }

  /** Show what went wrong in a panel, in a line; null: nothing did. */
  report(source, error) {
    this.errors.set(source, error);
    const first = [...this.errors.values()].find(Boolean);
    this.find("problem").hidden = !first;
    this.find("problem").textContent = first?.message ?? "";
  }
}

new Page(buildEngine()).start();
