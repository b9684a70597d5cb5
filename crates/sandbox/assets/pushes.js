// The documented pushes and their addresses.
import { get, outcome, push, put } from "./api.js";
import { $, fill, h, notice, unloaded } from "./dom.js";

async function set(body) {
  try {
    draw(await put("pushes/address", body));
    notice("Address set.");
  } catch (error) { notice(error.message, true); }
}

async function send(known, example) {
  try {
    const made = await push({ service: known.service, push: known.push, example }, known);
    if (made) notice(`${known.push} ${example}: ${outcome(made)}`, made.outcome !== "accepted");
    load();
  } catch (error) { notice(error.message, true); }
}

function address(label, value, save, placeholder) {
  const field = h("input", { type: "url", placeholder: placeholder ?? "http://127.0.0.1:8000/webhook", "aria-label": label, autocomplete: "off", spellcheck: "false" });
  field.value = value ?? "";
  field.addEventListener("keydown", (event) => { if (event.key === "Enter") save(field.value.trim()); });
  return h("span", { class: "address" }, field, h("button", { type: "button", class: "small", onclick: () => save(field.value.trim()) }, "Set"));
}

/** A description of a spec; text in backticks is code. */
const coded = (text) => text.split("`").map((part, at) => (at % 2 ? h("code", {}, part) : part));

function draw(state) {
  fill($("pushes"),
    h("p", { class: "muted" }, "The sandbox pushes to http:// addresses of this machine only. An address in a request takes precedence over these."),
    h("p", {}, h("label", {}, "Every push without its own address")), address("Address of every push", state.address, (url) => set({ url: url || null })),
    h("ul", { class: "pushes" }, state.known.map((known) => {
      const select = h("select", { "aria-label": `Example of ${known.push}` }, known.examples.map((example) => h("option", { value: example }, example.replaceAll("_", " "))));
      return h("li", {},
        h("div", { class: "line" }, h("b", {}, known.push), h("span", { class: "muted" }, known.service), known.signed ? h("span", { class: "chip" }, "signed") : null,
          known.follows ? h("span", { class: "muted" }, `after ${known.follows}`) : null),
        known.description ? h("p", { class: "muted" }, coded(known.description)) : null,
        h("div", { class: "line" }, address(`Address of ${known.push}`, known.address === state.address ? null : known.address, (url) => set({ service: known.service, push: known.push, url: url || null }), state.address),
          select, h("button", { type: "button", class: "small", onclick: () => send(known, select.value) }, "Send example")));
    })));
}

export async function load() {
  const wait = (error) => { if (!$("pushes").querySelector("ul")) fill($("pushes"), h("div", { class: "empty" }, unloaded(error))); };
  wait();
  try { draw(await get("pushes")); } catch (error) { wait(error); notice(error.message, true); }
}
