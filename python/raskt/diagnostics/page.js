"use strict";
// Draws the profile. Every chart shares one view of time, `view`, in seconds since the first chart's origin; a chart
// has a canvas that is drawn when the view changes and one above it for what follows the pointer.

const LEFT = 64, AXIS = 22;
let RIGHT = 16;  // wider where a chart has an axis on the right
const PALETTE = ["#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#b07aa1", "#d4b53c", "#9c755f",
  "#f0909b", "#499894", "#b6992d", "#8cb4d8", "#7cc06c", "#d37295", "#8f8882", "#c39bd0"];
const $ = (id) => document.getElementById(id);
const colours = {};  // of the theme
const functionColour = new Map();
const hidden = new Set();
const charts = [];
const whole = { from: 0, to: 1e-6 };  // never nothing
const view = { from: 0, to: 1 };
let search = "", dirty = true, marked = null;

async function unpack() {
  const text = atob($("data").textContent.trim());
  const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

// ---- numbers as text -------------------------------------------------------------------------------------------

function seconds(s) {
  const a = Math.abs(s);
  if (a >= 3600) return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
  if (a >= 100) return `${Math.floor(s / 60)} min ${(s % 60).toFixed(0)} s`;
  if (a >= 1) return `${s.toFixed(3)} s`;
  if (a >= 1e-3) return `${(s * 1e3).toFixed(2)} ms`;
  return a === 0 ? "0" : `${(s * 1e6).toFixed(2)} µs`;
}
const count = (n) => n.toLocaleString("en");
function bytes(n) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let i = 0;
  while (Math.abs(n) >= 1000 && i < units.length - 1) { n /= 1000; i++; }
  return `${n >= 100 || i === 0 ? Math.round(n) : n.toPrecision(3)} ${units[i]}`;
}
const plain = (n) => Math.abs(n) >= 1e6 ? n.toPrecision(4) : count(Math.round(n * 1000) / 1000);

function niceStep(span, n) {
  const raw = span / Math.max(1, n), power = 10 ** Math.floor(Math.log10(raw)), unit = raw / power;
  return (unit <= 1 ? 1 : unit <= 2 ? 2 : unit <= 5 ? 5 : 10) * power;
}
const niceTop = (x) => x <= 0 ? 1 : Math.ceil(x / niceStep(x, 4) - 1e-9) * niceStep(x, 4);

// ---- drawing shared by all charts ------------------------------------------------------------------------------

function readTheme() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["ink", "dim", "rule", "lane", "cpu", "memory", "mark", "card"])
    colours[name] = style.getPropertyValue(`--${name}`).trim();
}

function inkOn(colour) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  return 0.299 * r + 0.587 * g + 0.114 * b > 120 ? "#16181a" : "#ffffff";
}

function hex(hue) {  // a colour for the 17th function and those after it
  const f = (n) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (0.55 - 0.25 * Math.max(-1, Math.min(k - 3, 9 - k, 1)))).toString(16).padStart(2, "0");
  };
  return `#${f(0)}${f(8)}${f(4)}`;
}

const toX = (t, w) => LEFT + (t - view.from) / (view.to - view.from) * (w - LEFT - RIGHT);
const toTime = (x, w) => view.from + (x - LEFT) / (w - LEFT - RIGHT) * (view.to - view.from);

function timeAxis(ctx, w, h) {
  const step = niceStep(view.to - view.from, (w - LEFT - RIGHT) / 110);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  ctx.font = "11px system-ui, sans-serif";
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  for (let i = Math.ceil(view.from / step - 1e-9); i * step <= view.to + step * 1e-6; i++) {
    const x = Math.round(toX(i * step, w)) + 0.5;
    ctx.fillStyle = colours.rule;
    ctx.fillRect(x - 0.5, 0, 1, h - AXIS + 4);
    ctx.fillStyle = colours.dim;
    ctx.fillText(`${(i * step).toFixed(Math.min(digits, 9))} s`, x, h - AXIS + 7);
  }
}

function valueAxis(ctx, w, h, top, format, colour, right) {
  const step = niceStep(top, 4), room = h - AXIS;
  ctx.font = "11px system-ui, sans-serif";
  ctx.textAlign = right ? "left" : "right";
  ctx.textBaseline = "middle";
  for (let v = 0; v <= top * 1.0001; v += step) {
    const y = room - v / top * (room - 8);
    if (!right) { ctx.fillStyle = colours.rule; ctx.fillRect(LEFT, Math.round(y), w - LEFT - RIGHT, 1); }
    ctx.fillStyle = colour;
    ctx.fillText(format(v), right ? w - RIGHT + 8 : LEFT - 8, y);
  }
}

