"use strict";
// Colours: of the theme, and one for each name of tasks. The first eight can be told apart, and from those of failures and moves,
// by those who see few colours (after Okabe and Ito, and Tol), and none is red, which is for failures.

const PALETTE = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#ddcc77", "#5040b0", "#117733", "#88a0e8",
  "#a0714f", "#d8a0c8", "#6a7f94", "#c8963c", "#5d4037", "#8a63d2", "#44aa99"];
export const theme = {};

export function readTheme() {
  const root = document.documentElement, chosen = localStored();
  root.dataset.theme = chosen ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const style = getComputedStyle(root);
  for (const name of ["ink", "dim", "rule", "lane", "card", "accent", "cpu", "managed", "process", "spilled", "fail",
    "move", "wait", "fetch"])
    theme[name] = style.getPropertyValue(`--${name}`).trim();
}

// What the viewer chose; a frame or a file may not remember anything.
function localStored() {
  try { return localStorage.getItem("raskt-theme"); } catch { return chosenTheme; }
}

let chosenTheme = null;

export function turnTheme() {
  chosenTheme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  try { localStorage.setItem("raskt-theme", chosenTheme); } catch { /* It is remembered until the page is left. */ }
  readTheme();
}

const given = new Map();

// The colour of a name: the next of the palette where it is new, and then always the same.
export function colourOf(name) {
  let colour = given.get(name);
  if (colour === undefined) {
    const rank = given.size;
    colour = PALETTE[rank] ?? turned((rank * 137.5) % 300 + 30);
    given.set(name, colour);
  }
  return colour;
}

function turned(hue) {
  const part = (n) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (0.52 - 0.22 * Math.max(-1, Math.min(k - 3, 9 - k, 1)))).toString(16).padStart(2, "0");
  };
  return `#${part(0)}${part(8)}${part(4)}`;
}

// Ink that can be read on a colour.
export function inkOn(colour) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  return 0.299 * r + 0.587 * g + 0.114 * b > 135 ? "#14181c" : "#ffffff";
}
