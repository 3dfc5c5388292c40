"use strict";
// Numbers as text. Times are milliseconds.

export function duration(ms) {
  const a = Math.abs(ms);
  if (a >= 3600e3) return `${Math.floor(ms / 3600e3)} h ${Math.floor(ms % 3600e3 / 60e3)} min`;
  if (a >= 100e3) return `${Math.floor(ms / 60e3)} min ${Math.floor(ms % 60e3 / 1e3)} s`;
  if (a >= 1e3) return `${(ms / 1e3).toFixed(a >= 10e3 ? 1 : 2)} s`;
  if (a >= 1) return `${ms.toFixed(a >= 100 ? 0 : 1)} ms`;
  return a === 0 ? "0" : `${Math.round(ms * 1e3)} µs`;
}

export const count = (n) => Math.round(n).toLocaleString("en");

// A number of things: "1 task", "2 tasks".
export const counted = (n, one) => `${count(n)} ${one}${n === 1 ? "" : "s"}`;

export function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let i = 0;
  while (Math.abs(n) >= 1024 && i < units.length - 1) { n /= 1024; i++; }
  return `${i === 0 || n >= 100 ? Math.round(n) : n.toFixed(n >= 10 ? 1 : 2)} ${units[i]}`;
}

// A step of 1, 2 or 5 times a power of ten that cuts `span` into at most `n` parts.
export function niceStep(span, n) {
  const raw = span / Math.max(1, n), power = 10 ** Math.floor(Math.log10(raw)), unit = raw / power;
  return (unit <= 1 ? 1 : unit <= 2 ? 2 : unit <= 5 ? 5 : 10) * power;
}

// As `niceStep`, for bytes: a power of two.
export const byteStep = (span, n) => 2 ** Math.ceil(Math.log2(Math.max(span, 1) / Math.max(1, n)));