function clipped(ctx, w, h, draw) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(LEFT, 0, w - LEFT - RIGHT, h - AXIS);
  ctx.clip();
  draw();
  ctx.restore();
}

function nothing(ctx, w, h, text) {
  ctx.fillStyle = colours.dim;
  ctx.font = "13px system-ui, sans-serif";
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(text, w / 2, (h - AXIS) / 2);
}

// The first index whose value is above `limit`; values never fall.
function firstAbove(values, limit) {
  let low = 0, high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] > limit) high = middle; else low = middle + 1;
  }
  return low;
}

function sums(differences, offset) {
  const out = new Float64Array(differences.length);
  let sum = 0;
  for (let i = 0; i < out.length; i++) out[i] = offset + (sum += differences[i]) / 1e9;
  return out;
}

// ---- tasks -----------------------------------------------------------------------------------------------------

class Tasks {
  constructor(data, offset) {
    this.title = "Tasks";
    this.keys = data.keys;
    this.functions = data.functions;
    this.call = Int32Array.from(data.calls);
    this.lane = Int32Array.from(data.lanes);
    this.start = sums(data.starts, offset);
    this.end = this.start.map((s, i) => s + data.durations[i] / 1e9);
    this.duration = (i) => this.end[i] - this.start[i];
    this.workers = data.workers;
    this.matches = null;
    const ids = this.workers.map(() => []);
    for (let i = 0; i < this.lane.length; i++) ids[this.lane[i]].push(i);
    this.lanes = ids.map((list) => {
      let latest = -Infinity;
      return { ids: Int32Array.from(list), starts: Float64Array.from(list, (i) => this.start[i]),
        latest: Float64Array.from(list, (i) => latest = Math.max(latest, this.end[i])) };
    });
    this.laneHeight = Math.max(7, Math.min(26, Math.floor(480 / Math.max(1, this.lanes.length))));
    this.height = Math.max(3, this.lanes.length) * this.laneHeight + AXIS;
  }

  find(text) {
    this.matches = text ? Uint8Array.from(this.keys, (key) => key.includes(text) ? 1 : 0) : null;
    return this.matches ? this.matches.reduce((n, m) => n + m, 0) : 0;
  }

  shown(i) { return !hidden.has(this.functions[this.call[i]]) && !(this.matches && !this.matches[i]); }

  draw(ctx, w, h) {
    const bar = this.laneHeight > 10 ? this.laneHeight - 3 : this.laneHeight - 1;
    ctx.fillStyle = colours.lane;
    this.lanes.forEach((_, n) => ctx.fillRect(LEFT, n * this.laneHeight + 1, w - LEFT - RIGHT, bar));
    timeAxis(ctx, w, h);
    if (!this.keys.length) return nothing(ctx, w, h, "No task was recorded.");
    const every = Math.ceil(13 / this.laneHeight);
    ctx.fillStyle = colours.dim;
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    this.workers.forEach((worker, n) => {
      if (n % every === 0) ctx.fillText(worker, LEFT - 8, n * this.laneHeight + 1 + bar / 2, LEFT - 10);
    });
    clipped(ctx, w, h, () => this.lanes.forEach((lane, n) => this.drawLane(ctx, w, lane, n * this.laneHeight + 1, bar)));
  }

  // Tasks narrower than a pixel are gathered: a column has the colour of the function that took most of it, and is
  // the stronger the more of it was busy.
  drawLane(ctx, w, lane, y, height) {
    const scale = (w - LEFT - RIGHT) / (view.to - view.from);
    let column = -1, busy = new Map();
    const flush = () => {
      let most = -1, total = 0, of = null;
      for (const [f, width] of busy) { total += width; if (width > most) { most = width; of = f; } }
      ctx.globalAlpha = Math.min(1, Math.max(0.35, total));
      ctx.fillStyle = functionColour.get(of);
      ctx.fillRect(column, y, 1, height);
      busy = new Map();
    };
    for (let k = firstAbove(lane.latest, view.from); k < lane.ids.length && lane.starts[k] < view.to; k++) {
      const i = lane.ids[k], f = this.functions[this.call[i]];
      if (hidden.has(f)) continue;
      const faint = this.matches && !this.matches[i];
      const x = LEFT + (this.start[i] - view.from) * scale, width = (this.end[i] - this.start[i]) * scale;
      if (width < 1) {
        if (faint) continue;
        if (Math.floor(x) !== column) { if (busy.size) flush(); column = Math.floor(x); }
        busy.set(f, (busy.get(f) ?? 0) + Math.max(width, 1e-6));
      } else {
        this.drawTask(ctx, Math.max(x, LEFT - 2), y, Math.min(x + width, w) - Math.max(x, LEFT - 2), height, f, faint);
      }
    }
    if (busy.size) flush();
    ctx.globalAlpha = 1;
  }

