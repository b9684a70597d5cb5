// Faults: what can go wrong, and what is switched on.
import { get, put } from "./api.js";
import { $, fill, h, notice, unloaded } from "./dom.js";

let state = null;
/** What is entered for each kind, which drawing anew must not lose. */
const entered = new Map();

function form(kind) {
  if (!entered.has(kind.name)) {
    const numbers = Object.fromEntries(kind.parameters.map((one) => [one.name, one.usual]));
    entered.set(kind.name, { numbers, operation: "", share: 100, next: "" });
  }
  return entered.get(kind.name);
}

async function set(body) {
  try { state = await put("faults", body); draw(); } catch (error) { notice(error.message, true); load(); }
}

const isOn = (kind, operation) => state.on.find((one) => one.fault === kind.name && (one.operation ?? "") === operation);

function toggle(kind) {
  const given = form(kind);
  const on = !isOn(kind, given.operation);
  const body = { fault: kind.name, on, operation: given.operation || null, parameters: given.numbers };
  if (on) {
    body.share = Number(given.share) / 100;
    if (given.next !== "") body.next = Number(given.next);
  }
  return set(body);
}

function input(label, value, bounds, change) {
  const field = h("input", { type: "number", ...bounds, "aria-label": label });
  field.value = value;
  field.addEventListener("input", () => change(field.value === "" ? "" : Number(field.value)));
  return h("label", {}, label, " ", field);
}

function one(kind) {
  const given = form(kind);
  const on = isOn(kind, given.operation);
  const select = h("select", { id: `fault-for-${kind.name}`, "aria-label": `Operation for ${kind.name}`, onchange: () => { given.operation = select.value; draw(); } },
    h("option", { value: "" }, "all operations"),
    [...new Set(state.operations.map(([, operation]) => operation))].sort().map((operation) => h("option", { value: operation }, operation)));
  select.value = given.operation;
  return h("li", { class: on ? "on" : "" },
    h("button", { type: "button", class: "switch", role: "switch", id: `fault-${kind.name}`, "aria-checked": String(Boolean(on)), "aria-label": kind.name, onclick: () => toggle(kind) }, on ? "on" : "off"),
    h("div", { class: "fault" }, h("b", {}, kind.name), h("p", {}, kind.description),
      h("div", { class: "options" }, select,
        kind.parameters.map((parameter) => input(parameter.name, given.numbers[parameter.name], { min: parameter.min, max: parameter.max }, (value) => { given.numbers[parameter.name] = value; })),
        input("share in %", given.share, { min: 0, max: 100 }, (value) => { given.share = value; }),
        input("only the next", given.next, { min: 1, placeholder: "∞" }, (value) => { given.next = value; }))));
}

function says({ fault, operation, share, left, parameters }) {
  const numbers = Object.values(parameters ?? {}).join(", ");
  return `${fault}${numbers ? ` ${numbers}` : ""} for ${operation ?? "all operations"}${share < 1 ? `, ${Math.round(share * 100)} %` : ""}${left === null ? "" : `, ${left} more`}`;
}

function draw() {
  const count = state.on.length + state.queued + state.mixes;
  const badge = $("faults-on");
  badge.hidden = count === 0;
  badge.textContent = `${count} on`;
  const bar = $("faults-bar");
  bar.hidden = count === 0;
  const tests = state.queued + state.mixes;
  const texts = state.on.map(says);
  if (tests) texts.push(`${tests} set by a test`);
  fill(bar, h("b", {}, "⚠ Faults are on: "), texts.join("; "), " ", h("button", { type: "button", class: "small", onclick: () => set({ on: false }) }, "All off"));
  const focused = document.activeElement?.id;
  fill($("faults"),
    h("p", { class: "muted" }, `Switched on, a fault hits every request, or the share that is given, until it is off. ${state.hit} ${state.hit === 1 ? "request" : "requests"} met one so far.`),
    h("ul", { class: "faults" }, state.kinds.map(one)));
  if (focused?.startsWith("fault-")) $(focused)?.focus();
}

export async function load() {
  const wait = (error) => { if (!state) fill($("faults"), h("div", { class: "empty" }, unloaded(error))); };
  wait();
  try {
    state = await get("faults");
    draw();
  } catch (error) { wait(error); }
}
