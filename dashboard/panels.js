"use strict";
// What is not drawn over time: tables of functions, of what moved, of workers; errors, profile, facts.
import { bytes, count, counted, duration } from "./format.js";
import { KINDS } from "./model.js";
import { colourOf } from "./theme.js";
import { $, ask, element, keys, named, parts, Sorted, track } from "./elements.js";
import { shows } from "./views.js";
import { Graph } from "./graph.js";
import { Flames } from "./flames.js";
import { Cells } from "./charts.js";
import { CriticalPath } from "./critical.js";
import { linkTo, workerHere, WorkerPage } from "./worker.js";

const STATES = [["done", "managed"], ["failed", "fail"], ["running", "cpu"], ["ready", "ready"], ["waiting", "wait"]];
const FUNCTION_STATES = [["done", "managed"], ["running", "cpu"], ["failed", "fail"]];
const TASK_STATES = [["done", "managed"], ["running", "cpu"], ["ready", "ready"], ["waiting", "wait"], ["let go of", "rule"], ["failed", "fail"]];
// What is asked for of the scheduler instead of a worker.
const OF_SCHEDULER = "scheduler";
const asked = new Set();

// Asks for a topic, once at a time and as long as a page shows it; `take` gets what came.
function askFor(topic, section, take, takeNothing = () => {}) {
  if (!shows(section) || asked.has(topic)) return;
  asked.add(topic);
  ask(topic).then((found) => { if (found !== null) take(found); else takeNothing(); }, () => {
    // The server has gone: the page says so, and asks again when it is back.
  }).finally(() => asked.delete(topic));
}

// What a worker's memory is taken by.
function shares([, , , [, , , , held, limit, process, spilled]]) {
  const whole = Math.max(limit || process || held, 1), managed = Math.max(0, held - spilled);
  return parts([[managed / whole, "var(--managed)"], [Math.max(0, process - managed) / whole, "var(--process)"],
    [spilled / whole, "var(--spilled)"]]);
}