  drawTask(ctx, x, y, width, height, f, faint) {
    const colour = functionColour.get(f);
    ctx.globalAlpha = faint ? 0.15 : 1;
    ctx.fillStyle = colour;
    ctx.fillRect(x, y, width > 3 ? width - 0.75 : width, height);
    if (width > 34 && height >= 13 && !faint) {
      ctx.font = "11px system-ui, sans-serif";
      ctx.textAlign = "left";
      ctx.textBaseline = "middle";
      ctx.fillStyle = inkOn(colour);
      const room = width - 10, full = ctx.measureText(f).width;
      const text = full <= room ? f : f.slice(0, Math.max(0, Math.floor(f.length * room / full) - 1)) + "…";
      ctx.fillText(text, x + 5, y + height / 2 + 0.5);
    }
  }

  at(x, y, w) {
    const lane = this.lanes[Math.floor(y / this.laneHeight)];
    if (!lane) return null;
    const t = toTime(x, w), reach = 3 * (view.to - view.from) / (w - LEFT - RIGHT);
    let best = null, distance = Infinity, near = 0;
    for (let k = firstAbove(lane.latest, t - reach); k < lane.ids.length && lane.starts[k] <= t + reach; k++) {
      const i = lane.ids[k];
      if (!this.shown(i)) continue;
      const d = Math.max(0, this.start[i] - t, t - this.end[i]);
      if (d < distance) { distance = d; best = i; }
      if (d < reach / 3) near++;
    }
    return best === null ? null : { task: best, near };
  }

  describe(i) {
    return { head: this.keys[i], rows: [["function", this.functions[this.call[i]]], ["start", `${this.start[i].toFixed(6)} s`],
      ["duration", seconds(this.duration(i))], ["worker", String(this.workers[this.lane[i]])]] };
  }

  hover(x, y, w) {
    const hit = this.at(x, y, w);
    if (!hit) return null;
    const told = this.describe(hit.task);
    if (hit.near > 1) told.note = `and ${count(hit.near - 1)} more within this pixel: zoom in`;
    return { told, task: hit.task };
  }

  outline(ctx, w, i) {
    const y = this.lane[i] * this.laneHeight + 0.5, x = Math.max(LEFT - 2, toX(this.start[i], w));
    ctx.strokeStyle = colours.mark;
    ctx.lineWidth = 1.5;
    ctx.strokeRect(x, y, Math.max(2, Math.min(toX(this.end[i], w), w - RIGHT + 2) - x), this.laneHeight - 1);
  }
}

// ---- processor and memory --------------------------------------------------------------------------------------

class Resources {
  constructor(data, offset) {
    this.title = "Processor and memory";
    this.legend = [["processor, % of one core", "cpu"], ["memory", "memory"]];
    this.time = sums(data.times, offset);
    this.cpu = data.cpu;
    this.memory = data.memory;
    this.cpuTop = niceTop(Math.max(100, ...[this.cpu.reduce((a, b) => Math.max(a, b), 0)]));
    this.memoryTop = niceTop(this.memory.reduce((a, b) => Math.max(a, b), 0));
    this.height = 170 + AXIS;
  }

