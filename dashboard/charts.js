"use strict";
// Drawing on canvases: bars of tasks by lane, and lines over time.
import { bytes, byteStep, count, niceStep } from "./format.js";
import { KINDS } from "./model.js";
import { colourOf, inkOn, theme } from "./theme.js";

const LEFT = 92, RIGHT = 10, AXIS = 22;
// Narrower or lower bars are drawn without edges and names.
const NARROW = 6, LABELLED = 13;
const FONT = "11px system-ui, sans-serif";

// A canvas as large as it is shown, in pixels of the screen.
export function prepare(canvas, height) {
  const width = canvas.clientWidth, scale = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
  canvas.style.height = `${height}px`;
  const ctx = canvas.getContext("2d");
  ctx.setTransform(scale, 0, 0, scale, 0, 0);
  ctx.clearRect(0, 0, width, height);
  ctx.font = FONT;
  return [ctx, width];
}

function timeAxis(ctx, view, left, width, height, origin) {
  const span = view.to - view.from, step = niceStep(span, (width - left - RIGHT) / 110);
  const digits = Math.max(0, -Math.floor(Math.log10(step / 1000) + 1e-9));
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  for (let i = Math.ceil((view.from - origin) / step - 1e-9); i * step + origin <= view.to; i++) {
    const x = left + (i * step + origin - view.from) / span * (width - left - RIGHT);
    ctx.fillStyle = theme.rule;
    ctx.fillRect(Math.round(x), 0, 1, height - AXIS + 4);
    ctx.fillStyle = theme.dim;
    ctx.fillText(`${(i * step / 1000).toFixed(Math.min(digits, 6))} s`, x, height - AXIS + 7);
  }
}

// Pixels that are written one by one and drawn at once.
class Pixels {
  constructor() {
    this.canvas = new OffscreenCanvas(1, 1);
    this.width = this.height = 0;
    this.isDirty = false;
  }

  clear(width, height) {
    if (width !== this.width || height !== this.height) {
      Object.assign(this, { width, height });
      Object.assign(this.canvas, { width, height });
      this.image = new ImageData(width, height);
      this.words = new Uint32Array(this.image.data.buffer);
    } else if (this.isDirty) this.words.fill(0);
    this.isDirty = false;
  }

  put(from, to, y, height, colour, strength) {
    const left = Math.max(0, from), right = Math.min(this.width, to);
    const top = Math.max(0, Math.round(y)), bottom = Math.min(this.height, Math.round(y + height));
    if (left >= right || top >= bottom) return;
    const word = (packed(colour) | Math.round(255 * strength) << 24) >>> 0;
    for (let row = top * this.width; row < bottom * this.width; row += this.width) this.words.fill(word, row + left, row + right);
    this.isDirty = true;
  }

  draw(ctx, x) {
    if (!this.isDirty) return;
    this.canvas.getContext("2d").putImageData(this.image, 0, 0);
    ctx.drawImage(this.canvas, x, 0);
  }
}

const words = new Map();

// A colour such as #0072b2 as a word of pixels: blue, green, red from the top.
function packed(colour) {
  let word = words.get(colour);
  if (word === undefined) {
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
    word = blue << 16 | green << 8 | red;
    words.set(colour, word);
  }
  return word;
}

export class Stream {
  constructor(canvas, model) {
    this.canvas = canvas;
    this.model = model;
    this.view = { from: 0, to: 1000 };
    this.only = null;  // a name: the others are faint
    this.lanes = [];
    this.laneHeight = 20;
    this.range = null;
    this.layer = new Pixels();
    this.top = this.tall = 0;  // what is above of what is seen, and how high that is
    this.room = 1;
  }

  x(time) { return LEFT + (time - this.view.from) / (this.view.to - this.view.from) * this.room; }
  time(x) { return this.view.from + (x - LEFT) / this.width() * (this.view.to - this.view.from); }
  width() { return Math.max(1, this.canvas.clientWidth - LEFT - RIGHT); }

