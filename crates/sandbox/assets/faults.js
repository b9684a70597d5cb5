// The list of faults, with their switches.
import { get, put } from "./api.js";
import { $, fill, h, notice, unloaded } from "./dom.js";

let state = null;
/** The input for each kind of fault. It must survive redrawing. */
const entered = new Map();

function form(kind) {
  if (!entered.has(kind.name)) {
    const numbers = Object.fromEntries(kind.parameters.map((parameter) => [parameter.name, parameter.usual]));
    entered.set(kind.name, { numbers, operation: "", share: 100, next: "" });
  }
  return entered.get(kind.name);
}

async function set(body) {
  try { state = await put("faults", body); draw(); } catch (error) { notice(error.message, true); load(); }
}

const isOn = (kind, operation) => state.on.find((fault) => fault.fault === kind.name && (fault.operation ?? "") === operation);

function toggle(kind) {
  const settings = form(kind);
  const on = !isOn(kind, settings.operation);
  const body = { fault: kind.name, on, operation: settings.operation || null, parameters: settings.numbers };
  if (on) {
    body.share = Number(settings.share) / 100;
    if (settings.next !== "") body.next = Number(settings.next);
  }
  return set(body);
}

function input(label, value, bounds, change) {
  const field = h("input", { type: "number", ...bounds, "aria-label": label });
  field.value = value;
  field.addEventListener("input", () => change(field.value === "" ? "" : Number(field.value)));
  return h("label", {}, label, " ", field);
}

function row(kind) {
  const settings = form(kind);
  const on = isOn(kind, settings.operation);
  const select = h("select", { id: `fault-for-${kind.name}`, "aria-label": `Operation for ${kind.name}`, onchange: () => { settings.operation = select.value; draw(); } },
    h("option", { value: "" }, "all operations"),
    [...new Set(state.operations.map(([, operation]) => operation))].sort().map((operation) => h("option", { value: operation }, operation)));
  select.value = settings.operation;
  return h("li", { class: on ? "on" : "" },
    h("button", { type: "button", class: "switch", role: "switch", id: `fault-${kind.name}`, "aria-checked": String(Boolean(on)), "aria-label": kind.name, onclick: () => toggle(kind) }, on ? "on" : "off"),
    h("div", { class: "fault" }, h("b", {}, kind.name), h("p", {}, kind.description),
      h("div", { class: "options" }, select,
        kind.parameters.map((parameter) => input(parameter.name, settings.numbers[parameter.name], { min: parameter.min, max: parameter.max }, (value) => { settings.numbers[parameter.name] = value; })),
        input("share in %", settings.share, { min: 0, max: 100 }, (value) => { settings.share = value; }),
        input("only the next", settings.next, { min: 1, placeholder: "∞" }, (value) => { settings.next = value; }))));
}

function describe({ fault, operation, share, left, parameters }) {
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
  const texts = state.on.map(describe);
  if (tests) texts.push(`${tests} set by a test`);
  fill(bar, h("b", {}, "⚠ Faults are on: "), texts.join("; "), " ", h("button", { type: "button", class: "small", onclick: () => set({ on: false }) }, "All off"));
  const focused = document.activeElement?.id;
  fill($("faults"),
    h("p", { class: "muted" }, `A fault that is on hits every request, or the set share of them, until you switch it off. ${state.hit} ${state.hit === 1 ? "request" : "requests"} met a fault so far.`),
    h("ul", { class: "faults" }, state.kinds.map(row)));
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