  draw(ctx, w, h) {
    timeAxis(ctx, w, h);
    if (!this.time.length) return nothing(ctx, w, h, "Nothing was sampled.");
    valueAxis(ctx, w, h, this.cpuTop, (v) => `${Math.round(v)} %`, colours.cpu, false);
    valueAxis(ctx, w, h, this.memoryTop, (v) => bytes(v * 1e6), colours.memory, true);
    const room = h - AXIS, y = (v, top) => room - v / top * (room - 8);
    const first = Math.max(0, firstAbove(this.time, view.from) - 1);
    const last = Math.min(this.time.length - 1, firstAbove(this.time, view.to));
    clipped(ctx, w, h, () => {
      ctx.lineWidth = 1.75;
      ctx.lineJoin = "round";
      ctx.strokeStyle = colours.memory;
      ctx.beginPath();
      for (let i = first; i <= last; i++) ctx.lineTo(toX(this.time[i], w), y(this.memory[i], this.memoryTop));
      ctx.stroke();
      // Processor use is an average since the sample before: a step, not a slope.
      ctx.strokeStyle = colours.cpu;
      ctx.beginPath();
      for (let i = first + 1; i <= last; i++) {
        ctx.lineTo(toX(this.time[i - 1], w), y(this.cpu[i], this.cpuTop));
        ctx.lineTo(toX(this.time[i], w), y(this.cpu[i], this.cpuTop));
      }
      ctx.stroke();
    });
  }

  hover(x, _y, w) {
    const t = toTime(x, w), i = Math.min(this.time.length - 1, firstAbove(this.time, t));
    if (!this.time.length || t < this.time[0] || t > this.time[this.time.length - 1]) return null;
    const before = Math.max(0, i - 1), near = t - this.time[before] < this.time[i] - t ? before : i;
    return { told: { head: seconds(t), rows: [["processor", `${this.cpu[i].toFixed(0)} %`],
      ["memory", bytes(this.memory[near] * 1e6)]] } };
  }
}

// ---- what is held ----------------------------------------------------------------------------------------------

class Held {
  constructor(data, offset) {
    this.title = `Results held: ${data.metric}`;
    this.format = /byte|size/i.test(data.metric) ? bytes : plain;
    const start = sums(data.starts, offset), weight = data.functions.map(() => 0);
    data.calls.forEach((f, i) => weight[f] += data.sizes[i] * Math.max(data.durations[i], 1));
    const order = weight.map((_, f) => f).sort((a, b) => weight[b] - weight[a]);
    const slot = [];
    order.forEach((f, rank) => slot[f] = Math.min(rank, 8));
    this.names = order.slice(0, 8).map((f) => data.functions[f]);
    if (order.length > 8) this.names.push("others");
    const events = [];
    for (let i = 0; i < start.length; i++) {
      events.push([start[i], data.sizes[i], slot[data.calls[i]]]);
      events.push([start[i] + data.durations[i] / 1e9, -data.sizes[i], slot[data.calls[i]]]);
    }
    events.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
    this.time = Float64Array.from(events, (e) => e[0]);
    this.delta = Float64Array.from(events, (e) => e[1]);
    this.slot = Uint8Array.from(events, (e) => e[2]);
    let sum = 0, peak = 0;
    this.total = Float64Array.from(events, (e) => { peak = Math.max(peak, sum += e[1]); return sum; });
    this.peak = peak;
    this.top = niceTop(peak);
    this.height = 170 + AXIS;
  }

  colour(slot) { return functionColour.get(this.names[slot]) ?? "#8f8882"; }

  draw(ctx, w, h) {
    timeAxis(ctx, w, h);
    if (!this.time.length) return nothing(ctx, w, h, "No result was held.");
    valueAxis(ctx, w, h, this.top, this.format, colours.dim, false);
    const width = Math.floor(w - LEFT - RIGHT), n = this.names.length, room = h - AXIS;
    const now = new Float64Array(n), columns = new Float64Array(width * n);
    let k = 0;
    for (let x = 0; x < width; x++) {
      const until = view.from + (x + 1) / width * (view.to - view.from);
      if (x === 0) for (; k < this.time.length && this.time[k] <= view.from; k++) now[this.slot[k]] += this.delta[k];
      // A column shows the moment at which most was held, so that no peak is lost between pixels.
      let most = now.reduce((a, b) => a + b, 0), sum = most;
      columns.set(now, x * n);
      for (; k < this.time.length && this.time[k] <= until; k++) {
        now[this.slot[k]] += this.delta[k];
        sum += this.delta[k];
        if (sum > most) { most = sum; columns.set(now, x * n); }
      }
    }
    clipped(ctx, w, h, () => {
      const base = new Float64Array(width);
      for (let s = 0; s < n; s++) {
        ctx.fillStyle = this.colour(s);
        for (let x = 0; x < width; x++) {
          const tall = columns[x * n + s] / this.top * (room - 8);
          if (tall > 0) ctx.fillRect(LEFT + x, room - base[x] - tall, 1, tall);
          base[x] += tall;
        }
      }
    });
  }