export class Panels {
  constructor(model, redraw, changed) {
    this.model = model;
    this.redraw = redraw;
    this.page = new WorkerPage();
    this.critical = new CriticalPath();
    this.graph = new Graph($("graph-room"));
    this.flames = new Flames($("flames"));
    this.cells = new Cells($("worker-cells"));
    this.workers = [];
    this.errors = "";
    this.functions = new Sorted("by-function", [
      ["function", (f) => f.name, (f) => named(f.name, colourOf(f.name))],
      ["done", (f) => f.done, (f) => [count(f.done), " ", element("small", f.all > f.done ? `of ${count(f.all)}` : ""),
        track(f.all ? f.done / f.all : 0, colourOf(f.name))]],
      ["failed", (f) => f.failed, (f) => (f.failed ? element("b", count(f.failed), "failed") : "0")],
      ["mean", (f) => f.mean, (f) => (f.n ? duration(f.mean) : "–")],
      ["longest", (f) => f.longest, (f) => (f.n ? duration(f.longest) : "–")],
      ["time in all", (f) => f.busy, (f) => duration(f.busy)],
      ["share", (f) => f.share, (f) => [`${(100 * f.share).toFixed(f.share < 0.0995 ? 1 : 0)} %`, track(f.share, "var(--dim)")]],
      ["results", (f) => f.bytes, (f) => bytes(f.bytes)],
    ], { by: 5, falls: true, empty: "No task has run lately." });
    this.made = new Sorted("by-bytes", [
      ["function", (f) => f.name, (f) => named(f.name, colourOf(f.name))],
      ["results", (f) => f.bytes, (f) => bytes(f.bytes)],
      ["share", (f) => f.bytesShare, (f) => track(f.bytesShare, colourOf(f.name))],
      ["each", (f) => f.bytes / Math.max(1, f.done), (f) => bytes(f.bytes / Math.max(1, f.done))],
      ["tasks", (f) => f.done, (f) => count(f.done)],
    ], { by: 1, falls: true, empty: "No task has returned anything lately." });
    this.held = new Sorted("by-held", [
      ["name", (h) => h[0], (h) => named(h[0].replace(/-[0-9a-f]{16,}$/, ""), colourOf(h[0].replace(/-[0-9a-f]{16,}$/, "")))],
      ["values", (h) => h[1], (h) => count(h[1])],
      ["bytes", (h) => h[2], (h) => bytes(h[2])],
      ["share", (h) => h[2] / this.heldBytes, (h) => track(h[2] / this.heldBytes, "var(--managed)")],
      ["made at", (h) => h[3].at(-1) ?? "", (h) => {
        // The end of a path says most.
        const place = h[3].at(-1) ?? "not known", line = element("code", place.length > 80 ? `…${place.slice(-79)}` : place);
        line.title = [h[0], ...h[3]].join("\n");
        return line;
      }],
    ], { by: 2, falls: true, empty: "Workers hold nothing.", most: 100 });
    this.heldBytes = 1;
    const move = (what) => [["function", (m) => m.name, (m) => named(m.name, colourOf(m.name))],
      ["what", (m) => what[m.kind], (m) => what[m.kind]], ["times", (m) => m.n, (m) => count(m.n)]];
    this.moved = new Sorted("by-move", [
      ...move({ [KINDS.received]: "came from elsewhere", [KINDS.spilled]: "written to disk", [KINDS.readBack]: "read from disk" }),
      ["bytes", (m) => m.bytes, (m) => bytes(m.bytes)],
      ["time", (m) => m.took, (m) => duration(m.took)],
      ["a second", (m) => m.bytes / Math.max(m.took, 1e-3), (m) => (m.took ? `${bytes(1000 * m.bytes / m.took)}/s` : "–")],
    ], { by: 3, falls: true, empty: "Nothing has moved between workers, or to disk and back." });
    this.returned = new Sorted("by-return", move({ [KINDS.givenBack]: "given back before it began" }),
      { by: 2, falls: true, empty: "No task was taken from a worker for another to run." });
    this.table = new Sorted("workers", [
      ["worker", (w) => w[0], (w) => linkTo(w, changed)],
      ["state", (w) => w[2], (w) => element("span", w[2], w[2] === "running" ? "state" : "state short")],
      ["address", (w) => w[1], (w) => { const where = element("span", w[1]); where.title = w[1]; return where; }],
      ...["threads", "running", "waiting", "values"].map((name, at) => [name, (w) => w[3][at], (w) => count(w[3][at])]),
      ["occupancy", (w) => w[3][1] + w[3][2], (w) => duration((w[3][1] + w[3][2]) * this.model.usual() / Math.max(1, w[3][0]))],
      ["results", (w) => w[3][4] - w[3][7], (w) => bytes(w[3][4] - w[3][7])],
      ["on disk", (w) => w[3][7], (w) => bytes(w[3][7])],
      ["process", (w) => w[3][6], (w) => (w[3][6] ? bytes(w[3][6]) : "–")],
      ["memory", (w) => Math.max(w[3][6], w[3][4]) / (w[3][5] || 1), (w) => [w[3][5] ? `of ${bytes(w[3][5])}` : "no limit", shares(w)]],
      ["processor", (w) => w[3][8], (w) => (w[3][6] ? [`${count(w[3][8])} %`, track(w[3][8] / 100 / Math.max(1, w[3][0]), "var(--cpu)")] : "–")],
    ], { empty: "This page is of the threads of one program: there are no workers.", most: 100 });
    keys("states-keys", STATES);
    $("graph-kind").addEventListener("click", () => { this.graph.byFunction = !this.graph.byFunction; this.show(); });
    keys("cluster-keys", [["results", "managed"], ["other memory of the process", "process"], ["on disk", "spilled"]]);
    $("profile-of").addEventListener("change", () => this.look());
    keys("workers-keys", [["works", "cpu"], ["idle", "wait"], ["short of memory, paused or retiring", "spilled"]]);
    keys("transfers-keys", [["from elsewhere", "fetch"], ["to disk", "spilled"], ["from disk", "cpu"]]);
    $("filter").addEventListener("input", () => this.show());
    $("profile-top").addEventListener("click", () => { this.flames.top = -1; this.redraw(); });
    $("flames").addEventListener("click", (event) => {
      const box = $("flames").getBoundingClientRect(), found = this.flames.at(event.clientX - box.left, event.clientY - box.top);
      if (found) this.flames.top = found.at === this.flames.top ? -1 : found.at;
      this.redraw();
    });
  }

