"use strict";
// The page: takes what the server sends, or what was recorded, and has it drawn. Text from the computation is put in as text,
// never as markup.
import { bytes, count, duration } from "./format.js";
import { KIND_TEXT, KINDS, Model } from "./model.js";
import { Lines, Stream } from "./charts.js";
import { colourOf, readTheme } from "./theme.js";

const $ = (id) => document.getElementById(id);
const model = new Model();
const stream = new Stream($("bars"), model);
const memory = new Lines($("memory"), model, [{ column: 4, colour: "process" }, { column: 2, colour: "managed", isFilled: true },
  { column: 3, colour: "spilled", isFilled: true }], true);
const cpu = new Lines($("cpu"), model, [{ column: 1, colour: "cpu", isFilled: true }], false);
const FOLLOWED_MS = 30000, SPAN_MIN_MS = 0.005;
let follows = true, span = FOLLOWED_MS, isDirty = true, isRecorded = false;

function element(tag, text, kind) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

// ---- figures and tables ------------------------------------------------------------------------------------------------

function figures(state) {
  const isCluster = workersKnown.length > 0;
  const [done, seen, failed] = [2, 1, 3].map((at) => state.groups.reduce((sum, group) => sum + group[at], 0));
  const all = isCluster ? seen + state.waiting + state.processing : seen;
  const told = [
    ["Tasks done", count(done), all > done ? `of ${count(all)}` : failed ? `${count(failed)} failed` : ""],
    ["Running", count(isCluster ? state.processing : state.running.length), state.ready ? `${count(state.ready)} ready` : ""],
    isCluster ? ["Clients", count(state.runs), ""] : ["Computations", count(state.runs), ""],
    isCluster ? ["Workers", count(workersKnown.length), `${count(state.cores)} threads`]
      : ["Processor", `${count(state.cpu)} %`, `of ${count(state.cores * 100)} %`],
    ["Results in memory", bytes(state.managed), state.limit ? `of ${bytes(state.limit)}` : ""],
    ["Spilled", bytes(state.spilled), ""],
  ];
  const list = $("figures");
  while (list.children.length < told.length) {
    const card = element("div");
    card.append(element("dt"), element("dd"));
    list.append(card);
  }
  told.forEach(([name, figure, more], i) => {
    const [term, value] = list.children[i].children;
    term.textContent = name;
    value.replaceChildren(figure, ...(more ? [" ", element("small", more)] : []));
  });
  $("progress-sum").textContent = all ? `${count(done)} of ${count(all)}` : "";
}

// Rows are kept and changed, so that what has the focus keeps it.
function rows(table, wanted, make, fill) {
  const body = table.tBodies[0];
  while (body.rows.length > wanted.length) body.deleteRow(-1);
  while (body.rows.length < wanted.length) body.append(make());
  wanted.forEach((item, i) => fill(body.rows[i], item));
}

function groups(state) {
  const make = () => {
    const row = element("tr"), name = element("td", undefined, "name"), button = element("button");
    const track = element("div", undefined, "track");
    button.type = "button";
    button.addEventListener("click", () => {
      stream.only = stream.only === button.textContent ? null : button.textContent;
      isDirty = true;
      groups(model.state);
    });
    track.append(element("i"));
    name.append(button, track);
    row.append(name, element("td"), element("td"));
    return row;
  };
  rows($("groups"), state.groups, make, (row, [name, all, done, failed, busy]) => {
    const [first, numbers, time] = row.cells;
    first.style.setProperty("--swatch", colourOf(name));
    first.style.setProperty("--done", `${all ? 100 * done / all : 0}%`);
    first.classList.toggle("faint", stream.only !== null && stream.only !== name);
    first.firstChild.textContent = name;
    numbers.replaceChildren(all > done ? `${count(done)} / ${count(all)}` : count(done));
    if (failed) numbers.append(" ", element("span", `${count(failed)} failed`, "failed"));
    time.textContent = duration(busy);
  });
}

function running(state) {
  const wanted = state.running.length ? state.running : [null];
  rows($("running"), wanted, () => {
    const row = element("tr");
    row.append(element("td"), element("td"), element("td"));
    return row;
  }, (row, task) => {
    const [name, where, time] = row.cells;
    name.classList.toggle("none", task === null);
    name.textContent = task ? task[1] : "nothing";
    if (task) name.style.setProperty("--swatch", colourOf(task[2]));
    where.textContent = task ? model.lanes.get(task[0])?.label ?? "" : "";
    time.textContent = task ? duration(Math.max(0, state.now - task[3])) : "";
  });
  const missed = state.missed ? `${count(state.missed)} events came too fast to be seen` : "";
  $("running-sum").textContent = missed;
}

// ---- a cluster ---------------------------------------------------------------------------------------------------------

