"use strict";
// What is known of the computation: bars by lane, samples, and the newest state. Times are milliseconds of the server's clock.

import { byName } from "./elements.js";

export const KINDS = { finished: 1, failed: 2, spilled: 3, readBack: 4, behindUsers: 5, behindRunning: 6,
  givenBack: 7, received: 8 };
export const KIND_TEXT = { 2: "failed", 3: "written to disk", 4: "read back from disk",
  5: "waited for memory: tasks with inputs go first", 6: "waited for memory: running tasks have to end",
  7: "given back before it began", 8: "came from elsewhere" };
const BARS_MAX = 200000;

// Bars of one lane, by their starts; `latest` is the latest end so far, so that a search can skip what is over.
class Lane {
  constructor(id) {
    this.id = id;
    this.label = String(id);
    this.bars = [];
    this.latest = [];
  }

  add(bar) {
    this.bars.push(bar);
    this.latest.push(Math.max(bar.end, this.latest.length ? this.latest[this.latest.length - 1] : 0));
  }

  // The first bar that may end after `time`.
  first(time) {
    let low = 0, high = this.latest.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.latest[middle] > time) high = middle; else low = middle + 1;
    }
    return low;
  }

  forget(time) {
    const n = this.first(time);
    this.bars.splice(0, n);
    this.latest.splice(0, n);
    return n;
  }
}

export class Model {
  constructor() { this.clear(); }

  clear() {
    this.names = [];
    this.lanes = new Map();
    this.samples = [];
    this.state = null;
    this.nBars = 0;
    this.from = Infinity;
    this.to = 0;
    this.at = 0;
    this.stats = new Map();
    this.moves = new Map();
    this.seconds = new Map();
    this.histories = new Map();
    this.order = null;
    this.archive = { from: 0, to: 0, lanes: new Map() };
  }

  // Figures of a name: tasks, time, its square, the longest.
  count(bar) {
    if (bar.kind === KINDS.finished) {
      const found = this.stats.get(bar.name) ?? { n: 0, busy: 0, square: 0, longest: 0 };
      const mean = bar.busy / bar.n;
      found.n += bar.n;
      found.busy += bar.busy;
      found.square += bar.n * mean * mean;
      found.longest = Math.max(found.longest, mean);
      this.stats.set(bar.name, found);
      return;
    }
    const column = { [KINDS.received]: 1, [KINDS.spilled]: 2, [KINDS.readBack]: 3, [KINDS.givenBack]: 4 }[bar.kind];
    if (column === undefined) return;
    const second = Math.floor(bar.end / 1000) * 1000, row = this.seconds.get(second) ?? [second, 0, 0, 0, 0];
    row[column] += column === 4 ? bar.n : bar.bytes;
    this.seconds.set(second, row);
    const key = `${bar.kind} ${bar.name}`, move = this.moves.get(key) ?? { name: bar.name, kind: bar.kind, n: 0, bytes: 0, took: 0 };
    move.n += bar.n;
    move.bytes += bar.bytes;
    move.took += bar.busy;
    this.moves.set(key, move);
  }

  // What moved in each of the last seconds, also where that is nothing.
  movedBySecond() {
    if (this.state === null) return [];
    const last = Math.floor(this.state.now / 1000) * 1000, first = Math.max(last - 299000, this.samples[0]?.[0] ?? last);
    const found = [];
    for (let at = Math.floor(first / 1000) * 1000; at <= last; at += 1000) found.push(this.seconds.get(at) ?? [at, 0, 0, 0, 0]);
    if (this.seconds.size > 1200) for (const at of this.seconds.keys()) if (at < first) this.seconds.delete(at);
    return found;
  }

  // How long a task took on average.
  usual() {
    let n = 0, busy = 0;
    for (const one of this.stats.values()) { n += one.n; busy += one.busy; }
    return n ? busy / n : 0;
  }

  // How long what is known to be left takes, in milliseconds: from, middle, to. Nothing where nothing is left or known.
  left() {
    const state = this.state;
    if (state === null || !this.isBusy()) return null;
    const sum = (of) => [...this.stats.values()].reduce((all, one) => all + of(one), 0);
    const n = sum((one) => one.n);
    if (!n) return null;
    const usual = sum((one) => one.busy) / n;
    let nLeft = 0, busy = 0, variance = 0, unsure = 0;
    for (const [name, all, done, failed] of state.groups) {
      const rest = Math.max(0, all - done - failed), known = this.stats.get(name);
      nLeft += rest;
      busy += rest * (known ? known.busy / known.n : usual);
      if (!known) unsure += rest * usual;
      else {
        const mean = known.busy / known.n, spread = Math.max(0, known.square / known.n - mean * mean);
        // The mean itself is known from so many tasks only.
        variance += rest * spread + rest * rest * (spread + mean * mean / 16) / known.n;
      }
    }
    if (state.workers !== undefined || nLeft === 0) {
      const rest = Math.max(0, state.waiting + state.processing - nLeft);
      busy += rest * usual;
      unsure += rest * usual / 2;
    }
    const lanes = Math.max(1, Math.min(state.cores || 1, Math.max(state.running.length, state.processing)));
    const middle = busy / lanes, about = (2 * Math.sqrt(variance) + unsure) / lanes;
    return middle > 0 ? [Math.max(0, middle - about), middle, middle + about] : null;
  }

