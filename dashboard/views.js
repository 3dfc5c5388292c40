"use strict";
// Which page shows what, and which one is shown. All are this file under other addresses; one plot alone, too.
import { $, element } from "./elements.js";

export const VIEWS = {
  status: ["figures", "stream", "progress", "memory", "processor", "now", "cluster"],
  tasks: ["figures", "states", "functions", "now"],
  graph: ["graph", "states"],
  workers: ["figures", "workers-map", "cluster"],
  memory: ["figures", "memory", "machine", "made"],
  system: ["processor", "threads", "memory", "machine", "disk", "network"],
  profile: ["profile"],
  transfers: ["transfers", "network", "disk"],
  retraction: ["retraction"],
  errors: ["errors"],
  explain: ["explain", "now", "cluster"],
  hardware: ["hardware"],
  configuration: ["configuration"],
  plots: ["plots"],
};
// Plots that have an address of their own, and their sections.
export const PLOTS = { stream: "stream", progress: "progress", memory: "memory", cpu: "processor", running: "now",
  workers: "workers-map", functions: "functions", graph: "graph", profile: "profile", disk: "disk", network: "network",
  transfers: "transfers", retraction: "retraction" };
const REPORT = ["figures", "stream", "progress", "memory", "processor", "functions", "made"];
const CLUSTER_REPORT = ["figures", "summary", "stream", "progress", "memory", "cluster", "functions", "profile", "transfers", "made"];
const heading = (view) => view[0].toUpperCase() + view.slice(1);

let currentView = "status", isShown = new Set(), isOfCluster = false;
export const shows = (section) => isShown.has(section);

// Shows the page of this address; `changed` is called then and whenever another one is chosen.
export function startViews(recorded, changed) {
  const path = location.pathname.slice(location.pathname.lastIndexOf("/") + 1);
  if (recorded !== null) {
    $("pages").hidden = true;
    const has = (section) => (section !== "profile" || recorded.profile) && (section !== "summary" || recorded.summary);
    return showView("report", (recorded.summary ? CLUSTER_REPORT : REPORT).filter(has), changed);
  }
  if (path.startsWith("plot-")) {
    const plot = path.slice(5);
    document.body.classList.add("alone");
    return showView(path, [PLOTS[plot]], changed);
  }
  $("pages").replaceChildren(...Object.keys(VIEWS).map((name) => {
    const link = element("a", heading(name));
    link.href = name;
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      goTo(name, changed);
    });
    return link;
  }));
  $("plots-list").replaceChildren(...Object.keys(PLOTS).map((plot) => {
    const item = element("li"), link = element("a", `plot-${plot}`);
    link.href = `plot-${plot}`;
    item.append(link);
    return item;
  }));
  addEventListener("popstate", () => startViews(null, changed));
  showView(path in VIEWS ? path : "status", VIEWS[path] ?? VIEWS.status, changed);
}

function goTo(name, changed) {
  history.pushState(null, "", name);
  showView(name, VIEWS[name], changed);
  scrollTo(0, 0);
}

// Whether it is a cluster's page decides whether single tasks or workers are shown.
export function setKind(isCluster, changed) {
  if (isCluster === isOfCluster) return;
  isOfCluster = isCluster;
  showView(currentView, [...isShown], changed);
}

// The page before or after this one.
export function turn(by, changed) {
  const names = Object.keys(VIEWS), at = names.indexOf(currentView);
  if (at >= 0) goTo(names[(at + by + names.length) % names.length], changed);
}

function showView(name, sections, changed) {
  currentView = name;
  isShown = new Set(sections);
  for (const part of document.querySelectorAll("main > section, #figures")) {
    const isOfOther = part.id === (isOfCluster ? "now" : "cluster") && name !== "workers";
    part.hidden = !isShown.has(part.id) || isOfOther;
    part.style.order = sections.indexOf(part.id);
  }
  for (const link of $("pages").children) {
    if (link.getAttribute("href") === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  changed();
}
