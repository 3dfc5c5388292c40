"use strict";
// Which page shows what, and which one is shown. All are this file under other addresses; one plot alone, too.
import { $, element } from "./elements.js";

export const VIEWS = {
  status: ["figures", "stream", "progress", "memory", "processor", "now", "cluster"],
  tasks: ["figures", "states", "functions", "now"],
  graph: ["graph", "states"],
  critical: ["critical"],
  workers: ["figures", "workers-map", "cluster"],
  worker: ["worker", "worker-memory", "worker-cpu", "worker-tasks", "profile", "worker-logs"],
  memory: ["figures", "memory", "machine", "held", "made"],
  system: ["processor", "threads", "memory", "machine", "disk", "network"],
  profile: ["profile"],
  transfers: ["transfers", "network", "disk"],
  retraction: ["retraction"],
  errors: ["errors"],
  events: ["events"],
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
const COMPARISON = ["comparison", "before", "stream", "by-function-change"];
const CLUSTER_REPORT = ["figures", "summary", "stream", "progress", "memory", "cluster", "functions", "profile", "transfers", "made"];
// One worker's page is come to from the table of all.
const NAMED = Object.keys(VIEWS).filter((name) => name !== "worker");
const HEADINGS = { critical: "Critical path" };
const heading = (view) => HEADINGS[view] ?? view[0].toUpperCase() + view.slice(1);

let currentView = "status", isShown = new Set(), isOfCluster = false;
export const shows = (section) => isShown.has(section);

// Shows the page of this address; `changed` is called then and whenever another one is chosen.
export function startViews(recorded, changed) {
  const path = location.pathname.slice(location.pathname.lastIndexOf("/") + 1);
  if (recorded !== null) {
    $("pages").hidden = true;
    const has = (section) => (section !== "profile" || recorded.profile) && (section !== "summary" || recorded.summary);
    if (recorded.compared) return showView("report", COMPARISON, changed);
    return showView("report", (recorded.summary ? CLUSTER_REPORT : REPORT).filter(has), changed);
  }
  if (path.startsWith("plot-")) {
    const plot = path.slice(5);
    document.body.classList.add("alone");
    return showView(path, [PLOTS[plot]], changed);
  }
  $("pages").replaceChildren(...NAMED.map((name) => {
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

export function goTo(name, changed, query = "") {
  history.pushState(null, "", name + query);
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
  const at = NAMED.indexOf(currentView === "worker" ? "workers" : currentView);
  if (at >= 0) goTo(NAMED[(at + by + NAMED.length) % NAMED.length], changed);
}

function showView(name, sections, changed) {
  currentView = name;
  isShown = new Set(sections);
  for (const part of document.querySelectorAll("main > section, #figures")) {
    const isOfOther = (part.id === (isOfCluster ? "now" : "cluster") && name !== "workers") || (part.id === "held" && !isOfCluster);
    part.hidden = !isShown.has(part.id) || isOfOther;
    part.style.order = sections.indexOf(part.id);
  }
  for (const link of $("pages").children) {
    if (link.getAttribute("href") === (name === "worker" ? "workers" : name)) {
      link.setAttribute("aria-current", "page");
      // In a narrow window the pages are one line that scrolls.
      $("pages").scrollLeft = link.offsetLeft - $("pages").offsetLeft - $("pages").clientWidth / 2 + link.offsetWidth / 2;
    } else link.removeAttribute("aria-current");
  }
  changed();
}
