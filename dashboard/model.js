"use strict";
// What is known of the computation: bars by lane, samples, and the newest state. Times are milliseconds of the server's clock.

export const KINDS = { finished: 1, failed: 2, spilled: 3, readBack: 4, behindUsers: 5, behindRunning: 6 };
export const KIND_TEXT = { 2: "failed", 3: "written to disk", 4: "read back from disk",
  5: "waited for memory: tasks with inputs go first", 6: "waited for memory: running tasks have to end" };
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
  }

  lane(id) {
    if (!this.lanes.has(id)) this.lanes.set(id, new Lane(id));
    return this.lanes.get(id);
  }

  take(news) {
    this.names.push(...news.names);
    for (let i = 0; i < news.lane.length; i++) {
      const bar = { name: this.names[news.name[i]], kind: news.kind[i], start: news.start[i],
        end: news.start[i] + news.took[i], busy: news.busy[i], n: news.n[i], bytes: news.bytes[i] };
      this.lane(news.lane[i]).add(bar);
      this.from = Math.min(this.from, bar.start);
      this.to = Math.max(this.to, bar.end);
    }
    this.nBars += news.lane.length;
    for (const [id, label] of news.lanes) if (this.lanes.has(id)) this.lanes.get(id).label = label;
    for (const [id] of news.running) this.lane(id);
    // A worker has a line also while it has nothing to do.
    if (news.workers && news.lanes.length <= 64) for (const [id, label] of news.lanes) this.lane(id).label = label;
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
    const order = (a, b) => a.label.localeCompare(b.label, "en", { numeric: true }) || a.id - b.id;
    return [...this.lanes.values()].sort(order);
  }
}
