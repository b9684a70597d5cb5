// The live list of requests, latest first.
import { get } from "./api.js";
import { $, h, fill, quietly, time, took, unloaded } from "./dom.js";

/** Number of rows at first, and number of rows that each step back adds. */
const ROWS = 500;
const STEP = 250;
/** Maximum number of rows on the page. */
const MAX_ROWS = 3000;

const rows = $("rows");
/** Summaries by number. Each has a row on the page. */
const known = new Map();
let cap = ROWS;
let active = null;
let opened = null;
let query = "";
let onOpen = () => {};
/** Requests that arrive while the list is loading; `null` otherwise. */
let arriving = null;
let waiting = [];
let drawing = false;
let round = 0;
let loaded = false;
/** Why the list could not be loaded. */
let problem = null;

const ids = () => [...rows.children].map((row) => Number(row.dataset.id));
const rowOf = (id) => rows.querySelector(`[data-id="${Number(id)}"]`);

function verdict(item) {
  if (item.accepted) return h("span", { class: "chip ok" }, "✓ accepted");
  const why = item.likely_cause ?? item.cause;
  return h("span", { class: "chip bad", title: `code ${item.code}` }, `✕ ${item.code} ${why}`);
}

function row(item) {
  const operation = item.operation ?? `${item.method} ${item.path}`;
  return h("li", { role: "option", id: `request-${item.id}`, "data-id": item.id, "aria-selected": "false", class: item.accepted ? "" : "refused" },
    h("span", { class: "when" }, time(item.received_at)),
    h("span", { class: "what" }, h("b", {}, operation), " ", h("span", { class: "muted" }, item.service ?? "no service")),
    h("span", { class: "to" }, item.to ?? ""),
    verdict(item),
    h("span", { class: "took right" }, took(item.took_micros)));
}

/** Inserts summaries in order. Drops the oldest rows beyond the limit. */
function insert(items) {
  const box = $("rows-box");
  const atTop = box.scrollTop < 8;
  for (const item of items) {
    if (known.has(item.id)) continue;
    known.set(item.id, item);
    const before = [...rows.children].find((other) => Number(other.dataset.id) < item.id);
    rows.insertBefore(row(item), before ?? null);
  }
  while (rows.children.length > cap) {
    const last = rows.lastElementChild;
    known.delete(Number(last.dataset.id));
    last.remove();
  }
  if (atTop) box.scrollTop = 0;
  mark();
}

function mark() {
  for (const row of rows.children) {
    const id = Number(row.dataset.id);
    row.classList.toggle("active", id === active);
    row.setAttribute("aria-selected", String(id === opened));
  }
  if (active !== null && rowOf(active)) rows.setAttribute("aria-activedescendant", `request-${active}`);
  else rows.removeAttribute("aria-activedescendant");
  const count = rows.children.length;
  $("count").textContent = count ? `${count}${query ? " found" : ""}` : "";
  const oldest = count ? Number(rows.lastElementChild.dataset.id) : 1;
  $("older").hidden = oldest <= 1 || count < STEP || count >= MAX_ROWS;
  $("empty").hidden = count > 0;
  if (count === 0) empty();
}

function empty() {
  if (!loaded) return fill($("empty"), unloaded(problem));
  if (query) return fill($("empty"), h("h3", {}, "Nothing found"), h("p", {}, "No request contains this text in its path, headers, body or reply."));
  fill($("empty"),
    h("h3", {}, "Nothing received yet"),
    h("p", {}, "Point your program at this base URL, for every service:"),
    h("p", {}, h("code", { class: "block" }, location.origin)),
    ...accounts(),
    h("p", { class: "muted" }, "Requests appear here live. A refused request says what to change."));
}

/** The built-in accounts. A sandbox with a token serves only added accounts. */
function accounts() {
  if (!about.access_key) return [h("p", {}, "Sign with an account that was added at the start of the sandbox.")];
  return [
    h("p", {}, "NXCLOUD: access key ", h("code", {}, about.access_key), ". AntBuddy: app id ", h("code", {}, about.app_id), "."),
    h("p", {}, "The secret of these test accounts is in the README of ", h("code", {}, "nxcloud-sandbox"), " and in the output of ",
      h("code", {}, "nxcloud sandbox"), ". It is public and protects nothing."),
  ];
}

let about = { access_key: "…", app_id: "…" };
export function setAbout(reply) {
  about = reply;
  if (!$("empty").hidden) empty();
}

/** Reloads the list: at the start, after a lost connection, and after missed events. */
export async function reload() {
  round += 1;
  const mine = round;
  // The list may lack requests that arrive while it is loading.
  const meanwhile = [];
  arriving = meanwhile;
  const q = query ? `&q=${encodeURIComponent(query)}` : "";
  let requests;
  try {
    ({ requests } = await get(`requests?view=summary&limit=${cap}${q}`));
  } catch (error) {
    problem = error;
    mark();
    throw error;
  }
  if (mine !== round) return;
  loaded = true;
  arriving = null;
  waiting = [];
  known.clear();
  rows.replaceChildren();
  insert([...requests.reverse(), ...meanwhile]);
}

const search = quietly(150, () => reload());

export function find(text) {
  query = text.trim();
  cap = ROWS;
  search();
}

/** Adds a new request. Requests that arrive together are drawn together. */
export function add(item) {
  if (query) return search();
  waiting.push(item);
  arriving?.push(item);
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    // Rows beyond the limit would be dropped at once.
    const items = waiting.slice(-cap);
    waiting = [];
    insert(items);
    say(items);
  });
}

/** Announces new requests to screen readers, at most every 3 seconds. */
let unsaid = [0, 0];
const saying = { timer: null };
function say(items) {
  unsaid[0] += items.length;
  unsaid[1] += items.filter((item) => !item.accepted).length;
  saying.timer ??= setTimeout(() => {
    const [all, refused] = unsaid;
    $("said").textContent = `${all} new ${all === 1 ? "request" : "requests"}${refused ? `, ${refused} refused` : ""}`;
    unsaid = [0, 0];
    saying.timer = null;
  }, 3000);
}

export function cleared() {
  waiting = [];
  loaded = true;
  // A list that is loading was created before the deletion.
  round += 1;
  arriving = null;
  known.clear();
  rows.replaceChildren();
  active = null;
  cap = ROWS;
  mark();
}

async function older() {
  const oldest = ids().at(-1);
  const q = query ? `&q=${encodeURIComponent(query)}` : "";
  const { requests } = await get(`requests?view=summary&before=${oldest}&limit=${STEP}${q}`);
  cap = Math.min(MAX_ROWS, rows.children.length + STEP);
  insert(requests.reverse());
  if (requests.length === 0) $("older").hidden = true;
}

/** Moves the selection by this many rows, and scrolls it into view. */
export function move(by) {
  const all = ids();
  if (all.length === 0) return;
  const at = all.indexOf(active);
  const next = at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + by));
  active = all[next];
  mark();
  rowOf(active).scrollIntoView({ block: "nearest" });
}

export function openActive() {
  if (active !== null && rowOf(active)) open(active);
}

export function open(id) {
  active = id;
  opened = id;
  mark();
  onOpen(id);
}

export function closed() {
  opened = null;
  mark();
}

export const isLoaded = () => loaded;

export function start(whenOpened) {
  onOpen = whenOpened;
  rows.addEventListener("click", (event) => {
    const row = event.target.closest("[data-id]");
    if (row) open(Number(row.dataset.id));
  });
  $("older").addEventListener("click", older);
  mark();
}
