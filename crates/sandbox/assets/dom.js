// Creates elements. Text is inserted as text nodes only: received data is never parsed as markup.

/** An element with attributes and children; null and false are left out. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const $ = (id) => document.getElementById(id);

/** Replaces the children of an element. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
}

/** Placeholder for data that is loading or, with an error, could not be loaded. */
export function unloaded(error) {
  if (!error) return h("p", { class: "muted" }, "Loading …");
  return [h("h3", {}, "Loading failed"), h("p", {}, `${error.message}. Check that the sandbox runs, then reload the page.`)];
}

const pad = (number, width) => String(number).padStart(width, "0");

/** A timestamp in milliseconds as local time. */
export function time(millis, withMillis = true) {
  const date = new Date(millis);
  const text = `${pad(date.getHours(), 2)}:${pad(date.getMinutes(), 2)}:${pad(date.getSeconds(), 2)}`;
  return withMillis ? `${text}.${pad(date.getMilliseconds(), 3)}` : text;
}

export function took(micros) {
  if (micros < 1000) return `${micros} µs`;
  if (micros < 1e6) return `${(micros / 1000).toFixed(1)} ms`;
  return `${(micros / 1e6).toFixed(2)} s`;
}

export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

/** Shows a result for a few seconds. */
let fading;
export function notice(text, bad = false) {
  const box = $("notice");
  box.textContent = text;
  box.classList.toggle("bad", bad);
  box.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => { box.hidden = true; }, 6000);
}

/** Throttles a function: it is called at most once in `wait` milliseconds. */
export function quietly(wait, call) {
  let timer = null;
  return () => {
    timer ??= setTimeout(() => { timer = null; call(); }, wait);
  };
}