  // The canvas is as high as what can be seen, whatever the number of lanes: it stays where it is while they are scrolled.
  draw() {
    this.lanes = this.model.shown();
    const n = Math.max(1, this.lanes.length), frame = this.canvas.parentElement;
    this.laneHeight = Math.max(3, Math.min(26, Math.floor(440 / n)));
    const whole = Math.max(3 * 26, n * this.laneHeight), isAlone = document.body.classList.contains("alone");
    const tall = Math.min(whole, isAlone ? Math.max(200, innerHeight - 130) : 480), height = tall + AXIS;
    const [ctx, width] = prepare(this.canvas, height);
    this.room = Math.max(1, width - LEFT - RIGHT);
    frame.style.maxHeight = `${height}px`;
    frame.lastElementChild.style.height = `${whole - tall}px`;
    this.top = Math.min(frame.scrollTop, whole - tall);
    this.tall = tall;
    const bar = this.laneHeight > 10 ? this.laneHeight - 3 : this.laneHeight > 4 ? this.laneHeight - 1 : this.laneHeight;
    timeAxis(ctx, this.view, LEFT, width, height, Number.isFinite(this.model.from) ? this.model.first() : 0);
    ctx.save();
    ctx.beginPath();
    ctx.rect(0, 0, width, tall);
    ctx.clip();
    this.drawLabels(ctx, bar);
    ctx.beginPath();
    ctx.rect(LEFT, 0, this.room, tall);
    ctx.clip();
    const [first, last] = this.seen();
    this.layer.clear(Math.round(this.room), tall);
    for (let i = first; i < last; i++) {
      const older = this.model.archive.lanes.get(this.lanes[i].id);
      if (older) this.drawLane(ctx, older, this.y(i), bar);
      this.drawLane(ctx, this.lanes[i], this.y(i), bar);
    }
    this.layer.draw(ctx, LEFT);
    this.drawRunning(ctx, bar, first, last);
    if (this.range) {
      const [a, b] = this.range.map((time) => this.x(time));
      ctx.fillStyle = theme.accent;
      ctx.globalAlpha = 0.18;
      ctx.fillRect(Math.min(a, b), 0, Math.abs(b - a), height);
    }
    ctx.restore();
  }

  y(i) { return i * this.laneHeight - this.top; }

  drawLabels(ctx, bar) {
    const [first, last] = this.seen();
    ctx.fillStyle = theme.lane;
    if (this.laneHeight > 4) for (let i = first; i < last; i++) ctx.fillRect(LEFT, this.y(i), this.room, bar);
    const every = Math.ceil(13 / this.laneHeight);
    ctx.fillStyle = theme.dim;
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    for (let i = first; i < last; i++) {
      if (i % every === 0) ctx.fillText(this.lanes[i].label.slice(0, 16), LEFT - 8, Math.max(6, this.y(i) + bar / 2), LEFT - 12);
    }
    if (this.lanes.length) return;
    ctx.textAlign = "center";
    ctx.font = "13px system-ui, sans-serif";
    ctx.fillText("No task has run yet.", LEFT + this.room / 2, this.tall / 2);
    ctx.font = FONT;
  }

  // The lanes that can be seen: of a thousand workers most are above or below.
  seen() {
    const first = Math.max(0, Math.floor(this.top / this.laneHeight));
    return [first, Math.min(this.lanes.length, Math.ceil((this.top + this.tall) / this.laneHeight))];
  }

  colour(bar) {
    if (bar.kind === KINDS.failed) return theme.fail;
    if (bar.kind === KINDS.spilled || bar.kind === KINDS.readBack) return theme.move;
    if (bar.kind === KINDS.received) return theme.fetch;
    return bar.kind === KINDS.finished ? colourOf(bar.name) : theme.wait;
  }

  // Bars narrower than a pixel are gathered: a column has the colour of what took most of it, and is the stronger the more
  // of it was busy. What is narrow goes into pixels: a hundred thousand rectangles a frame would be too many.
  drawLane(ctx, lane, y, height) {
    const { from, to } = this.view, scale = this.room / (to - from), { only, layer } = this;
    let column = -1, most = 0, total = 0, colour = null;
    const flush = () => {
      if (colour === null) return;
      layer.put(column, column + 1, y, height, colour, Math.min(1, 0.3 + 0.7 * total));
      most = total = 0;
      colour = null;
    };
    const bars = lane.bars;
    for (let k = lane.first(from); k < bars.length && bars[k].start < to; k++) {
      const bar = bars[k], faint = only !== null && bar.name !== only;
      const x = (bar.start - from) * scale, width = (bar.end - bar.start) * scale;
      if (width < 1) {
        if (faint) continue;
        const share = bar.busy * scale, at = Math.floor(x);
        if (at !== column) { flush(); column = at; }
        total += share;
        if (share > most || colour === null || bar.kind === KINDS.failed) {
          most = bar.kind === KINDS.failed ? Infinity : share;
          colour = this.colour(bar);
        }
        continue;
      }
      const fill = this.colour(bar), busy = bar.end > bar.start ? bar.busy / (bar.end - bar.start) : 1;
      const strength = faint ? 0.12 : Math.min(1, 0.35 + 0.65 * busy);
      if (width < NARROW || height < LABELLED) {
        layer.put(Math.floor(x), Math.max(Math.floor(x) + 1, Math.round(x + width - 0.5)), y, height, fill, strength);
        continue;
      }
      ctx.globalAlpha = strength;
      ctx.fillStyle = fill;
      ctx.fillRect(LEFT + x, y, width > 3 ? width - 0.75 : width, height);
      if (!faint) this.label(ctx, bar.name, fill, LEFT + x, y, width, height);
    }
    flush();
    ctx.globalAlpha = 1;
  }