  hover(x, _y, w) {
    const t = toTime(x, w), last = firstAbove(this.time, t) - 1, now = this.names.map(() => 0);
    if (!this.time.length || x < LEFT || x > w - RIGHT) return null;
    for (let k = 0; k <= last; k++) now[this.slot[k]] += this.delta[k];
    const rows = now.map((v, s) => [this.names[s], v]).filter((row) => row[1] > 0).sort((a, b) => b[1] - a[1]);
    return { told: { head: `${seconds(t)}: ${this.format(last < 0 ? 0 : this.total[last])}`,
      rows: rows.map(([name, v]) => [name, this.format(v)]) } };
  }
}

// ---- the page --------------------------------------------------------------------------------------------------

function layer(plot) {
  const canvas = document.createElement("canvas");
  plot.append(canvas);
  return canvas;
}

function fit(canvas) {
  const w = canvas.clientWidth, h = canvas.clientHeight, ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
    canvas.width = Math.round(w * ratio);
    canvas.height = Math.round(h * ratio);
  }
  const ctx = canvas.getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, w, h);
  return [ctx, w, h];
}

function place(chart) {
  const section = document.createElement("section"), heading = document.createElement("h2");
  heading.append(chart.title);
  for (const [text, colour] of chart.legend ?? []) {
    const key = document.createElement("span");
    key.className = "key";
    key.style.setProperty("--swatch", `var(--${colour})`);
    key.textContent = text;
    heading.append(key);
  }
  const plot = document.createElement("div");
  plot.className = "plot";
  plot.style.height = `${chart.height}px`;
  section.append(heading, plot);
  $("charts").append(section);
  chart.plot = plot;
  chart.base = layer(plot);
  chart.base.setAttribute("role", "img");
  chart.base.setAttribute("aria-label", chart.title);
  chart.over = layer(plot);
  chart.over.setAttribute("aria-hidden", "true");
  listen(chart);
}

function redraw() {
  dirty = true;
  requestAnimationFrame(frame);
}

function frame() {
  if (dirty) {
    dirty = false;
    for (const chart of charts) chart.draw(...fit(chart.base));
  }
  for (const chart of charts) {
    const [ctx, w, h] = fit(chart.over);
    if (!marked) continue;
    if (marked.range) {
      const [a, b] = marked.range.map((t) => toX(t, w));
      ctx.globalAlpha = 0.18;
      ctx.fillStyle = colours.cpu;
      ctx.fillRect(Math.min(a, b), 0, Math.abs(b - a), h - AXIS);
      ctx.globalAlpha = 1;
    } else {
      const x = toX(marked.time, w);
      if (x < LEFT || x > w - RIGHT) continue;
      ctx.fillStyle = colours.dim;
      ctx.fillRect(Math.round(x), 0, 1, h - AXIS);
    }
    if (marked.chart === chart && marked.task !== undefined) {
      clipped(ctx, w, h, () => chart.outline(ctx, w, marked.task));
    }
  }
}

function show(from, to) {
  const least = 1e-7, most = whole.to - whole.from;
  const span = Math.min(most, Math.max(least, to - from));
  const middle = (from + to) / 2;
  view.from = Math.max(whole.from, Math.min(whole.to - span, middle - span / 2));
  view.to = view.from + span;
  redraw();
}
const zoom = (factor, around) =>
  show(around - (around - view.from) * factor, around + (view.to - around) * factor);
const pan = (share) => { const d = (view.to - view.from) * share; show(view.from + d, view.to + d); };
const everything = () => show(whole.from, whole.to);

