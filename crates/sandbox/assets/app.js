// The inspector: connects its parts.
import { clear, get } from "./api.js";
import * as detail from "./detail.js";
import { $, notice, quietly } from "./dom.js";
import * as faults from "./faults.js";
import * as keys from "./keys.js";
import * as list from "./list.js";
import * as phone from "./phone.js";
import * as pushes from "./pushes.js";

const main = $("main");

/** Selects the area that a narrow window shows. */
function area(name) {
  main.dataset.area = name;
  for (const button of document.querySelectorAll(".areas button")) button.setAttribute("aria-pressed", String(button.dataset.area === name));
}

function open(id) {
  detail.open(id, true);
  phone.show(id);
  area("detail");
}

function close() {
  const wasOpen = !$("close-detail").hidden;
  detail.close();
  list.closed();
  if (wasOpen) { area("list"); $("rows").focus(); }
}

function live(text, good) {
  $("live").textContent = text;
  $("live").classList.toggle("good", good);
}

const refresh = quietly(100, detail.refresh);

function watch() {
  const source = new EventSource("events");
  const on = (name, call) => source.addEventListener(name, (event) => call(JSON.parse(event.data)));
  const all = () => {
    list.reload().catch(() => {});
    phone.load();
    faults.load();
    refresh();
  };
  source.addEventListener("open", () => { live("live", true); all(); });
  source.addEventListener("error", () => {
    live("reconnecting", false);
    if (!list.isLoaded()) all();
    // After a refusal the browser does not reconnect, so the page does.
    if (source.readyState === EventSource.CLOSED) setTimeout(watch, 2000);
  });
  on("request", (item) => { list.add(item); if (item.accepted) phone.load(); });
  on("delivery", (delivery) => { phone.load(); if (detail.shows(delivery.request)) refresh(); });
  on("faults", quietly(100, faults.load));
  on("lagged", all);
  on("cleared", () => { list.cleared(); detail.close(); phone.load(); });
  // Close the connection when the user leaves: a browser opens only a few per server.
  window.addEventListener("pagehide", () => source.close(), { once: true });
}

const THEMES = ["auto", "light", "dark"];
function theme(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  $("theme").textContent = `Theme: ${name}`;
  $("theme").dataset.now = name;
}

function remembered() {
  try { return localStorage.getItem("nxcloud-sandbox-theme"); } catch { return null; }
}

function start() {
  $("base").textContent = location.origin;
  theme(THEMES.includes(remembered()) ? remembered() : "auto");
  $("theme").addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf($("theme").dataset.now) + 1) % THEMES.length];
    theme(next);
    try { localStorage.setItem("nxcloud-sandbox-theme", next); } catch { /* without storage, the theme lasts until the page is closed */ }
  });
  for (const button of document.querySelectorAll(".areas button")) button.addEventListener("click", () => area(button.dataset.area));
  for (const button of document.querySelectorAll("[data-close]")) button.addEventListener("click", () => button.closest("dialog").close());
  $("open-faults").addEventListener("click", () => { faults.load(); $("faults-dialog").showModal(); });
  $("open-pushes").addEventListener("click", () => { pushes.load(); $("pushes-dialog").showModal(); });
  $("open-keys").addEventListener("click", () => $("keys-dialog").showModal());
  $("clear").addEventListener("click", () => $("clear-dialog").showModal());
  $("clear-yes").addEventListener("click", async () => {
    $("clear-dialog").close();
    try { await clear(); } catch (error) { notice(error.message, true); }
  });
  $("close-detail").addEventListener("click", close);
  $("search").addEventListener("input", () => list.find($("search").value));
  list.start(open);
  phone.start();
  detail.close();
  keys.start(close);
  get("about").then(list.setAbout).catch(() => {});
  watch();
}

start();