  label(ctx, name, fill, x, y, width, height) {
    const left = Math.max(x, LEFT), room = Math.min(x + width, LEFT + this.room) - left - 10;
    if (room < 26 || height < LABELLED || !fill.startsWith("#")) return;
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.fillStyle = inkOn(fill);
    const full = ctx.measureText(name).width;
    const text = full <= room ? name : `${name.slice(0, Math.max(0, Math.floor(name.length * room / full) - 1))}…`;
    if (text.length > 1) ctx.fillText(text, left + 5, y + height / 2 + 0.5);
  }

  // What still runs is pale: nobody knows yet where it ends.
  drawRunning(ctx, height, first, last) {
    const state = this.model.state;
    if (!state || !this.model.isBusy()) return;
    const end = this.x(this.model.now()), rowOf = new Map();
    for (let i = first; i < last; i++) rowOf.set(this.lanes[i].id, i);
    for (const [lane, , name, since] of state.running) {
      const row = rowOf.get(lane), x = this.x(since);
      if (row === undefined || end - x < 2) continue;
      const y = this.y(row), colour = colourOf(name);
      ctx.globalAlpha = this.only !== null && name !== this.only ? 0.12 : 0.55;
      ctx.fillStyle = colour;
      ctx.fillRect(x, y, end - x, height);
      ctx.globalAlpha = 1;
      this.label(ctx, name, colour, x, y, end - x, height);
    }
  }

  // The bar at a place of the canvas.
  at(x, y) {
    const lane = y < this.tall ? this.lanes[Math.floor((y + this.top) / this.laneHeight)] : undefined;
    if (!lane || x < LEFT) return null;
    const time = this.time(x), reach = 3 * (this.view.to - this.view.from) / this.width();
    let best = null, distance = Infinity;
    for (const from of [this.model.archive.lanes.get(lane.id), lane]) {
      if (!from) continue;
      for (let k = from.first(time - reach); k < from.bars.length && from.bars[k].start <= time + reach; k++) {
        const bar = from.bars[k], away = Math.max(0, bar.start - time, time - bar.end);
        if (away < distance || (away === distance && bar.start > best.start)) { best = bar; distance = away; }
      }
    }
    return best && { bar: best, lane };
  }
}

export const UNITS = {
  bytes: { text: bytes, least: 1 << 20, step: byteStep },
  rate: { text: (n) => `${bytes(n)}/s`, least: 1 << 10, step: byteStep },
  percent: { text: (n) => `${Math.round(n)} %`, least: 100, step: niceStep },
  number: { text: (n) => (n < 10 && n % 1 ? n.toFixed(1) : count(n)), least: 4, step: niceStep },
};

// Lines over time. `samples()` gives rows of a time and figures; each series: a colour of the theme, the column of a row,
// whether the area below is filled.
export class Lines {
  constructor(canvas, samples, series, unit) {
    this.canvas = canvas;
    this.samples = samples;
    this.series = series;
    this.unit = unit;
  }

  draw() {
    const tall = document.body.classList.contains("alone") ? Math.max(132, innerHeight - 76) : 132;
    const left = 74, [ctx, width] = prepare(this.canvas, tall);
    const all = this.samples(), last = all.length ? all[all.length - 1][0] : 0;
    const from = Math.max(all.length ? all[0][0] : 0, last - 300000);
    const samples = all.filter((sample) => sample[0] >= from);
    const view = { from: Math.min(from, last - 20000), to: last };
    let top = 0;
    for (const sample of samples) for (const { column } of this.series) top = Math.max(top, sample[column] * 1.08);
    top = Math.max(top, this.unit.least);
    const room = tall - AXIS, y = (value) => room - value / top * (room - 8);
    const x = (time) => left + (time - view.from) / (view.to - view.from) * (width - left - RIGHT);
    const step = this.unit.step(top, 4);
    timeAxis(ctx, view, left, width, tall, view.to);
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    for (let value = 0; value <= top * 1.0001; value += step) {
      ctx.fillStyle = theme.rule;
      ctx.fillRect(left, Math.round(y(value)), width - left - RIGHT, 1);
      ctx.fillStyle = theme.dim;
      ctx.fillText(this.unit.text(value), left - 8, y(value));
    }
    ctx.lineJoin = "round";
    for (const { column, colour, isFilled } of this.series) {
      ctx.beginPath();
      samples.forEach((sample) => ctx.lineTo(x(sample[0]), y(sample[column])));
      ctx.strokeStyle = theme[colour];
      ctx.lineWidth = 1.75;
      ctx.stroke();
      if (isFilled && samples.length) {
        ctx.lineTo(x(last), room);
        ctx.lineTo(x(samples[0][0]), room);
        ctx.fillStyle = theme[colour];
        ctx.globalAlpha = 0.14;
        ctx.fill();
        ctx.globalAlpha = 1;
      }
    }
  }
}

