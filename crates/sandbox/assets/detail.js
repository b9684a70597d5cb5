// One request with its details.
import { get, outcome, post } from "./api.js";
import { diff } from "./diff.js";
import { $, fill, h, notice, size, time, took, unloaded } from "./dom.js";

const box = $("detail");
let openId = null;
let round = 0;
/** The folded sections. They stay folded for other requests. */
const folded = new Set(["Headers"]);

function section(title, ...children) {
  const details = h("details", { class: "section", open: !folded.has(title) }, h("summary", {}, title), children);
  details.addEventListener("toggle", () => (details.open ? folded.delete(title) : folded.add(title)));
  return details;
}

function nothing() {
  fill(box, h("div", { class: "empty" },
    h("h3", {}, "No request is open"),
    h("p", {}, "Choose one from the list: click it, or move with ", h("kbd", {}, "j"), " and ", h("kbd", {}, "k"), " and press ", h("kbd", {}, "Enter"), ".")));
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

/** JSON with syntax highlighting. */
function coloured(text) {
  const parts = [];
  let last = 0;
  for (const match of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g)) {
    parts.push(text.slice(last, match.index));
    const kind = match[1] ? (match[2] ? "key" : "string") : "other";
    parts.push(h("span", { class: `json-${kind}` }, match[1] ?? match[0]), match[2] ?? "");
    last = match.index + match[0].length;
  }
  parts.push(text.slice(last));
  return parts;
}

