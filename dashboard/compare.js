"use strict";
// Two runs beside each other: streams with one scale of time, and what changed by function.
import { bytes, count, duration } from "./format.js";
import { Model } from "./model.js";
import { Stream } from "./charts.js";
import { $, element, named, Sorted } from "./elements.js";
import { colourOf } from "./theme.js";

export class Comparison {
  // `before` and `model` are the runs, `stream` that of the later one, `titles` what they are called.
  constructor(before, model, stream, titles) {
    this.before = new Model();
    this.before.take(before);
    Object.assign(this, { model, stream });
    this.stream0 = new Stream($("bars-before"), this.before);
    [$("before-title").textContent, $("stream-title").textContent] = titles;
    const [a, b] = ["before", "after"];
    this.table = new Sorted("by-change", [
      ["function", (f) => f.name, (f) => named(f.name, colourOf(f.name))],
      [`tasks ${a}`, (f) => f.a.n, (f) => count(f.a.n)],
      [b, (f) => f.b.n, (f) => count(f.b.n)],
      [`mean ${a}`, (f) => f.a.mean, (f) => (f.a.n ? duration(f.a.mean) : "–")],
      [b, (f) => f.b.mean, (f) => (f.b.n ? duration(f.b.mean) : "–")],
      [`time ${a}`, (f) => f.a.busy, (f) => duration(f.a.busy)],
      [b, (f) => f.b.busy, (f) => duration(f.b.busy)],
      ["more or less", (f) => Math.abs(f.b.busy - f.a.busy), (f) => change(f.a.busy, f.b.busy, duration)],
    ], { by: 7, falls: true, empty: "Nothing was recorded." });
    this.facts(titles);
    this.functions();
  }

  facts(titles) {
    const sum = (model, of) => [...model.stats.values()].reduce((all, one) => all + of(one), 0);
    const most = (model, column) => model.samples.reduce((top, sample) => Math.max(top, sample[column]), 0);
    const length = (model) => (Number.isFinite(model.from) ? model.to - model.from : 0);
    const told = [["from the first task to the last", length, duration], ["tasks", (model) => sum(model, (one) => one.n), count],
      ["time of tasks", (model) => sum(model, (one) => one.busy), duration], ["places", (model) => model.lanes.size, count],
      ["most results in memory", (model) => most(model, 2), bytes], ["most memory of the process", (model) => most(model, 4), bytes]];
    $("change-heads").replaceChildren(...["", ...titles, "more or less"].map((title) => element("th", title)));
    $("changes").tBodies[0].replaceChildren(...told.map(([name, of, text]) => {
      const row = element("tr"), [a, b] = [of(this.before), of(this.model)], last = element("td");
      last.append(change(a, b, text));
      row.append(element("th", name), element("td", text(a)), element("td", text(b)), last);
      return row;
    }));
  }

  functions() {
    const of = (model, name) => {
      const { n, busy } = model.stats.get(name) ?? { n: 0, busy: 0 };
      return { n, busy, mean: n ? busy / n : 0 };
    };
    const names = new Set([...this.before.stats.keys(), ...this.model.stats.keys()]);
    this.table.show([...names].map((name) => ({ name, a: of(this.before, name), b: of(this.model, name) })));
  }

  // How long the earlier run was.
  length() { return Number.isFinite(this.before.from) ? this.before.to - this.before.from : 0; }

  // The earlier run at the same moments after its beginning, at the same scale.
  draw() {
    const by = this.before.from - this.model.from, { from, to } = this.stream.view;
    this.stream0.view = { from: from + by, to: to + by };
    this.stream0.only = this.stream.only;
    this.stream0.draw();
  }
}

// What is more or less, and by how much: less is better of all that is compared.
function change(a, b, text) {
  if (a === b) return element("span", "the same", "hint");
  const share = a > 0 ? ` (${b > a ? "+" : "−"}${(100 * Math.abs(b - a) / a).toFixed(0)} %)` : "";
  return element("span", `${b > a ? "+" : "−"}${text(Math.abs(b - a))}${share}`, b > a ? "more" : "less");
}