const COLUMNS = [["worker", (w) => w[0]], ["state", (w) => w[2]], ["address", (w) => w[1]], ["threads", (w) => w[3][0]],
  ["running", (w) => w[3][1]], ["waiting", (w) => w[3][2]], ["values", (w) => w[3][3]], ["memory", (w) => w[3][4]]];
let order = { column: 0, falls: false }, workersKnown = [];

function compare(a, b) {
  const of = COLUMNS[order.column][1], [x, y] = [of(a), of(b)];
  const found = typeof x === "number" ? x - y : x.localeCompare(y, "en", { numeric: true });
  return order.falls ? -found : found;
}

function workers(known) {
  workersKnown = known;
  $("cluster").hidden = false;
  $("now").hidden = true;
  const head = $("workers").tHead.rows[0];
  if (!head.cells.length) COLUMNS.forEach(([name], column) => {
    const cell = element("th"), button = element("button", name);
    cell.scope = "col";
    button.type = "button";
    button.addEventListener("click", () => {
      order = { column, falls: order.column === column ? !order.falls : column > 2 };
      workers(workersKnown);
    });
    cell.append(button);
    head.append(cell);
  });
  [...head.cells].forEach((cell, column) => {
    cell.setAttribute("aria-sort", column === order.column ? (order.falls ? "descending" : "ascending") : "none");
  });
  const make = () => {
    const row = element("tr");
    COLUMNS.forEach(() => row.append(element("td")));
    return row;
  };
  const sum = (at) => known.reduce((all, worker) => all + worker[3][at], 0);
  $("workers-sum").textContent = `${count(known.length)} with ${count(sum(0))} threads, ${bytes(sum(4))} of results`;
  rows($("workers"), [...known].sort(compare), make, (row, [name, address, state, figures]) => {
    const [held, limit] = [figures[4], figures[5]], cells = row.cells;
    [name, state, address, ...figures.slice(0, 4).map(count)].forEach((text, i) => { cells[i].textContent = text; });
    cells[1].className = state === "running" ? "state" : "state short";
    cells[7].textContent = limit ? `${bytes(held)} of ${bytes(limit)}` : bytes(held);
    if (!limit) return;
    const track = element("div", undefined, "track"), fill = element("i");
    track.style.setProperty("--done", `${Math.min(100, 100 * held / limit)}%`);
    track.style.setProperty("--swatch", "var(--managed)");
    track.append(fill);
    cells[7].append(track);
  });
}

async function explain(event) {
  event.preventDefault();
  const output = $("because");
  try {
    const answer = await fetch(`api/v1/explain?key=${encodeURIComponent($("key").value)}`);
    output.textContent = await answer.text();
  } catch (error) {
    output.textContent = `The scheduler does not answer: ${error.message}`;
  }
}

function keys(id, names) {
  $(id).replaceChildren(...names.map(([text, colour]) => {
    const key = element("span", text);
    key.style.setProperty("--swatch", `var(--${colour})`);
    return key;
  }));
}

function take(news) {
  model.take(news);
  if (news.workers) workers(news.workers);
  figures(news);
  groups(news);
  running(news);
  isDirty = true;
}

// ---- the view ----------------------------------------------------------------------------------------------------------

function setFollows(now) {
  follows = now;
  $("follow").setAttribute("aria-pressed", String(now));
  isDirty = true;
}

function extent() {
  const to = Math.max(model.now(), model.to), from = Number.isFinite(model.from) ? model.from : to - 1000;
  const pad = Math.max((to - from) * 0.01, 0.01);
  return { from: from - pad, to: to + pad };
}

function show(from, to) {
  const whole = extent(), most = (whole.to - whole.from) * 1.2 + 1;
  const length = Math.min(Math.max(to - from, SPAN_MIN_MS), most), middle = (from + to) / 2;
  const start = Math.min(Math.max(middle - length / 2, whole.from - length * 0.5), whole.to - length * 0.5);
  stream.view = { from: start, to: start + length };
  span = length;
  setFollows(false);
}

function zoom(factor, at) {
  const { from, to } = stream.view;
  show(at - (at - from) * factor, at + (to - at) * factor);
}

function everything() {
  const { from, to } = extent();
  show(from, to);
}

function move(share) {
  const by = (stream.view.to - stream.view.from) * share;
  show(stream.view.from + by, stream.view.to + by);
}

const middle = () => (stream.view.from + stream.view.to) / 2;
const follow = () => { if (!follows) span = FOLLOWED_MS; setFollows(!follows); };