  // The figures of every function.
  described() {
    const { groups } = this.model.state, sum = (at) => groups.reduce((all, group) => all + group[at], 0);
    const [busy, made] = [sum(4), sum(5)];
    return groups.map(([name, all, done, failed, time, size]) => {
      const stats = this.model.stats.get(name) ?? { n: 0, busy: 0, longest: 0 };
      return { name, all, done, failed, busy: time, bytes: size, n: stats.n, mean: stats.n ? stats.busy / stats.n : 0,
        longest: stats.longest, share: busy ? time / busy : 0, bytesShare: made ? size / made : 0 };
    });
  }

  takeWorkers(workers) {
    this.workers = this.cells.workers = workers;
    this.areWorkersNew = true;
    const choice = $("profile-of"), chosen = choice.value, listed = workers.slice(0, 1000);
    if (choice.options.length !== listed.length + 2 && document.activeElement !== choice) {
      choice.replaceChildren(choice.options[0], choice.options[1], ...listed.map(([name, address]) => new Option(name, address)));
      choice.value = chosen === OF_SCHEDULER || listed.some((worker) => worker[1] === chosen) ? chosen : "";
    }
    const sum = (at) => workers.reduce((all, worker) => all + worker[3][at], 0);
    $("workers-sum").textContent = `${count(workers.length)} with ${counted(sum(0), "thread")}, ${bytes(sum(4))} of results`;
  }

  // Shows what is known; called for news and when a page is turned to.
  show() {
    const state = this.model.state;
    if (state === null) return;
    const functions = this.described();
    if (shows("functions")) {
      const wanted = $("filter").value.toLowerCase(), found = functions.filter((f) => f.name.toLowerCase().includes(wanted));
      this.functions.show(found);
      $("functions-sum").textContent = `${count(found.length)} of ${count(functions.length)}`;
    }
    if (shows("made")) this.made.show(functions.filter((f) => f.bytes > 0));
    if (shows("states")) this.states(state);
    if (shows("transfers")) this.moved.show([...this.model.moves.values()].filter((m) => m.kind !== KINDS.givenBack));
    if (shows("retraction")) {
      const found = [...this.model.moves.values()].filter((m) => m.kind === KINDS.givenBack);
      this.returned.show(found);
      $("retraction-sum").textContent = `${counted(found.reduce((all, m) => all + m.n, 0), "task")}, taken from workers that had not begun them`;
    }
    if (shows("cluster") && this.areWorkersNew) {
      this.table.show(this.workers);
      this.areWorkersNew = false;
    }
    this.page.show(this.workers);
    if (shows("graph")) {
      this.showGraph(state);
    }
  }

  showGraph(state) {
    const isOfTasks = this.graph.isOfTasks(), button = $("graph-kind");
    button.hidden = this.graph.tasks === null || !this.graph.tasks.length;
    button.setAttribute("aria-pressed", String(this.graph.byFunction));
    keys("graph-keys", isOfTasks ? TASK_STATES : FUNCTION_STATES);
    if (isOfTasks) {
      this.graph.showTasks();
      $("graph-sum").textContent = `${counted(this.graph.tasks.length, "task")}, a node each`;
      return;
    }
    const running = new Map();
    for (const [, , name] of state.running) running.set(name, (running.get(name) ?? 0) + 1);
    this.graph.show(state.groups, running);
    $("graph-sum").textContent = state.groups.length ? `${counted(state.groups.length, "function")}, a node each` : "";
  }

  // Asks for what is not in the news; called once a second.
  look() {
    askFor("graph", "graph", ({ links }) => { this.graph.links = links; this.show(); });
    // Many tasks are told of as null.
    askFor("graph_tasks", "graph", (found) => { this.graph.tasks = found; this.show(); }, () => { this.graph.tasks = null; });
    const of = shows("worker") ? workerHere() : $("profile-of").value;
    $("profile-of").hidden = shows("worker") || this.model.state?.of !== "cluster";
    // What another choice asked for may come late; a worker that has gone is not asked.
    const isThere = !shows("worker") || this.page.worker !== null;
    if (isThere) askFor(of ? `profile?of=${encodeURIComponent(of)}` : "profile", "profile", (found) => {
      if (of === (shows("worker") ? workerHere() : $("profile-of").value)) this.takeProfile(found, of);
    });
    this.page.look();
    askFor("held", "held", (found) => {
      this.heldBytes = Math.max(1, found.reduce((sum, row) => sum + row[2], 0));
      this.held.show(found);
    });
    askFor("critical", "critical", (found) => this.critical.take(found, this.model.lanes));
    askFor("errors", "errors", (found) => this.showErrors(found));
    if (!$("hardware-facts").rows.length) askFor("hardware", "hardware", (facts) => this.facts("hardware-facts", facts));
    if (!$("settings").tBodies[0].rows.length) askFor("configuration", "configuration", (found) =>
      this.facts("settings", found.map(([key, value, isDefault, about]) => [key, value, about, isDefault])));
  }

