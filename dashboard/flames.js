"use strict";
// A profile as a flame graph: each frame as wide as the share of samples it was in, above it what it called.
import { colourOf, inkOn, theme } from "./theme.js";
import { prepare } from "./charts.js";

const ROW = 20;

export class Flames {
  constructor(canvas) {
    this.canvas = canvas;
    this.frames = [];
    this.samples = 0;
    this.top = -1;  // the row whose inner frames are shown
    this.boxes = [];
  }

  // `frames`: parent's row or -1, function, file, line, samples; parents first.
  take({ frames, samples }) {
    const before = this.top >= 0 ? this.path(this.top) : null;
    this.frames = frames;
    this.samples = samples;
    this.top = before === null ? -1 : frames.findIndex((_, at) => this.path(at) === before);
  }

  path(at) {
    const names = [];
    for (; at >= 0; at = this.frames[at][0]) names.push(`${this.frames[at][1]} ${this.frames[at][2]}`);
    return names.join("\n");
  }

  draw(empty) {
    const left = new Map(), depth = new Map(), width = this.canvas.clientWidth;
    const whole = this.top < 0 ? this.samples : this.frames[this.top][4];
    this.boxes = [];
    let deepest = 0;
    if (this.top >= 0) {
      // What leads there stands below, as wide as the picture.
      const above = [];
      for (let at = this.top; at >= 0; at = this.frames[at][0]) above.unshift(at);
      above.forEach((at, row) => this.boxes.push({ at, x: 0, row, width }));
      depth.set(this.top, above.length);
      deepest = above.length;
    } else depth.set(-1, 0);
    left.set(this.top, 0);
    this.frames.forEach(([parent, , , , n], at) => {
      if (!depth.has(parent) || at === this.top) return;
      const x = left.get(parent), wide = n / whole * width, row = depth.get(parent);
      left.set(parent, x + wide);
      if (wide < 0.4) return;
      left.set(at, x);
      depth.set(at, row + 1);
      deepest = Math.max(deepest, row + 1);
      this.boxes.push({ at, x, row, width: wide });
    });
    const height = Math.max(6, deepest) * ROW + 8, [ctx] = prepare(this.canvas, height);
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
      const y = height - (box.row + 1) * ROW, [, name] = this.frames[box.at], fill = colourOf(name);
      ctx.fillStyle = fill;
      ctx.globalAlpha = this.top >= 0 && box.row < depth.get(this.top) - 1 ? 0.45 : 1;
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
    const row = Math.floor((this.height - y) / ROW);
    return this.boxes.find((box) => box.row === row && box.x <= x && x < box.x + box.width) ?? null;
  }
}
