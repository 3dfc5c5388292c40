"use strict";
// The page: takes what the server sends, or what was recorded, and has it drawn. Text from the computation is put in as text,
// never as markup.
import { bytes, count, duration } from "./format.js";
import { KIND_TEXT, KINDS, Model } from "./model.js";
import { Lines, Overview, Stream, UNITS } from "./charts.js";
import { colourOf, readTheme, turnTheme } from "./theme.js";
import { $, ask, element, keys, rows } from "./elements.js";
import { setKind, shows, startViews, turn } from "./views.js";
import { Panels } from "./panels.js";
import { Comparison } from "./compare.js";
import { workerHere } from "./worker.js";

const model = new Model();
const stream = new Stream($("bars"), model);
const overview = new Overview($("overview"), model, stream);
const panels = new Panels(model, () => { isDirty = true; }, () => viewChanged());
const samples = () => model.samples;
const line = (id, unit, series, of = samples) => new Lines($(id), of, series, UNITS[unit]);
// By section: the charts on it.
const CHARTS = [
  ["memory", line("memory-lines", "bytes", [{ column: 4, colour: "process" }, { column: 2, colour: "managed", isFilled: true },
    { column: 3, colour: "spilled", isFilled: true }])],
  ["processor", line("cpu-lines", "percent", [{ column: 11, colour: "wait" }, { column: 1, colour: "cpu", isFilled: true }])],
  ["machine", line("machine-lines", "bytes", [{ column: 12, colour: "process", isFilled: true }, { column: 4, colour: "managed" }])],
  ["disk", line("disk-lines", "rate", [{ column: 7, colour: "cpu", isFilled: true }, { column: 8, colour: "spilled", isFilled: true }])],
  ["network", line("network-lines", "rate", [{ column: 9, colour: "cpu", isFilled: true }, { column: 10, colour: "spilled", isFilled: true }])],
  ["threads", line("threads-lines", "number", [{ column: 5, colour: "cpu" }, { column: 6, colour: "spilled" }])],
  ["transfers", line("transfers-lines", "rate", [{ column: 1, colour: "fetch", isFilled: true }, { column: 2, colour: "spilled", isFilled: true },
    { column: 3, colour: "cpu" }], () => model.movedBySecond())],
  ["worker-memory", line("worker-memory-lines", "bytes", [{ column: 2, colour: "process" }, { column: 1, colour: "managed", isFilled: true },
    { column: 3, colour: "spilled", isFilled: true }], () => model.histories.get(workerHere()) ?? [])],
  ["worker-cpu", line("worker-cpu-lines", "percent", [{ column: 4, colour: "cpu", isFilled: true }], () => model.histories.get(workerHere()) ?? [])],
  ["retraction", line("retraction-lines", "number", [{ column: 4, colour: "accent", isFilled: true }], () => model.movedBySecond())],
];
const FOLLOWED_MS = 30000, SPAN_MIN_MS = 0.005;
let comparison = null;
let follows = true, span = FOLLOWED_MS, isDirty = true, isRecorded = false;

// ---- figures and tables ------------------------------------------------------------------------------------------------

