"use strict";
// One worker: what it has and does, its tasks with their call stacks, its log; and what the scheduler noted of all of them.
import { bytes, count } from "./format.js";
import { $, ask, element, keys, named } from "./elements.js";
import { colourOf } from "./theme.js";
import { goTo, shows } from "./views.js";

// The address of the worker that this page is of.
export const workerHere = () => new URLSearchParams(location.search).get("of") ?? "";
const query = () => `?of=${encodeURIComponent(workerHere())}`;

export class WorkerPage {
  constructor() {
    this.worker = null;
    this.lines = "";
    this.events = [];
    this.hasAsked = false;
    keys("worker-memory-keys", [["values", "managed"], ["on disk", "spilled"], ["process", "process"]]);
    $("events-filter").addEventListener("input", () => this.showEvents());
    for (const form of document.querySelectorAll("form.action")) form.addEventListener("submit", (event) => this.act(event, form));
  }

  show(workers) {
    if (!shows("worker")) return;
    const address = workerHere(), found = workers.find((worker) => worker[1] === address || worker[0] === address);
    this.worker = found ?? null;
    $("worker-name").textContent = found ? found[0] : "This worker is not there.";
    $("worker-state").textContent = found ? found[2] : "";
    $("worker-state").className = found && found[2] === "running" ? "state" : "state short";
    $("worker-address").textContent = address;
    const [threads, running, waiting, values, held, limit, process, spilled, cpu, incoming] = found ? found[3] : Array(10).fill(0);
    const facts = found ? [["runs", `${count(running)} of ${count(threads)}`], ["waits", count(waiting)], ["values", count(values)],
      ["results in memory", limit ? `${bytes(held - spilled)} of ${bytes(limit)}` : bytes(held - spilled)], ["on disk", bytes(spilled)],
      ["on their way here", bytes(incoming)], ["process", process ? bytes(process) : "–"], ["processor", process ? `${count(cpu)} %` : "–"]] : [];
    $("worker-facts").replaceChildren(...facts.map(([name, value]) => {
      const fact = element("div");
      fact.append(element("dt", name), element("dd", value));
      return fact;
    }));
  }

  // Asks for what only the worker knows.
  look() {
    this.askForActions();
    if (shows("events")) ask("events").then((found) => { if (found) { this.events = found; this.showEvents(); } }, () => {});
    if (!shows("worker-tasks") || this.worker === null) return;
    ask(`stacks${query()}`).then((found) => { if (found) this.showStacks(found); }, () => {});
    ask(`logs${query()}`).then((found) => { if (found) this.showLines(found); }, () => {});
  }

  showStacks(found) {
    const open = new Set([...$("stacks").querySelectorAll("details[open]")].map((one) => one.dataset.key));
    $("worker-tasks-sum").textContent = found.length ? `${count(found.length)} ${found.length === 1 ? "task, with its call stack" : "tasks, with their call stacks"}` : "";
    $("stacks").replaceChildren(...found.map(([, key, lines]) => {
      const details = element("details"), head = element("summary"), name = functionOf(key);
      details.dataset.key = key;
      details.open = open.has(key) || found.length === 1;
      head.append(named(name, colourOf(name)), element("span", key, "key"));
      details.append(head, element("pre", lines));
      return details;
    }));
    if (!found.length) $("stacks").append(element("p", "It runs no task at the moment.", "empty"));
  }

  showLines(found) {
    const shape = JSON.stringify(found);
    if (shape === this.lines) return;
    this.lines = shape;
    $("worker-logs-sum").textContent = found.length ? `the last ${count(found.length)} lines of its process, the newest first` : "";
    fill("logs", found.reverse().map(([, level, text]) => [level, [text]]), "Nothing was logged in its process.");
  }

  showEvents() {
    const wanted = $("events-filter").value.toLowerCase();
    const lines = this.events.filter(([, , kind, , text]) => `${kind} ${text}`.toLowerCase().includes(wanted));
    $("events-sum").textContent = `${count(lines.length)} of ${count(this.events.length)}, the newest first`;
    fill("event-lines", lines.reverse().map(([at, level, kind, , text]) => [level, [new Date(1000 * at).toLocaleString(), kind, text]]),
      this.events.length ? "No line has that in it." : "Nothing has happened yet.");
  }

  // ---- what may be done ------------------------------------------------------------------------------------------------

  askForActions() {
    if (this.hasAsked) return;
    this.hasAsked = true;
    ask("actions").then((names) => {
      for (const form of document.querySelectorAll("form.action")) form.hidden = !(names ?? []).includes(form.dataset.action);
    }, () => { this.hasAsked = false; });
  }

  async act(event, form) {
    event.preventDefault();
    const name = form.dataset.action, output = form.querySelector("output"), token = form.elements.token.value;
    const wanted = name === "cancel" ? { keys: [$("key").value.trim()] } : { workers: [this.worker?.[1] ?? workerHere()] };
    output.textContent = "…";
    try {
      const answer = await fetch(`api/v1/${name}`, { method: "POST", body: JSON.stringify(wanted),
        headers: { Authorization: `Bearer ${token}` } });
      output.textContent = answer.ok ? "It is asked to." : (await answer.text()).trim();
    } catch (error) {
      output.textContent = `The scheduler does not answer: ${error.message}`;
    }
  }
}

function fill(id, lines, empty) {
  $(id).tBodies[0].replaceChildren(...(lines.length ? lines : [["none", [empty]]]).map(([level, texts]) => {
    const row = element("tr", undefined, level.toLowerCase());
    row.append(...texts.map((text) => element("td", text)));
    return row;
  }));
}

// What the key of a task begins with: all but its token.
function functionOf(key) {
  const name = /^\('([^']+)'/.exec(key)?.[1] ?? key;
  return name.replace(/-[0-9a-f]{16,}$/, "");
}

// A link to the page of a worker.
export function linkTo(worker, changed) {
  const link = element("a", worker[0] || "(no name)"), to = `?of=${encodeURIComponent(worker[1])}`;
  link.href = `worker${to}`;
  link.title = worker[0];
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    goTo("worker", changed, to);
  });
  return link;
}