  // What a report has beside the stream.
  takeTopics({ summary, profile }) {
    if (summary) this.facts("facts", summary);
    if (profile) this.takeProfile(profile);
  }

  takeProfile(found, of = "") {
    this.flames.take(found);
    const kind = this.model.state?.of ?? "local", isLive = $("recorded") === null;
    $("profile-hint").textContent = !isLive ? "" : of === OF_SCHEDULER ? "what the thread of the scheduler does, sampled 500 times a second while this page is open · " : kind === "local" ? "what tasks do in Python, sampled 50 times a second while this page is open · "
      : "what tasks did in Python in the last hour, as workers sample it · ";
    $("profile-sum").textContent = found.samples ? `${count(found.samples)} samples, ${duration(1000 * found.samples * found.interval)} of ${of === OF_SCHEDULER ? "the scheduler" : "tasks"}` : "";
    this.redraw();
  }

  facts(id, found) {
    $(id).tBodies[0].replaceChildren(...found.map(([name, value, about, isDefault]) => {
      const row = element("tr");
      row.append(element("th", name), element("td", value));
      row.firstChild.scope = "row";
      if (about !== undefined) row.append(element("td", about, "about"));
      row.classList.toggle("changed", isDefault === false);
      return row;
    }));
  }

  // When, task, function, what was raised, traceback; the newest first.
  showErrors(found) {
    const shape = JSON.stringify(found);
    if (shape === this.errors) return;
    const isFirst = this.errors === "", newest = found.at(-1)?.[0];
    this.errors = shape;
    const what = this.model.state?.of === "cluster" ? "tasks" : "computations";
    $("errors-sum").textContent = found.length ? `the last ${found.length === 1 ? what.slice(0, -1) : `${count(found.length)} ${what}`} that failed` : "";
    const open = new Set([...$("errors-list").querySelectorAll("details[open]")].map((one) => one.dataset.at));
    $("errors-list").replaceChildren(...[...found].reverse().map(([at, key, name, raised, traceback]) => {
      const details = element("details"), head = element("summary");
      details.dataset.at = `${at} ${key}`;
      details.open = open.has(details.dataset.at) || (isFirst && at === newest);
      const ago = this.model.state ? `${duration(Math.max(0, this.model.state.now - at))} ago` : "";
      head.append(named(name, colourOf(name)), element("b", raised), element("span", ago, "hint"));
      details.append(head, element("p", key, "key"), element("pre", traceback));
      return details;
    }));
    if (!found.length) $("errors-list").append(element("p", `No ${what.slice(0, -1)} has failed.`, "empty"));
  }

  states(state) {
    const [all, done, failed] = [1, 2, 3].map((at) => state.groups.reduce((sum, group) => sum + group[at], 0));
    const running = Math.max(state.running.length, state.processing), ready = state.ready;
    const waiting = Math.max(0, state.waiting - ready), known = { done, failed, running, ready, waiting };
    const total = Math.max(1, done + failed + running + ready + waiting);
    $("states-bar").replaceChildren(...STATES.filter(([name]) => known[name]).map(([name, colour]) => {
      const part = element("span", `${count(known[name])} ${name}`);
      part.style.flexGrow = known[name] / total;
      part.style.setProperty("--swatch", `var(--${colour})`);
      return part;
    }));
    if (!all && !running) $("states-bar").append(element("span", "no task", "none"));
  }

  draw() {
    if (shows("profile")) this.flames.draw("Nothing runs in Python at the moment.");
    if (shows("workers-map")) this.cells.draw();
  }
}