  lane(id) {
    if (!this.lanes.has(id)) {
      this.lanes.set(id, new Lane(id));
      this.order = null;
    }
    return this.lanes.get(id);
  }

  name(id, label) {
    const lane = this.lanes.get(id);
    if (lane === undefined || lane.label === label) return;
    lane.label = label;
    this.order = null;
  }

  // What each worker had in memory, its process, on disk; its processor use.
  remember(now, workers) {
    const most = workers.length > 100 ? 300 : 3600;
    for (const [, address, , [, , , , held, , process, spilled, cpu]] of workers) {
      const rows = this.histories.get(address) ?? [];
      rows.push([now, Math.max(0, held - spilled), process, spilled, cpu]);
      if (rows.length > most) rows.shift();
      this.histories.set(address, rows);
    }
    if (this.histories.size <= workers.length + 100) return;
    const there = new Set(workers.map((worker) => worker[1]));
    for (const address of this.histories.keys()) if (!there.has(address)) this.histories.delete(address);
  }

  take(news) {
    this.names.push(...news.names);
    for (let i = 0; i < news.lane.length; i++) {
      const bar = { name: this.names[news.name[i]], kind: news.kind[i], start: news.start[i],
        end: news.start[i] + news.took[i], busy: news.busy[i], n: news.n[i], bytes: news.bytes[i] };
      this.count(bar);
      // A task that was given back took no time anywhere.
      if (bar.kind !== KINDS.givenBack) this.lane(news.lane[i]).add(bar);
      this.from = Math.min(this.from, bar.start);
      this.to = Math.max(this.to, bar.end);
    }
    this.nBars += news.lane.length;
    for (const [id] of news.running) this.lane(id);
    if (news.workers) {
      // A worker has a line also while it has nothing to do.
      if (news.lanes.length <= 64) for (const [id] of news.lanes) this.lane(id);
      this.remember(news.now, news.workers);
    }
    for (const [id, label] of news.lanes) this.name(id, label);
    this.samples.push(...news.samples);
    if (this.samples.length > 3600) this.samples.splice(0, this.samples.length - 3600);
    this.state = news;
    this.at = performance.now();
    if (this.nBars > BARS_MAX) this.forget();
  }

  // Forgets the oldest tenth.
  forget() {
    const time = this.from + (this.to - this.from) / 10;
    for (const lane of this.lanes.values()) this.nBars -= lane.forget(time);
    this.from = time;
  }

  // When the oldest bar began that the server still has.
  first() {
    const known = this.state?.past;
    return known === undefined ? this.from : Math.min(known, this.from);
  }

  // Whether bars of a time are missing here that the server has.
  lacks(from) {
    return this.first() < this.from && from < this.from;
  }

  // Bars of a time that was forgotten here.
  takePast(found) {
    const lanes = new Map();
    for (let i = 0; i < found.lane.length; i++) {
      const bar = { name: this.names[found.name[i]], kind: found.kind[i], start: found.start[i],
        end: found.start[i] + found.took[i], busy: found.busy[i], n: found.n[i], bytes: found.bytes[i] };
      // What began later is here.
      if (bar.start >= this.from || bar.kind === KINDS.givenBack) continue;
      const id = found.lane[i];
      this.lane(id);
      if (!lanes.has(id)) lanes.set(id, new Lane(id));
      lanes.get(id).add(bar);
    }
    this.archive = { from: found.from, to: found.to, lanes };
  }

  isBusy() {
    return this.state !== null && (this.state.running.length > 0 || this.state.processing > 0);
  }

  // The moment that it is at the server; while nothing runs, the end of what there is.
  now() {
    if (this.state === null) return 0;
    return this.isBusy() ? this.state.now + performance.now() - this.at : this.to;
  }

  // Lanes with something on them, by what they are called.
  shown() {
    if (this.order === null) {
      this.order = [...this.lanes.values()].sort((a, b) => byName(a.label, b.label) || a.id - b.id);
    }
    return this.order;
  }
}
