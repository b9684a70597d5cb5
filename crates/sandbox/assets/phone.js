// What the recipients see: one conversation per number.
import { get, outcome, push } from "./api.js";
import { $, fill, h, notice, quietly, time, unloaded } from "./dom.js";

const STATES = { accepted: "accepted", sent: "✓ sent", delivered: "✓✓ delivered", read: "✓✓ read", failed: "✕ failed", expired: "✕ expired", deleted: "✕ deleted", unknown: "? unknown" };

let messages = [];
let loaded = false;
let number = null;
let chosen = false;
/** A distinct colour for each channel. */
const hue = (channel) => [...channel].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 0);

function coloured(element, { channel }) {
  element.style.setProperty("--hue", hue(channel));
  return element;
}

/** Input and choices that must survive redrawing. */
let draft = "";
let via = null;
const choices = new Map();

async function receipt(message, push_, example) {
  try {
    const request = { service: message.service, push: push_, example, request: message.request, entry: message.entry };
    const made = await push(request, { push: push_ });
    if (made) notice(`${push_} ${example}: ${outcome(made)}`, made.outcome !== "accepted");
  } catch (error) { notice(error.message, true); }
}

async function reply(message, text) {
  try {
    const made = await push({ request: message.request, entry: message.entry, reply: text }, { service: message.service, push: message.reply_push });
    if (!made) return;
    draft = "";
    notice(`${made.push}: ${outcome(made)}`, made.outcome !== "accepted");
    load();
  } catch (error) { notice(error.message, true); }
}

function content({ content, label }) {
  const parts = [];
  const { kind, text, media, name, button, template } = content;
  if (template) {
    parts.push(h("span", { class: "kind" }, `template ${template.name ?? ""} · ${template.language ?? ""}`));
    if (template.parameters.length) {
      parts.push(h("ol", { class: "parameters" }, template.parameters.map((value) => h("li", {}, h("span", { class: "muted" }, `${value.part}: `), value.text ?? value.kind))));
    }
  } else if (media || name || !(text || button)) {
    parts.push(h("span", { class: "media" }, h("span", { class: "kind" }, kind.replaceAll("_", " + ")), name ? h("b", {}, name) : null, media ? h("span", { class: "break" }, media) : null));
  }
  if (text) parts.push(h("span", { class: "text" }, text));
  if (button) parts.push(h("span", { class: "button-look" }, String(button.text), button.link ? h("span", { class: "muted break" }, String(button.link)) : null));
  if (parts.length === 0) parts.push(h("span", { class: "muted" }, `${label} message`));
  return parts;
}

function receipts(message) {
  const options = message.receipts.flatMap(({ push: name, examples }) => examples.map((example) => [name, example]));
  if (options.length === 0) return null;
  const several = message.receipts.length > 1;
  const select = h("select", { "aria-label": "Delivery receipt", onchange: () => choices.set(message.id, select.value) },
    options.map(([name, example], at) => h("option", { value: at }, several ? `${example} (${name})` : example.replaceAll("_", " "))));
  select.value = choices.get(message.id) ?? "0";
  return h("span", { class: "receipts" }, select,
    h("button", { type: "button", class: "small", onclick: () => receipt(message, ...options[Number(select.value)]) }, "Send receipt"));
}

function bubble(message) {
  const { state, word, delivery } = message.status;
  const title = word ? `“${word}”, pushed at ${time(message.status.at, false)}: webhook ${delivery.outcome}` : "no receipt has been sent yet";
  return coloured(h("li", { class: "bubble", "data-message": message.id },
    h("span", { class: "channel" }, h("b", {}, message.label), message.from ? ` from ${message.from}` : ""),
    content(message),
    h("span", { class: "foot" }, h("span", { class: `state ${state}`, title }, STATES[state]), h("time", {}, time(message.at, false))),
    receipts(message)), message);
}

function answer(reply, message) {
  return coloured(h("li", { class: "bubble own" },
    h("span", { class: "channel" }, h("b", {}, message.label), " reply"), h("span", { class: "text" }, reply.text),
    h("span", { class: "foot" }, h("span", { class: `state ${reply.delivery.outcome === "accepted" ? "delivered" : "failed"}` }, reply.delivery.outcome === "accepted" ? "✓ pushed" : `✕ ${reply.delivery.outcome}`), h("time", {}, time(reply.at, false)))), message);
}

