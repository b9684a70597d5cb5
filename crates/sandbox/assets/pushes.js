// The documented pushes and where they go.
import { get, outcome, push, put } from "./api.js";
import { $, fill, h, notice, unloaded } from "./dom.js";

async function set(body) {
  try {
    draw(await put("pushes/address", body));
    notice("Address set.");
  } catch (error) { notice(error.message, true); }
}

async function send(one, example) {
  try {
    const made = await push({ service: one.service, push: one.push, example }, one);
    if (made) notice(`${one.push} ${example}: ${outcome(made)}`, made.outcome !== "accepted");
    load();
  } catch (error) { notice(error.message, true); }
}

function address(label, value, save, placeholder) {
  const field = h("input", { type: "url", placeholder: placeholder ?? "http://127.0.0.1:8000/webhook", "aria-label": label, autocomplete: "off", spellcheck: "false" });
  field.value = value ?? "";
  field.addEventListener("keydown", (event) => { if (event.key === "Enter") save(field.value.trim()); });
  return h("span", { class: "address" }, field, h("button", { type: "button", class: "small", onclick: () => save(field.value.trim()) }, "Set"));
}

/** A description of the specs, where code stands between backticks. */
const coded = (text) => text.split("`").map((part, at) => (at % 2 ? h("code", {}, part) : part));

function draw(state) {
  fill($("pushes"),
    h("p", { class: "muted" }, "The sandbox pushes to http:// addresses of this machine only. An address in a request goes before these."),
    h("p", {}, h("label", {}, "Every push without an address of its own")), address("Address of every push", state.address, (url) => set({ url: url || null })),
    h("ul", { class: "pushes" }, state.known.map((one) => {
      const select = h("select", { "aria-label": `Example of ${one.push}` }, one.examples.map((example) => h("option", { value: example }, example.replaceAll("_", " "))));
      return h("li", {},
        h("div", { class: "line" }, h("b", {}, one.push), h("span", { class: "muted" }, one.service), one.signed ? h("span", { class: "chip" }, "signed") : null,
          one.follows ? h("span", { class: "muted" }, `after ${one.follows}`) : null),
        one.description ? h("p", { class: "muted" }, coded(one.description)) : null,
        h("div", { class: "line" }, address(`Address of ${one.push}`, one.address === state.address ? null : one.address, (url) => set({ service: one.service, push: one.push, url: url || null }), state.address),
          select, h("button", { type: "button", class: "small", onclick: () => send(one, select.value) }, "Send example")));
    })));
}

export async function load() {
  const wait = (error) => { if (!$("pushes").querySelector("ul")) fill($("pushes"), h("div", { class: "empty" }, unloaded(error))); };
  wait();
  try { draw(await get("pushes")); } catch (error) { wait(error); notice(error.message, true); }
}