function figures(state) {
  const isCluster = panels.workers.length > 0, left = model.left();
  const [done, seen, failed] = [2, 1, 3].map((at) => state.groups.reduce((sum, group) => sum + group[at], 0));
  const all = isCluster ? seen + state.waiting + state.processing : seen;
  const told = [
    ["Tasks done", count(done), all > done ? `of ${all < 1e6 ? count(all) : `${(all / 1e6).toFixed(all < 1e8 ? 2 : 0)} M`}` : failed ? `${count(failed)} failed` : ""],
    ["Running", count(isCluster ? state.processing : state.running.length), state.ready ? `${count(state.ready)} ready` : ""],
    isCluster ? ["Clients", count(state.runs), ""] : ["Computations", count(state.runs), ""],
    isCluster ? ["Workers", count(panels.workers.length), `${count(state.cores)} threads`]
      : ["Processor", `${count(state.cpu)} %`, `of ${count(state.cores * 100)} %`],
    ["Results in memory", bytes(state.managed), state.limit ? `of ${bytes(state.limit)}` : ""],
    ["Spilled", bytes(state.spilled), ""],
    ["Left", left ? `≈ ${duration(left[1])}` : "–", left ? `± ${duration(left[2] - left[1])}` : ""],
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
    first.firstChild.textContent = first.firstChild.title = name;
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

// ---- explanations ------------------------------------------------------------------------------------------------------

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

function take(news) {
  model.take(news);
  if (news.workers) {
    panels.takeWorkers(news.workers);
    setKind(news.workers.length > 0, viewChanged);
  }
  figures(news);
  groups(news);
  running(news);
  panels.show();
  isDirty = true;
}

// ---- the view ----------------------------------------------------------------------------------------------------------

function setFollows(now) {
  follows = now;
  $("follow").setAttribute("aria-pressed", String(now));
  isDirty = true;
}

function extent() {
  const to = Math.max(model.now(), model.to), from = Number.isFinite(model.from) ? model.first() : to - 1000;
  const last = Math.max(to, from + (comparison?.length() ?? 0)), pad = Math.max((last - from) * 0.01, 0.01);
  return { from: from - pad, to: last + pad };
}

function show(from, to) {
  const whole = extent(), most = (whole.to - whole.from) * 1.2 + 1;
  const length = Math.min(Math.max(to - from, SPAN_MIN_MS), most), middle = (from + to) / 2;
  const start = Math.min(Math.max(middle - length / 2, whole.from - length * 0.5), whole.to - length * 0.5);
  stream.view = { from: start, to: start + length };
  span = length;
  setFollows(false);
  lookBack();
}

let lookingBack = null;

// Asks the server for bars of a time that is not here any more; once at a time, and for a little more than is shown.
function lookBack() {
  if (isRecorded || lookingBack !== null || !model.lacks(stream.view.from)) return;
  const { from, to } = stream.view, known = model.archive, pad = to - from;
  const isFine = known.to - known.from <= 8 * (to - from);
  if (isFine && known.from <= Math.max(from, model.first()) && known.to >= Math.min(to, model.from)) return;
  const range = [Math.max(0, Math.floor(from - pad)), Math.ceil(Math.min(to + pad, model.from))];
  lookingBack = setTimeout(async () => {
    const found = await ask(`past?range=${range.join("-")}`).catch(() => null);
    lookingBack = null;
    // Without an answer the server has gone: what is here stays.
    if (found === null) return;
    model.takePast(found);
    isDirty = true;
    // The view may have moved on meanwhile.
    lookBack();
  }, 120);
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
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, summary")) return;
  const changed = () => viewChanged();
  const acts = { "[": () => turn(-1, changed), "]": () => turn(1, changed), d: shade, "/": () => $("filter").focus(), ArrowLeft: () => move(-0.15), ArrowRight: () => move(0.15), "+": () => zoom(0.6, middle()),
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
      isDirty = true;
      // A press that hardly moved chooses nothing.
      if (Math.abs(stream.x(b) - stream.x(a)) > 3) show(Math.min(a, b), Math.max(a, b));
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

// The window on all of the time: a press outside of it brings it there, dragging moves it.
function scrub() {
  const canvas = $("overview");
  let grip = null;
  const time = (event) => overview.time(event.clientX - canvas.getBoundingClientRect().left);
  canvas.addEventListener("pointerdown", (event) => {
    const at = time(event), { from, to } = stream.view;
    grip = at >= from && at <= to ? at - from : (to - from) / 2;
    canvas.setPointerCapture(event.pointerId);
    show(at - grip, at - grip + to - from);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (grip === null) return;
    const from = time(event) - grip;
    show(from, from + stream.view.to - stream.view.from);
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { grip = null; });
}

// Shows a name and facts at the pointer, or nothing.
function tell(event, title, facts) {
  const box = $("tip"), list = element("dl");
  box.hidden = title === null;
  if (title === null) return;
  for (const [name, text] of facts) list.append(element("dt", name), element("dd", text));
  box.replaceChildren(element("b", title), list);
  box.style.left = `${Math.min(event.clientX + 14, innerWidth - box.offsetWidth - 8)}px`;
  box.style.top = `${Math.min(event.clientY + 16, innerHeight - box.offsetHeight - 8)}px`;
}

function tip(event, x, y) {
  const found = stream.at(x, y);
  if (!found) return tell(event, null);
  const { bar, lane } = found;
  const facts = [["where", lane.label], ["began", `${((bar.start - model.first()) / 1000).toFixed(6)} s`],
    ["took", duration(bar.end - bar.start)]];
  if (bar.n > 1) {
    facts.push([bar.kind === KINDS.received ? "values" : "tasks", count(bar.n)]);
    facts.push(["each", `${duration(bar.busy / bar.n)} on average`]);
  }
  if (bar.bytes) facts.push(["size", bytes(bar.bytes)]);
  if (bar.kind !== KINDS.finished) facts.push(["what", KIND_TEXT[bar.kind]]);
  tell(event, bar.name, facts);
}

function hover(id, describe) {
  const canvas = $(id);
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    const [title, facts] = describe(event.clientX - box.left, event.clientY - box.top);
    tell(event, title, facts);
  });
  canvas.addEventListener("pointerleave", () => { $("tip").hidden = true; });
}

function workerTip(worker) {
  if (!worker) return [null, []];
  const [name, address, state, [threads, running, waiting, values, held, limit, process, spilled, cpu]] = worker;
  const more = process ? [["process", bytes(process)], ["processor", `${count(cpu)} %`]] : [];
  if (spilled) more.push(["on disk", bytes(spilled)]);
  return [name, [["where", address], ["state", state], ["runs", `${count(running)} of ${count(threads)}`], ["waits", count(waiting)],
    ["values", count(values)], ["results", limit ? `${bytes(held)} of ${bytes(limit)}` : bytes(held)], ...more]];
}

function frameTip(box) {
  if (!box) return [null, []];
  const [, name, file, lineAt, n] = panels.flames.frames[box.at];
  return [name, [...(file ? [["where", `${file}:${lineAt}`]] : []), ["samples", count(n)],
    ["share", `${(100 * n / panels.flames.samples).toFixed(1)} %`]]];
}

// ---- drawing and the server --------------------------------------------------------------------------------------------

let drawnAt = 0;

function frame(at) {
  requestAnimationFrame(frame);
  const moves = follows && !isRecorded && model.isBusy();
  // Thirty frames a second are enough.
  if (!isDirty && !(moves && at - drawnAt > 33)) return;
  drawnAt = at;
  if (follows && model.state) {
    const whole = extent();
    stream.view = { from: Math.max(whole.from, whole.to - span), to: whole.to };
  }
  if (shows("stream")) {
    stream.draw();
    overview.draw();
    comparison?.draw();
  }
  if (isDirty) {
    for (const [section, chart] of CHARTS) if (shows(section)) chart.draw();
    panels.draw();
    const whole = extent();
    $("span").textContent = model.nBars ? `${duration(Math.min(stream.view.to, whole.to) - Math.max(stream.view.from, whole.from))} of ${duration(whole.to - whole.from)}` : "";
  }
  isDirty = false;
}

function shade() {
  turnTheme();
  isDirty = true;
}

// Another page is shown.
function viewChanged() {
  panels.areWorkersNew = true;
  panels.show();
  if (!isRecorded) panels.look();
  isDirty = true;
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
  keys("cpu-keys", [["what computes, of one processor", "cpu"], ["this machine, of all", "wait"]]);
  keys("machine-keys", [["taken by all", "process"], ["by this process", "managed"]]);
  keys("disk-keys", [["read", "cpu"], ["written", "spilled"]]);
  keys("network-keys", [["received", "cpu"], ["sent", "spilled"]]);
  keys("threads-keys", [["threads", "cpu"], ["open files", "spilled"]]);
  pointer();
  scrub();
  hover("worker-cells", (x, y) => workerTip(panels.cells.at(x, y)));
  hover("flames", (x, y) => frameTip(panels.flames.at(x, y)));
  $("shade").addEventListener("click", shade);
  addEventListener("keydown", keyboard);
  $("why").addEventListener("submit", explain);
  $("follow").addEventListener("click", follow);
  $("in").addEventListener("click", () => zoom(0.6, middle()));
  $("out").addEventListener("click", () => zoom(1 / 0.6, middle()));
  $("all").addEventListener("click", everything);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readTheme(); isDirty = true; });
  new ResizeObserver(() => { isDirty = true; }).observe(document.body);
  for (const target of [window, $("bars").parentElement]) target.addEventListener("scroll", () => { isDirty = true; }, { passive: true });
  const recorded = $("recorded");
  if (recorded) {
    isRecorded = true;
    $("title").textContent = document.title;
    link("recorded", "");
    $("follow").hidden = true;
    const topics = JSON.parse($("topics").textContent);
    startViews(topics, viewChanged);
    take(JSON.parse(recorded.textContent));
    panels.takeTopics(topics);
    if (topics.compared) comparison = new Comparison(topics.compared.before, model, stream, topics.compared.titles);
    everything();
  } else {
    startViews(null, viewChanged);
    connect();
    setInterval(() => { if (!document.hidden) panels.look(); }, 1000);
  }
  requestAnimationFrame(frame);
}

main();