function tell(told, x, y) {
  const tip = $("tip");
  tip.hidden = !told;
  if (!told) return;
  const head = document.createElement("b"), list = document.createElement("dl");
  head.textContent = told.head;
  for (const [name, value] of told.rows) {
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = name;
    dd.textContent = value;
    list.append(dt, dd);
  }
  tip.replaceChildren(head, list);
  if (told.note) {
    const note = document.createElement("p");
    note.textContent = told.note;
    tip.append(note);
  }
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, x + 16 + box.width > innerWidth ? x - box.width - 12 : x + 16)}px`;
  tip.style.top = `${Math.max(4, y + 16 + box.height > innerHeight ? y - box.height - 12 : y + 16)}px`;
}

function listen(chart) {
  const { plot } = chart;
  let drag = null;
  const position = (event) => {
    const box = plot.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top, box.width];
  };
  plot.addEventListener("wheel", (event) => {
    event.preventDefault();
    const [x, , w] = position(event), unit = event.deltaMode === 1 ? 16 : 1;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) pan(event.deltaX * unit / (w - LEFT - RIGHT));
    else zoom(Math.exp(Math.max(-200, Math.min(200, event.deltaY * unit)) * 0.0025), toTime(x, w));
  }, { passive: false });
  plot.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const [x, , w] = position(event);
    plot.setPointerCapture(event.pointerId);
    plot.classList.add("dragging");
    plot.classList.toggle("ranging", event.shiftKey);
    drag = { x, from: view.from, to: view.to, range: event.shiftKey ? toTime(x, w) : null };
    $("charts").focus({ preventScroll: true });
    tell(null);
  });
  plot.addEventListener("pointermove", (event) => {
    const [x, y, w] = position(event);
    if (drag && drag.range !== null) {
      marked = { range: [drag.range, toTime(x, w)] };
      requestAnimationFrame(frame);
    } else if (drag) {
      const d = (drag.x - x) / (w - LEFT - RIGHT) * (drag.to - drag.from);
      marked = null;
      show(drag.from + d, drag.to + d);
    } else {
      const hit = x >= LEFT && x <= w - RIGHT ? chart.hover(x, y, w) : null;
      marked = { chart, time: toTime(x, w), task: hit?.task };
      tell(hit?.told, event.clientX, event.clientY);
      requestAnimationFrame(frame);
    }
  });
  const release = () => {
    if (drag && drag.range !== null && marked?.range) {
      const [a, b] = [Math.min(...marked.range), Math.max(...marked.range)];
      marked = null;
      if (b > a) show(a, b);
    }
    drag = null;
    plot.classList.remove("dragging", "ranging");
    redraw();
  };
  plot.addEventListener("pointerup", release);
  plot.addEventListener("pointercancel", release);
  plot.addEventListener("pointerleave", () => {
    if (drag) return;
    marked = null;
    tell(null);
    requestAnimationFrame(frame);
  });
  plot.addEventListener("dblclick", everything);
}

// The next task after (or before) the one that is marked, among those shown.
function step(direction) {
  const chart = marked?.task !== undefined ? marked.chart : charts.find((c) => c instanceof Tasks && c.keys.length);
  if (!chart) return;
  let i = marked?.task;
  if (i === undefined) i = direction > 0 ? firstAbove(chart.start, view.from - 1e-12) - 1 : firstAbove(chart.start, view.to);
  do { i += direction; } while (i >= 0 && i < chart.keys.length && !chart.shown(i));
  if (i < 0 || i >= chart.keys.length) return;
  const span = view.to - view.from;
  if (chart.start[i] < view.from || chart.start[i] > view.to) show(chart.start[i] - span / 2, chart.start[i] + span / 2);
  const told = chart.describe(i), box = chart.plot.getBoundingClientRect();
  marked = { chart, time: chart.start[i], task: i };
  tell(told, box.left + toX(chart.start[i], box.width), box.top + (chart.lane[i] + 1) * chart.laneHeight);
  $("said").textContent = `${told.head}, ${told.rows.map((row) => row.join(" ")).join(", ")}`;
  requestAnimationFrame(frame);
}

function keyboard(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) return;
  const middle = (view.from + view.to) / 2;
  const actions = {
    ArrowLeft: () => pan(-0.15), ArrowRight: () => pan(0.15), ArrowUp: () => zoom(0.7, middle),
    ArrowDown: () => zoom(1 / 0.7, middle), "+": () => zoom(0.7, middle), "=": () => zoom(0.7, middle),
    "-": () => zoom(1 / 0.7, middle), "0": everything, Home: everything, n: () => step(1), p: () => step(-1),
    Escape: () => { marked = null; tell(null); redraw(); },
  };
  // Arrow keys scroll the page unless the timeline has the focus.
  if (event.key.startsWith("Arrow") && document.activeElement !== $("charts")) return;
  if (!Object.hasOwn(actions, event.key)) return;
  event.preventDefault();
  actions[event.key]();
}

function totals() {
  const all = new Map();
  for (const chart of charts) {
    if (!(chart instanceof Tasks)) continue;
    for (let i = 0; i < chart.keys.length; i++) {
      const name = chart.functions[chart.call[i]], took = chart.duration(i);
      let one = all.get(name);
      if (!one) all.set(name, one = { name, n: 0, total: 0, longest: 0 });
      one.n++;
      one.total += took;
      one.longest = Math.max(one.longest, took);
    }
  }
  return [...all.values()].sort((a, b) => b.total - a.total);
}

function legend(functions) {
  $("functions").hidden = !functions.length;
  const sum = functions.reduce((a, f) => a + f.total, 0) || 1;
  for (const f of functions) {
    const row = document.createElement("tr"), button = document.createElement("button"), name = document.createElement("td");
    button.textContent = f.name;
    button.title = "Show or hide";
    button.setAttribute("aria-pressed", "true");
    button.style.setProperty("--swatch", functionColour.get(f.name));
    button.addEventListener("click", () => {
      if (!hidden.delete(f.name)) hidden.add(f.name);
      button.setAttribute("aria-pressed", String(!hidden.has(f.name)));
      redraw();
    });
    name.append(button);
    row.append(name);
    for (const text of [count(f.n), seconds(f.total), `${(100 * f.total / sum).toFixed(1)} %`, seconds(f.total / f.n), seconds(f.longest)]) {
      const cell = document.createElement("td");
      cell.textContent = text;
      row.append(cell);
    }
    $("legend").append(row);
  }
}

function summary(functions, recorded) {
  const parts = [], n = functions.reduce((a, f) => a + f.n, 0), busy = functions.reduce((a, f) => a + f.total, 0);
  const lanes = charts.reduce((a, c) => a + (c instanceof Tasks ? c.lanes.length : 0), 0);
  const some = (number, word) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;
  if (recorded) parts.push(seconds(whole.to - whole.from));
  if (n) parts.push(`${some(n, "task")} of ${some(functions.length, "function")}`, some(lanes, "worker"),
    `${(100 * busy / (lanes * (whole.to - whole.from))).toFixed(0)} % busy`);
  for (const chart of charts) {
    if (chart instanceof Resources && chart.memory.length)
      parts.push(`peak memory ${bytes(1e6 * chart.memory.reduce((a, b) => Math.max(a, b), 0))}`);
    if (chart instanceof Held && chart.time.length) parts.push(`at most ${chart.format(chart.peak)} held`);
  }
  $("summary").textContent = parts.join(" · ") || "Nothing was recorded.";
  for (const chart of charts) chart.base.setAttribute("aria-label", `${chart.title}: ${parts.join(", ")}`);
}

function searching() {
  search = $("search").value.trim();
  const found = charts.reduce((n, chart) => n + (chart.find?.(search) ?? 0), 0);
  $("found").textContent = search ? `${count(found)} found` : "";
  redraw();
}

async function main() {
  const data = await unpack();
  const recorded = data.charts.filter((chart) => chart.length > 0 || chart.origin > 0);
  const origin = recorded.reduce((a, chart) => Math.min(a, chart.origin), Infinity);
  const kinds = { tasks: Tasks, resources: Resources, cache: Held };
  for (const chart of data.charts) {
    const offset = chart.origin > 0 ? chart.origin - origin : 0;
    charts.push(new kinds[chart.kind](chart, offset));
    whole.to = Math.max(whole.to, offset + chart.length / 1e9);
  }
  if (!recorded.length) whole.to = 1;
  Object.assign(view, whole);
  const functions = totals();
  const names = new Set([...functions.map((f) => f.name), ...charts.flatMap((chart) => chart.names ?? [])]);
  let rank = 0;
  for (const name of names) {
    functionColour.set(name, PALETTE[rank] ?? hex((rank * 137.5) % 360));
    rank++;
  }
  if (charts.some((chart) => chart instanceof Resources)) RIGHT = 64;
  readTheme();
  charts.forEach(place);
  summary(functions, recorded.length > 0);
  legend(functions);
  $("zoom-in").addEventListener("click", () => zoom(0.6, (view.from + view.to) / 2));
  $("zoom-out").addEventListener("click", () => zoom(1 / 0.6, (view.from + view.to) / 2));
  $("whole").addEventListener("click", everything);
  $("search").addEventListener("input", searching);
  $("search").disabled = !charts.some((chart) => chart instanceof Tasks);
  addEventListener("keydown", keyboard);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readTheme(); redraw(); });
  new ResizeObserver(redraw).observe($("charts"));
  redraw();
}

main().catch((error) => { $("summary").textContent = `The profile could not be shown: ${error}`; throw error; });
