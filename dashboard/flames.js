"use strict";
// A profile as a flame graph: each frame as wide as the share of samples it was in, below it what it called.
import { colourOf, inkOn, theme } from "./theme.js";
import { prepare } from "./charts.js";

const ROW = 20;

export class Flames {
  constructor(canvas) {
    this.canvas = canvas;
    this.frames = [];
    this.samples = 0;
    this.top = -1;  // the row whose inner frames are shown
    this.base = -1;  // the innermost of the rows that all samples have in common
    this.boxes = [];
  }

  // `frames`: parent's row or -1, function, file, line, samples; parents first.
  take({ frames, samples }) {
    const before = this.top >= 0 ? this.path(this.top) : null;
    this.frames = frames;
    this.samples = samples;
    this.top = before === null ? -1 : frames.findIndex((_, at) => this.path(at) === before);
    this.base = common(frames, samples);
  }

  path(at) {
    const names = [];
    for (; at >= 0; at = this.frames[at][0]) names.push(`${this.frames[at][1]} ${this.frames[at][2]}`);
    return names.join("\n");
  }

  draw(empty) {
    const left = new Map(), depth = new Map(), width = this.canvas.clientWidth;
    const top = this.top < 0 ? this.base : this.top, whole = top < 0 ? this.samples : this.frames[top][4];
    this.boxes = [];
    let deepest = 0;
    if (top >= 0) {
      // What leads there stands above, as wide as the picture; but for what all samples have in common.
      const above = [];
      for (let at = top; at >= 0; at = this.frames[at][0]) above.unshift(at);
      const shown = above.includes(this.base) ? above.slice(above.indexOf(this.base)) : above;
      shown.forEach((at, row) => this.boxes.push({ at, x: 0, row, width }));
      depth.set(top, shown.length);
      deepest = shown.length;
    } else depth.set(-1, 0);
    left.set(top, 0);
    this.frames.forEach(([parent, , , , n], at) => {
      if (!depth.has(parent) || at === top) return;
      const x = left.get(parent), wide = n / whole * width, row = depth.get(parent);
      left.set(parent, x + wide);
      // What is hardly a pixel wide tells nothing, and is often deep.
      if (wide < 1.5) return;
      left.set(at, x);
      depth.set(at, row + 1);
      deepest = Math.max(deepest, row + 1);
      this.boxes.push({ at, x, row, width: wide });
    });
    const height = Math.max(6, deepest) * ROW, [ctx] = prepare(this.canvas, height);
    this.height = height;
    ctx.textBaseline = "middle";
    if (!this.frames.length) {
      ctx.fillStyle = theme.dim;
      ctx.font = "13px system-ui, sans-serif";
      ctx.textAlign = "center";
      ctx.fillText(empty, width / 2, height / 2);
      return;
    }
    ctx.textAlign = "left";
    for (const box of this.boxes) {
      const y = box.row * ROW, [, name] = this.frames[box.at], fill = colourOf(name);
      ctx.fillStyle = fill;
      ctx.globalAlpha = this.top >= 0 && box.row < depth.get(top) - 1 ? 0.45 : 1;
      ctx.fillRect(box.x, y, Math.max(0.6, box.width - 0.8), ROW - 1);
      ctx.globalAlpha = 1;
      if (box.width < 30) continue;
      ctx.fillStyle = inkOn(fill);
      const room = box.width - 10, full = ctx.measureText(name).width;
      const text = full <= room ? name : `${name.slice(0, Math.max(1, Math.floor(name.length * room / full) - 1))}…`;
      ctx.fillText(text, box.x + 5, y + ROW / 2);
    }
  }

  at(x, y) {
    const row = Math.floor(y / ROW);
    return this.boxes.find((box) => box.row === row && box.x <= x && x < box.x + box.width) ?? null;
  }
}

// The innermost row that all samples went through: engines and loops below the work, which tell nothing.
function common(frames, samples) {
  const of = new Map();
  frames.forEach(([parent], at) => of.set(parent, [...(of.get(parent) ?? []), at]));
  let base = -1;
  for (;;) {
    const inner = (of.get(base) ?? []).filter((at) => frames[at][4] >= 0.995 * samples);
    if (inner.length !== 1 || !of.has(inner[0])) return base;
    base = inner[0];
  }
}