function composer(conversation) {
  // The latest message of each channel that can be answered.
  const latest = new Map();
  for (const message of conversation) if (message.reply_push) latest.set(message.channel, message);
  if (latest.size === 0) return h("p", { class: "composer muted" }, "The reference documents no push for replies to these messages.");
  if (!latest.has(via)) via = conversation.findLast((message) => message.reply_push).channel;
  const input = h("input", { type: "text", id: "reply", placeholder: "Reply", "aria-label": `Reply as ${number}`, autocomplete: "off" });
  input.value = draft;
  input.addEventListener("input", () => { draft = input.value; });
  const send = () => { if (input.value) reply(latest.get(via), input.value); };
  input.addEventListener("keydown", (event) => { if (event.key === "Enter") send(); });
  const select = h("select", { id: "reply-via", "aria-label": "Reply by", onchange: () => { via = select.value; } },
    [...latest].map(([channel, { label }]) => h("option", { value: channel }, label)));
  select.value = via;
  return h("div", { class: "composer" }, select, input, h("button", { type: "button", id: "reply-send", onclick: send }, "Reply"));
}

/** Remembers the focus. Returns a function that restores it after redrawing. */
function focus() {
  const element = document.activeElement;
  if (!$("phone").contains(element)) return () => {};
  if (element.id) return () => $(element.id)?.focus();
  const message = element.closest("[data-message]")?.dataset.message;
  if (!message) return () => {};
  return () => $("phone").querySelector(`[data-message="${CSS.escape(message)}"] ${element.tagName.toLowerCase()}`)?.focus();
}

function draw(problem) {
  const numbers = [...new Set(messages.map((message) => message.to))].reverse();
  const latest = messages.at(-1)?.to ?? null;
  if (!chosen || !numbers.includes(number)) { number = latest; chosen = false; }
  const select = $("numbers");
  fill(select, numbers.map((value) => h("option", { value }, value)));
  select.disabled = numbers.length === 0;
  if (number !== null) select.value = number;
  if (number === null) {
    const none = [h("h3", {}, "No messages yet"), h("p", {}, "Accepted messages appear here as their recipients see them.")];
    fill($("phone"), h("div", { class: "empty" }, loaded ? none : unloaded(problem)));
    return;
  }
  const conversation = messages.filter((message) => message.to === number);
  const bubbles = conversation.flatMap((message) => [
    [message.at, bubble(message)],
    ...message.replies.map((reply) => [reply.at, answer(reply, message)]),
  ]).sort(([left], [right]) => left - right);
  const back = focus();
  const old = $("phone").querySelector(".talk");
  const gap = old ? old.scrollHeight - old.scrollTop - old.clientHeight : 0;
  const top = old?.scrollTop ?? 0;
  fill($("phone"), h("div", { class: "frame" },
    h("div", { class: "who" }, h("b", {}, number), h("span", { class: "muted" }, `${conversation.length} ${conversation.length === 1 ? "message" : "messages"}`)),
    h("ul", { class: "talk", tabindex: "0", id: "talk", "aria-label": `Conversation of ${number}` }, bubbles.map(([, element]) => element)),
    composer(conversation)));
  const talk = $("phone").querySelector(".talk");
  talk.scrollTop = gap < 24 ? talk.scrollHeight : top;
  back();
}

async function fetchAll() {
  ({ messages } = await get("messages"));
  loaded = true;
  // Redrawing would close a list that the user has open. Try again later.
  if (document.activeElement?.closest?.(".receipts select")) return later();
  draw();
}

export const load = quietly(150, () => fetchAll().catch((error) => { if (!loaded) draw(error); }));
const later = quietly(1500, load);

/** Shows the conversation of a request. */
export function show(request) {
  const message = messages.find((candidate) => candidate.request === request);
  if (!message) return;
  number = message.to;
  chosen = true;
  draw();
}

export function start() {
  $("numbers").addEventListener("change", (event) => { number = event.target.value; chosen = true; draw(); });
  draw();
}