function keyboard(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea")) return;
  const acts = { ArrowLeft: () => move(-0.15), ArrowRight: () => move(0.15), "+": () => zoom(0.6, middle()),
    "=": () => zoom(0.6, middle()), "-": () => zoom(1 / 0.6, middle()), 0: everything, f: follow };
  const act = acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

function pointer() {
  const canvas = $("bars");
  let drag = null;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  canvas.addEventListener("pointerdown", (event) => {
    const [x] = place(event);
    drag = { x, view: { ...stream.view }, ranges: event.shiftKey };
    canvas.setPointerCapture(event.pointerId);
    canvas.classList.add(event.shiftKey ? "ranging" : "dragging");
    $("tip").hidden = true;
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = place(event);
    if (drag === null) return tip(event, x, y);
    if (drag.ranges) {
      stream.range = [stream.time(drag.x), stream.time(x)];
      isDirty = true;
    } else if (Math.abs(x - drag.x) > 2) {
      const by = (drag.x - x) / stream.width() * (drag.view.to - drag.view.from);
      show(drag.view.from + by, drag.view.to + by);
    }
  });
  const release = () => {
    if (stream.range) {
      const [a, b] = stream.range;
      stream.range = null;
      show(Math.min(a, b), Math.max(a, b));
    }
    drag = null;
    canvas.classList.remove("ranging", "dragging");
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => { $("tip").hidden = true; });
  canvas.addEventListener("dblclick", everything);
  canvas.addEventListener("wheel", (event) => {
    if (event.ctrlKey) return;
    event.preventDefault();
    const [x] = place(event);
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) move(event.deltaX / stream.width());
    else zoom(1.0015 ** event.deltaY, stream.time(x));
  }, { passive: false });
}

function tip(event, x, y) {
  const found = stream.at(x, y), box = $("tip");
  box.hidden = found === null;
  if (!found) return;
  const { bar, lane } = found, list = element("dl");
  const tell = (name, text) => list.append(element("dt", name), element("dd", text));
  tell("where", lane.label);
  tell("began", `${((bar.start - model.from) / 1000).toFixed(6)} s`);
  tell("took", duration(bar.end - bar.start));
  if (bar.n > 1) {
    tell("tasks", count(bar.n));
    tell("each", `${duration(bar.busy / bar.n)} on average`);
  }
  if (bar.bytes) tell("size", bytes(bar.bytes));
  if (bar.kind !== KINDS.finished) tell("what", KIND_TEXT[bar.kind]);
  box.replaceChildren(element("b", bar.name), list);
  box.style.left = `${Math.min(event.clientX + 14, innerWidth - box.offsetWidth - 8)}px`;
  box.style.top = `${Math.min(event.clientY + 16, innerHeight - box.offsetHeight - 8)}px`;
}

// ---- drawing and the server --------------------------------------------------------------------------------------------

let drawn = 0;

function frame(at) {
  requestAnimationFrame(frame);
  const moves = follows && !isRecorded && model.isBusy();
  // Thirty frames a second are enough.
  if (!isDirty && !(moves && at - drawn > 33)) return;
  drawn = at;
  if (follows && model.state) {
    const whole = extent();
    stream.view = { from: Math.max(whole.from, whole.to - span), to: whole.to };
  }
  stream.draw();
  if (isDirty) {
    memory.draw(0);
    cpu.draw(0);
    $("span").textContent = model.nBars ? `${duration(stream.view.to - stream.view.from)} of ${duration(model.to - model.from)}` : "";
  }
  isDirty = false;
}

function link(text, kind) {
  $("link").textContent = text;
  $("link").className = kind;
}

function connect() {
  const source = new EventSource("api/v1/stream");
  // Whoever is connected again is told everything once more.
  source.addEventListener("open", () => { model.clear(); link("live", "live"); });
  source.addEventListener("message", (event) => take(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    link("the program does not answer: trying again …", "lost");
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  });
}

function main() {
  readTheme();
  keys("memory-keys", [["results", "managed"], ["spilled", "spilled"], ["process", "process"]]);
  keys("cpu-keys", [["percent of one processor", "cpu"]]);
  pointer();
  addEventListener("keydown", keyboard);
  $("why").addEventListener("submit", explain);
  $("follow").addEventListener("click", follow);
  $("in").addEventListener("click", () => zoom(0.6, middle()));
  $("out").addEventListener("click", () => zoom(1 / 0.6, middle()));
  $("all").addEventListener("click", everything);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readTheme(); isDirty = true; });
  new ResizeObserver(() => { isDirty = true; }).observe(document.body);
  const recorded = $("recorded");
  if (recorded) {
    isRecorded = true;
    $("title").textContent = document.title;
    link("recorded", "");
    $("now").hidden = true;
    $("follow").hidden = true;
    take(JSON.parse(recorded.textContent));
    everything();
  } else {
    connect();
  }
  requestAnimationFrame(frame);
}

main();
