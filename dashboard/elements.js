"use strict";
// Elements and tables. Text from the computation is put in as text, never as markup.

export const byName = new Intl.Collator("en", { numeric: true }).compare;
export const $ = (id) => document.getElementById(id);

export function element(tag, text, kind) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

// Rows are kept and changed, so that what has the focus keeps it.
export function rows(table, wanted, make, fill) {
  const body = table.tBodies[0];
  while (body.rows.length > wanted.length) body.deleteRow(-1);
  while (body.rows.length < wanted.length) body.append(make());
  wanted.forEach((item, i) => fill(body.rows[i], item));
}

export function keys(id, names) {
  $(id).replaceChildren(...names.map(([text, colour]) => {
    const key = element("span", text);
    key.style.setProperty("--swatch", colour.startsWith("#") ? colour : `var(--${colour})`);
    return key;
  }));
}

// A bar that is filled to a share.
export function track(share, colour) {
  const bar = element("div", undefined, "track");
  bar.style.setProperty("--done", `${Math.min(100, 100 * share)}%`);
  bar.style.setProperty("--swatch", colour);
  bar.append(element("i"));
  return bar;
}

// A bar of several parts: shares and colours.
export function parts(found) {
  const bar = element("div", undefined, "track parts");
  for (const [share, colour] of found) {
    const part = element("i");
    part.style.setProperty("--done", `${Math.max(0, Math.min(100, 100 * share))}%`);
    part.style.setProperty("--swatch", colour);
    bar.append(part);
  }
  return bar;
}

// A table that a click on a column sorts. Columns: name, value to sort by, and what is shown, a text or a node.
export class Sorted {
  constructor(id, columns, { by = 0, falls = false, empty = "", most = Infinity } = {}) {
    this.table = $(id);
    this.columns = columns;
    this.order = { by, falls };
    this.items = [];
    this.empty = empty;
    this.most = most;  // rows that are shown before all are asked for
    columns.forEach(([name, value], column) => {
      const cell = element("th"), button = element("button", name);
      cell.scope = "col";
      button.type = "button";
      button.addEventListener("click", () => {
        const isText = this.items.length > 0 && typeof value(this.items[0]) === "string";
        this.order = { by: column, falls: this.order.by === column ? !this.order.falls : !isText };
        this.show(this.items);
      });
      cell.append(button);
      this.table.tHead.rows[0].append(cell);
    });
  }

  // Offers to show all rows where some are left out.
  offer(n) {
    const has = this.table.tFoot !== null;
    if (has === n > this.most) return;
    if (has) return this.table.deleteTFoot();
    const cell = this.table.createTFoot().insertRow().insertCell(), button = element("button", `Show all ${n.toLocaleString("en")}`);
    cell.className = "more";
    cell.colSpan = this.columns.length;
    button.type = "button";
    button.addEventListener("click", () => { this.most = Infinity; this.show(this.items); });
    cell.append(button);
  }

  show(items) {
    this.items = items;
    const { by, falls } = this.order, value = this.columns[by][1];
    [...this.table.tHead.rows[0].cells].forEach((cell, column) => {
      cell.setAttribute("aria-sort", column === by ? (falls ? "descending" : "ascending") : "none");
    });
    const compare = (a, b) => {
      const [x, y] = [value(a), value(b)];
      const found = typeof x === "number" ? x - y : byName(x, y);
      return falls ? -found : found;
    };
    const make = () => {
      const row = element("tr");
      this.columns.forEach(() => row.append(element("td")));
      return row;
    };
    if (!items.length) {
      rows(this.table, [null], make, (row) => {
        [...row.cells].forEach((cell) => cell.replaceChildren());
        row.cells[0].className = "none";
        row.cells[0].textContent = this.empty;
        row.signature = null;
      });
      return;
    }
    this.offer(items.length);
    rows(this.table, [...items].sort(compare).slice(0, this.most), make, (row, item) => {
      // What is as it was is left: tables may have a thousand rows.
      const signature = JSON.stringify(item);
      if (row.signature === signature) return;
      row.signature = signature;
      this.columns.forEach(([, , shown], at) => {
        const cell = row.cells[at], found = shown(item);
        cell.className = "";
        if (typeof found === "string") cell.textContent = found;
        else cell.replaceChildren(...(Array.isArray(found) ? found : [found]));
      });
    });
  }
}

// The name of a function with its colour before it.
export function named(name, colour) {
  const made = element("span", name, "swatched");
  made.title = name;
  made.style.setProperty("--swatch", colour);
  return made;
}

export async function ask(topic) {
  const answer = await fetch(`api/v1/${topic}`);
  if (!answer.ok) return null;
  return answer.json();
}
