"use strict";
// The graph of what runs: a node a function, coloured by how far its tasks are, or while they are few a node a task, coloured by
// its state. Nodes stand in columns, what is needed before what needs it.
import { element } from "./elements.js";
import { count } from "./format.js";
import { colourOf } from "./theme.js";

const WIDE = 178, HIGH = 52, GAP_X = 74, GAP_Y = 16, PAD = 10;
// The page has such an element: its namespace need not be spelled out.
const SVG = document.querySelector("#graph-room svg").namespaceURI;

function svgElement(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// The column of each node: one more than that of what it needs. Edges that close a circle do not count.
export function columns(names, links) {
  const inputs = new Map(names.map((name) => [name, []]));
  for (const [from, to] of links) if (from !== to && inputs.has(from) && inputs.has(to)) inputs.get(to).push(from);
  const column = new Map(), open = new Set();
  const visit = (name) => {
    if (column.has(name)) return column.get(name);
    if (open.has(name)) return -1;
    open.add(name);
    const found = Math.max(-1, ...inputs.get(name).map(visit)) + 1;
    open.delete(name);
    column.set(name, found);
    return found;
  };
  names.forEach(visit);
  return { column, inputs };
}

const LARGE = { wide: WIDE, high: HIGH, gapX: GAP_X, gapY: GAP_Y };

// Where each node stands: in its column, ordered by the middle of what it is joined to.
export function placed(names, links, size = () => LARGE) {
  const { column, inputs } = columns(names, links);
  const outputs = new Map(names.map((name) => [name, []]));
  for (const [to, all] of inputs) for (const from of all) outputs.get(from).push(to);
  const levels = [];
  for (const name of names) (levels[column.get(name)] ??= []).push(name);
  const at = new Map();
  levels.forEach((level) => level.forEach((name, i) => at.set(name, i)));
  const sweep = (level, near) => {
    const middle = (name) => {
      const all = near.get(name);
      return all.length ? all.reduce((sum, other) => sum + at.get(other), 0) / all.length : at.get(name);
    };
    const wanted = new Map(level.map((name) => [name, middle(name)]));
    level.sort((a, b) => wanted.get(a) - wanted.get(b) || (a < b ? -1 : 1)).forEach((name, i) => at.set(name, i));
  };
  for (let turn = 0; turn < 4; turn++) {
    levels.forEach((level) => sweep(level, inputs));
    [...levels].reverse().forEach((level) => sweep(level, outputs));
  }
  const tallest = Math.max(1, ...levels.map((level) => level.length));
  const place = new Map(), { wide, high, gapX, gapY, isSpread } = size(tallest, levels.length);
  levels.forEach((level, x) => level.forEach((name, i) => {
    // Columns stand in the middle, or as high as the highest one: near what they are joined to.
    const row = isSpread ? (i + 0.5) * tallest / level.length - 0.5 : i + (tallest - level.length) / 2;
    place.set(name, { x: PAD + x * (wide + gapX), y: PAD + row * (high + gapY) });
  }));
  return { place, width: levels.length * (wide + gapX) - gapX + 2 * PAD, height: tallest * (high + gapY) - gapY + 2 * PAD, wide, high };
}

// Nodes of single tasks: as large as a picture of a usual size lets them be.
function small(tallest, across) {
  const high = Math.max(7, Math.min(26, Math.floor(520 / tallest) - 3)), gapY = high < 12 ? 2 : 6;
  return { wide: high < 18 ? high : 128, high, gapX: Math.max(26, Math.min(110, Math.floor(1000 / across) - 60)), gapY, isSpread: true };
}

export class Graph {
  constructor(room) {
    this.room = room;
    this.links = [];
    this.tasks = null;  // key, function, state, places of inputs; nothing where they are many
    this.byFunction = false;
    this.shape = "";
    this.nodes = new Map();
  }

  // Whether single tasks are shown.
  isOfTasks() { return this.tasks !== null && this.tasks.length > 0 && !this.byFunction; }

  showTasks() {
    const shape = JSON.stringify(this.tasks.map(([key, , , inputs]) => [key, inputs]));
    if (shape !== this.shape) {
      this.shape = shape;
      this.buildTasks();
    }
    this.tasks.forEach(([key, name, state], at) => {
      const { box, title } = this.nodes.get(String(at));
      if (box.dataset.state === state) return;
      box.dataset.state = state;
      title.textContent = key === name ? `${name}: ${state}` : `${key}: ${state}`;
    });
  }

  buildTasks() {
    this.nodes.clear();
    const names = this.tasks.map((_, at) => String(at));
    const links = this.tasks.flatMap(([, , , inputs], at) => inputs.map((input) => [String(input), String(at), 1]));
    const { place, width, height, wide, high } = placed(names, links, small);
    const picture = svgElement("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
      "aria-label": "Tasks and what they need" });
    for (const [from, to] of links) {
      const [a, b] = [place.get(from), place.get(to)], [ay, by] = [a.y + high / 2, b.y + high / 2];
      const [x, end] = [a.x + wide, b.x], bend = Math.max(12, Math.abs(end - x) / 2);
      picture.append(svgElement("path", { d: `M ${x} ${ay} C ${x + bend} ${ay} ${end - bend} ${by} ${end} ${by}`, class: "edge" }));
    }
    this.tasks.forEach(([, name], at) => {
      const { x, y } = place.get(String(at)), box = svgElement("g", { class: "task", transform: `translate(${x} ${y})` });
      const title = svgElement("title", {});
      box.append(svgElement("rect", { width: wide, height: high, rx: Math.min(5, high / 4) }), title);
      if (wide > high) {
        box.append(svgElement("rect", { class: "swatch", x: 6, y: high / 2 - 4, width: 8, height: 8, rx: 2, fill: colourOf(name) }),
          svgElement("text", { x: 20, y: high / 2 + 4 }, name.length > 15 ? `${name.slice(0, 14)}…` : name));
      }
      this.nodes.set(String(at), { box, title });
      picture.append(box);
    });
    this.room.replaceChildren(picture);
  }

  // `groups`: name, tasks, done, failed, time; `running`: how many run, by name.
  show(groups, running) {
    const known = new Set(groups.map(([name]) => name));
    const links = this.links.filter(([from, to]) => known.has(from) && known.has(to));
    const shape = JSON.stringify(["functions", [...known].sort(), links]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.build([...known].sort(), links);
    }
    for (const [name, all, done, failed] of groups) {
      const node = this.nodes.get(name), n = running.get(name) ?? 0, room = WIDE - 20;
      const share = (part) => room * (all ? part / all : 0);
      const widths = [done, failed, n].map(share);
      [0, widths[0], widths[0] + widths[1]].forEach((x, i) => {
        node.parts[i].setAttribute("x", 10 + x);
        node.parts[i].setAttribute("width", Math.min(widths[i], room - x));
      });
      node.number.textContent = all > done ? `${count(done)} of ${count(all)}` : count(done);
      node.box.classList.toggle("busy", n > 0);
      node.box.classList.toggle("failed", failed > 0);
    }
  }

  build(names, links) {
    this.nodes.clear();
    if (!names.length) {
      this.room.replaceChildren(element("p", "No graph has been computed lately.", "empty"));
      return;
    }
    const { place, width, height } = placed(names, links);
    const picture = svgElement("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
      "aria-label": "Functions and what they need" });
    const most = Math.max(1, ...links.map(([, , n]) => n));
    for (const [from, to, n] of links) {
      const [a, b] = [place.get(from), place.get(to)], [ay, by] = [a.y + HIGH / 2, b.y + HIGH / 2];
      const [x, end] = [a.x + WIDE, b.x], bend = Math.max(30, Math.abs(end - x) / 2);
      const path = from === to ? `M ${x - 26} ${a.y} c 0 -16 22 -16 22 0` : `M ${x} ${ay} C ${x + bend} ${ay} ${end - bend} ${by} ${end} ${by}`;
      const edge = svgElement("path", { d: path, class: "edge", "stroke-width": 1 + 3 * Math.log1p(n) / Math.log1p(most) });
      edge.append(svgElement("title", {}, `${from} → ${to}: ${count(n)} values`));
      picture.append(edge);
    }
    for (const name of names) picture.append(this.node(name, place.get(name)));
    this.room.replaceChildren(picture);
  }

  node(name, { x, y }) {
    const box = svgElement("g", { class: "node", transform: `translate(${x} ${y})` });
    const parts = ["done", "failed-part", "running"].map((kind) =>
      svgElement("rect", { class: kind, y: HIGH - 11, height: 5, width: 0 }));
    const short = name.length > 24 ? `${name.slice(0, 23)}…` : name;
    const number = svgElement("text", { class: "number", x: 10, y: 34 });
    box.append(svgElement("rect", { class: "card", width: WIDE, height: HIGH, rx: 7 }), svgElement("rect", { class: "rest", x: 10,
      y: HIGH - 11, width: WIDE - 20, height: 5 }), ...parts, svgElement("text", { class: "name", x: 10, y: 18 }, short), number,
    svgElement("title", {}, name));
    this.nodes.set(name, { box, parts, number });
    return box;
  }
}