/** `address` is the URL of all bytes. */
function bytes(body, address) {
  const whole = h("a", { href: address, download: "" }, "Save the whole");
  if (body.kind === "empty") return h("p", { class: "muted" }, "Empty.");
  if (body.kind === "binary") return h("p", { class: "muted" }, `${size(body.bytes)} of binary data. `, whole);
  if (body.kind === "multipart") {
    return [h("table", {}, h("thead", {}, h("tr", {}, ["Part", "File", "Type", "Size", "Text"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, body.parts.map((part) => h("tr", {},
        h("td", {}, part.name), h("td", {}, part.file_name ?? "–"), h("td", {}, part.content_type ?? "–"),
        h("td", {}, size(part.bytes)), h("td", { class: "mono" }, part.text ?? "–"))))),
      h("p", { class: "muted" }, body.cut ? `Not all parts are shown; the whole is ${size(body.bytes)}. ` : null, whole)];
  }
  const isJson = body.kind === "json" && !body.cut;
  return [
    h("pre", { class: "mono", tabindex: "0" }, isJson ? coloured(pretty(body.text)) : body.text),
    body.cut ? h("p", { class: "muted" }, `Cut; the whole is ${size(body.bytes)}. `, whole) : null,
  ];
}

function marked(side, kind) {
  return side.map(([text, differs]) => {
    if (!differs) return text;
    if (text === "") return h("mark", { class: `gap ${kind}`, title: "something is missing here" }, "‸");
    return h("mark", { class: kind }, text.replaceAll("\n", "↵\n"));
  });
}

function strings(detail) {
  const { signing, verdict } = detail;
  if (!signing) return null;
  if (signing.note) return section("String to sign", h("p", { class: "muted" }, signing.note));
  if (!signing.server) return section("String to sign", h("p", { class: "muted" }, "Not available: a common parameter or the account is missing."));
  const wrong = verdict.cause === "signature";
  const pane = (title, id, note, content) => h("div", { class: "string" }, h("h4", {}, title), note ? h("p", { class: "muted" }, note) : null,
    h("pre", { class: "mono wrap", id, tabindex: "0" }, content));
  const scheme = h("p", { class: "muted" }, `${signing.scheme}; the secret is shown as ***.`);
  if (!wrong) return section("String to sign", scheme, pane("As the server computed it", "server-string", null, signing.server));
  if (!signing.client) {
    return section("String to sign", scheme, pane("As the server computed it", "server-string", null, signing.server),
      h("p", {}, "What the client signed is not known: no documented mistake produces its signature. If the client's string equals the string above, its secret is wrong."));
  }
  const same = signing.server === signing.client;
  const [server, client] = diff(signing.server, signing.client);
  return section("String to sign", scheme, h("div", { class: "strings" },
    pane("As the server computed it", "server-string", same ? null : "underlined: what the client did not sign", marked(server, "server")),
    pane("As the client signed it", "client-string", same ? "the same: only the signature is written differently" : "dotted: what the server did not receive", marked(client, "client"))));
}

function pushes(detail, resend) {
  if (detail.pushes.length === 0) return section("Pushes that followed", h("p", { class: "muted" }, "None so far."));
  return section("Pushes that followed", h("ul", { class: "deliveries" }, detail.pushes.map((push) => h("li", {},
    h("div", { class: "line" },
      h("span", { class: `chip ${push.outcome === "accepted" ? "ok" : "bad"}` }, push.outcome === "accepted" ? "✓ accepted" : `✕ ${push.outcome}`),
      h("b", {}, push.push), h("span", { class: "muted" }, `attempt ${push.attempt}, ${time(push.at, false)}`),
      h("span", { class: "grow" }),
      h("button", { type: "button", class: "quiet", onclick: () => resend(push.id) }, "Resend")),
    h("div", { class: "muted break" }, push.url), push.outcome === "accepted" ? null : h("div", {}, outcome(push)),
    h("details", {}, h("summary", {}, "Fields"), h("pre", { class: "mono", tabindex: "0" }, coloured(JSON.stringify(push.fields, null, 2))))))));
}

async function resend(id) {
  try {
    const { deliveries } = await post("pushes/resend", { delivery: id });
    const last = deliveries.at(-1);
    notice(`${last.push}: ${outcome(last)}`, last.outcome !== "accepted");
  } catch (error) { notice(error.message, true); }
}

function draw(detail) {
  const { verdict } = detail;
  const name = detail.operation ?? `${detail.method} ${detail.path}`;
  $("detail-title").textContent = `#${detail.id} ${name}`;
  const fact = (term, value) => [h("dt", {}, term), h("dd", {}, value)];
  fill(box,
    h("div", { class: `verdict ${verdict.accepted ? "ok" : "bad"}` },
      h("p", { class: "headline" }, verdict.accepted ? "✓ Accepted" : `✕ Refused with ${verdict.code}: ${verdict.message}`),
      verdict.explanation ? h("p", { id: "cause" }, h("b", {}, verdict.likely_cause), " – ", verdict.explanation) : null,
      verdict.advice ? h("p", { id: "advice" }, h("b", {}, "What to change: "), verdict.advice) : null),
    h("dl", { class: "facts" },
      fact("Request", h("code", { class: "break" }, `${detail.method} ${detail.path}${detail.query ? `?${detail.query}` : ""}`)),
      fact("Service", `${detail.service ?? "none"}${detail.operation ? `, ${detail.operation}` : ""}`),
      detail.to ? fact("To", detail.to) : [],
      fact("Received at", time(detail.received_at)), fact("Took", took(detail.took_micros)),
      fact("HTTP status", String(detail.status))),
    strings(detail),
    section("Body", bytes(detail.body, `requests/${detail.id}/body`)),
    section("Reply", bytes(detail.reply, `requests/${detail.id}/reply`)),
    pushes(detail, resend),
    section("Headers", h("table", { class: "headers" }, h("tbody", {}, detail.headers.map(([header, value]) =>
      h("tr", {}, h("th", { scope: "row" }, header), h("td", { class: "mono break" }, value)))))));
}

export async function open(id, focus) {
  openId = id;
  round += 1;
  const mine = round;
  if (!box.dataset.id) fill(box, h("div", { class: "empty" }, unloaded()));
  try {
    const detail = await get(`requests/${id}`);
    if (mine !== round) return;
    draw(detail);
    box.dataset.id = id;
    $("close-detail").hidden = false;
    if (focus) { box.scrollTop = 0; }
  } catch (error) {
    if (mine === round) fill(box, h("p", { class: "empty" }, error.message));
  }
}

/** Whether this request is open. */
export const shows = (id) => openId !== null && openId === id;

/** Reloads the open request. */
export function refresh() {
  if (openId !== null) {
    const top = box.scrollTop;
    const places = () => [...box.querySelectorAll("button, summary, pre")];
    const focused = places().indexOf(document.activeElement);
    open(openId, false).then(() => {
      box.scrollTop = top;
      if (focused >= 0) places()[focused]?.focus({ preventScroll: true });
    });
  }
}

export function close() {
  openId = null;
  round += 1;
  delete box.dataset.id;
  $("detail-title").textContent = "Detail";
  $("close-detail").hidden = true;
  nothing();
}