// All of the time that is known, as processor use, with a window where the stream is: dragging it goes back and forth.
export class Overview {
  constructor(canvas, model, stream) {
    Object.assign(this, { canvas, model, stream });
  }

  whole() {
    const { from, to } = this.stream.view, known = Number.isFinite(this.model.from);
    return known ? { from: Math.min(this.model.first(), from), to: Math.max(this.model.now(), this.model.to, to) } : { from, to };
  }

  x(time) {
    const { from, to } = this.whole();
    return LEFT + (time - from) / Math.max(to - from, 1e-6) * (this.canvas.clientWidth - LEFT - RIGHT);
  }

  time(x) {
    const { from, to } = this.whole();
    return from + (x - LEFT) / Math.max(1, this.canvas.clientWidth - LEFT - RIGHT) * (to - from);
  }

  draw() {
    const height = 34, [ctx, width] = prepare(this.canvas, height);
    ctx.fillStyle = theme.lane;
    ctx.fillRect(LEFT, 0, width - LEFT - RIGHT, height);
    const { from } = this.whole(), samples = this.model.samples.filter((sample) => sample[0] >= from);
    const top = samples.reduce((most, sample) => Math.max(most, sample[1]), 100);
    ctx.beginPath();
    samples.forEach((sample) => ctx.lineTo(this.x(sample[0]), height - sample[1] / top * (height - 3)));
    if (samples.length) {
      ctx.lineTo(this.x(samples[samples.length - 1][0]), height);
      ctx.lineTo(this.x(samples[0][0]), height);
    }
    ctx.fillStyle = theme.cpu;
    ctx.globalAlpha = 0.35;
    ctx.fill();
    const [left, right] = [this.x(this.stream.view.from), this.x(this.stream.view.to)].map((x) => Math.min(Math.max(x, LEFT), width - RIGHT));
    ctx.fillStyle = theme.card;
    ctx.globalAlpha = 0.6;
    ctx.fillRect(LEFT, 0, left - LEFT, height);
    ctx.fillRect(right, 0, width - RIGHT - right, height);
    ctx.globalAlpha = 1;
    ctx.strokeStyle = theme.accent;
    ctx.lineWidth = 1.5;
    ctx.strokeRect(left + 0.75, 0.75, Math.max(3, right - left - 1.5), height - 1.5);
    ctx.fillStyle = theme.dim;
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    ctx.fillText("all of it", LEFT - 8, height / 2);
  }
}

// Workers as cells: how full the memory of each is, and whether it works. A thousand fit.
export class Cells {
  constructor(canvas) {
    this.canvas = canvas;
    this.workers = [];
  }

  draw() {
    const width = this.canvas.clientWidth, n = Math.max(1, this.workers.length);
    const size = Math.max(10, Math.min(44, Math.floor(Math.sqrt(width * 220 / n))));
    const across = Math.max(1, Math.floor(width / size)), gap = size > 16 ? 3 : 1;
    const [ctx] = prepare(this.canvas, Math.ceil(n / across) * size);
    Object.assign(this, { size, across });
    this.workers.forEach(([, , state, figures], i) => {
      const [x, y] = [i % across * size, Math.floor(i / across) * size], side = size - gap;
      const full = figures[5] ? Math.min(1, Math.max(figures[4] - figures[7], figures[6]) / figures[5]) : 0;
      const colour = state === "running" ? (figures[1] ? theme.cpu : theme.wait) : theme.spilled;
      ctx.fillStyle = colour;
      ctx.globalAlpha = 0.25;
      ctx.fillRect(x, y, side, side);
      ctx.globalAlpha = 1;
      ctx.fillRect(x, y + side * (1 - full), side, side * full);
      ctx.fillRect(x, y + side - 2, side, 2);
    });
  }

  at(x, y) { return this.workers[Math.floor(y / this.size) * this.across + Math.floor(x / this.size)] ?? null; }
}
