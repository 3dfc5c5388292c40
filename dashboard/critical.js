"use strict";
// The critical path: which tasks the end waited for, one below the other over time, and by function.
import { bytes, count, duration } from "./format.js";
import { $, element, keys, named, rows, Sorted, track } from "./elements.js";
import { colourOf } from "./theme.js";

// Tasks that are listed, the longest; their order stays.
const SHOWN_MAX = 300;

export class CriticalPath {
  constructor() {
    this.shape = "";
    keys("critical-keys", [["waited for a thread, or for its inputs to come", "wait"]]);
    this.byName = new Sorted("critical-names", [
      ["function", (f) => f.name, (f) => named(f.name, colourOf(f.name))],
      ["tasks on the path", (f) => f.n, (f) => count(f.n)],
      ["time", (f) => f.took, (f) => duration(f.took)],
      ["share of the path", (f) => f.share, (f) => [`${(100 * f.share).toFixed(f.share < 0.0995 ? 1 : 0)} %`, track(f.share, colourOf(f.name))]],
      ["waited before", (f) => f.waited, (f) => duration(f.waited)],
    ], { by: 2, falls: true, empty: "No task has run lately." });
  }

  // `found`: key, function, worker's number, start, duration, bytes; the first task first.
  take(found, labels) {
    // What a place is called may be heard of after the path.
    const shape = JSON.stringify([found, found.map(([, , lane]) => labels.get(lane)?.label)]);
    if (shape === this.shape) return;
    this.shape = shape;
    const path = found.map(([key, name, lane, start, took, size], at) => {
      const before = at ? found[at - 1][3] + found[at - 1][4] : start;
      return { key, name, where: labels.get(lane)?.label ?? String(lane), start, took, size, waited: Math.max(0, start - before) };
    });
    const from = path[0]?.start ?? 0, to = path.at(-1) ? path.at(-1).start + path.at(-1).took : 0, whole = Math.max(to - from, 1e-6);
    const names = new Map();
    for (const { name, took, waited } of path) {
      const of = names.get(name) ?? { name, n: 0, took: 0, waited: 0, share: 0 };
      names.set(name, { ...of, n: of.n + 1, took: of.took + took, waited: of.waited + waited, share: (of.took + took) / whole });
    }
    this.byName.show([...names.values()]);
    const ran = path.reduce((sum, task) => sum + task.took, 0);
    $("critical-sum").textContent = path.length ? `${count(path.length)} ${path.length === 1 ? "task" : "tasks"} over ${duration(to - from)}: ${duration(ran)} they ran, ${
      duration(Math.max(0, to - from - ran))} they waited` : "";
    this.list(path, from, whole);
  }

  list(path, from, whole) {
    const least = path.length > SHOWN_MAX ? path.map((task) => task.took + task.waited).sort((a, b) => b - a)[SHOWN_MAX - 1] : 0;
    const make = () => {
      const row = element("tr"), when = element("td"), bar = element("div", undefined, "when");
      bar.append(element("i", undefined, "waited"), element("i"));
      when.append(bar);
      row.append(element("td"), element("td"), element("td"), element("td"), when);
      return row;
    };
    rows($("critical-tasks"), path.filter((task) => task.took + task.waited >= least), make, (row, task) => {
      const [name, where, waited, took, when] = row.cells, [before, ran] = when.firstChild.children;
      // Keys of users' functions are not known of local schedulers.
      name.replaceChildren(named(task.name, colourOf(task.name)), ...(task.key === task.name ? [] : [" ", element("small", task.key)]));
      name.title = task.key;
      where.textContent = task.where;
      waited.textContent = task.waited ? duration(task.waited) : "–";
      took.textContent = duration(task.took);
      row.title = task.size ? `${bytes(task.size)} of results` : "";
      before.style.left = `${100 * (task.start - task.waited - from) / whole}%`;
      before.style.width = `${100 * task.waited / whole}%`;
      ran.style.left = `${100 * (task.start - from) / whole}%`;
      ran.style.width = `${100 * task.took / whole}%`;
      ran.style.setProperty("--swatch", colourOf(task.name));
    });
  }
}
