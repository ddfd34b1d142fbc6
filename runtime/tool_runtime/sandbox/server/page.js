"use strict";
// Everything shown came from outside: it is put in as text, never as markup.
const api = "/__sandbox";
const byId = (id) => document.getElementById(id);
const shown = { view: "requests", resource: null, call: null };
let requests = [], frozen = false, info = null, planned = null;

function make(tag, text, attributes = {}) {
  const node = document.createElement(tag);
  if (text !== undefined && text !== null) node.textContent = String(text);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  return node;
}

function trouble(text) { byId("trouble").hidden = !text; byId("trouble").textContent = text || ""; }

async function ask(path, method = "GET", body = undefined) {
  try {
    const reply = await fetch(api + path, { method, headers: body === undefined ? {} : { "content-type": "application/json" }, body: body === undefined ? undefined : JSON.stringify(body) });
    const told = await reply.json();
    if (!reply.ok) { trouble([told.error, told.hint].filter(Boolean).join(" ")); return null; }
    // Looking again takes back no message about what somebody did.
    if (method !== "GET") trouble("");
    return told;
  } catch (error) { trouble("The sandbox does not answer: " + error.message); return null; }
}

const time = (ms) => new Date(ms).toISOString().slice(11, 19);
const kindOf = (status) => status === null ? "bad" : status < 300 ? "good" : status < 500 ? "warm" : "bad";
function detail(value) { const box = byId("detail"); box.querySelector("pre").textContent = JSON.stringify(value, null, 2); box.showModal(); }

function row(cells, open) {
  const line = make("tr");
  // Long cells may be broken anywhere, the others nowhere.
  for (const cell of cells) line.append(cell instanceof Node ? cell : make("td", cell, String(cell ?? "").length > 32 ? { class: "long" } : {}));
  if (open) {
    line.tabIndex = 0;
    line.addEventListener("click", (event) => { if (!event.target.closest("button")) open(); });
    line.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target === line) { event.preventDefault(); open(); } });
  }
  return line;
}

function readable(request) {
  let reply = request.reply;
  try { reply = JSON.parse(request.reply); } catch { /* not every reply is JSON */ }
  return { ...request, reply };
}

function drawRequests() {
  const wanted = byId("filter").value.toLowerCase();
  const fits = (one) => !wanted || `${one.tool} ${one.method} ${one.path} ${one.status} ${one.failure}`.toLowerCase().includes(wanted);
  const chosen = requests.filter(fits).slice(-200).reverse();
  byId("no-requests").hidden = requests.length > 0;
  byId("count-requests").textContent = requests.length || "";
  // Rows that stand already are left alone: somebody may be on one of them.
  const drawn = chosen.map((one) => one.number).join();
  if (byId("requests").dataset.drawn === drawn) return;
  byId("requests").dataset.drawn = drawn;
  byId("requests").replaceChildren(...chosen.map((one) => row([one.number, time(one.at_ms), `${one.method} ${one.path}`, one.tool ?? "",
    make("td", one.status ?? "no answer", { class: kindOf(one.status) }), one.failure ?? ""], () => detail(readable(one)))));
}

async function drawRecords() {
  const counts = await ask("/records");
  if (!counts) return;
  byId("resources").replaceChildren(...Object.entries(counts).map(([name, count]) => {
    const item = make("li");
    item.append(make("button", `${name.replaceAll("_", " ")} (${count})`, { type: "button", "aria-current": String(name === shown.resource), onclick: () => { shown.resource = name; drawRecords(); } }));
    return item;
  }));
  if (!shown.resource) return;
  const told = await ask(`/records/${shown.resource}`);
  if (told) byId("records").replaceChildren(...(told.records.length ? told.records.map((one) => make("pre", JSON.stringify(one, null, 2))) : [make("p", "There are none.", { class: "empty" })]));
}

function turn(one) {
  const isCall = one.content === undefined || one.tool_call_id !== undefined;
  const line = make("div", null, { class: `said ${isCall ? "call" : one.role}` });
  line.append(make("b", one.role.replaceAll("_", " ")), make("span", one.content ?? `${one.name}(${one.arguments ?? ""})`));
  return line;
}

async function drawCalls() {
  const told = await ask("/records/call");
  if (!told) { return; }
  byId("calls").replaceChildren(...told.records.map((one) => {
    const item = make("li");
    item.append(make("button", `${one.call_status}  ${one.to_number ?? one.call_type}  ${one.call_id}`, { type: "button", "aria-current": String(one.call_id === shown.call), onclick: () => { shown.call = one.call_id; drawCalls(); } }));
    return item;
  }));
  const call = told.records.find((one) => one.call_id === shown.call);
  if (!call) return;
  const typed = byId("say-text") ? byId("say-text").value : "", named = byId("function-name") ? byId("function-name").value : "";
  const box = byId("call");
  const title = make("h2", `${call.call_id}: ${call.call_status}${call.disconnection_reason ? " (" + call.disconnection_reason + ")" : ""}`);
  const act = (name, body = {}) => async () => { await ask(`/records/call/${encodeURIComponent(call.call_id)}/${name}`, "POST", body); drawCalls(); };
  const tools = make("div", null, { class: "tools" });
  if (call.call_status === "registered") tools.append(make("button", "Answer", { type: "button", onclick: act("answer") }), make("button", "Decline", { type: "button", onclick: act("decline") }));
  if (call.call_status === "ongoing") {
    const say = make("form", null, { class: "tools" });
    const text = make("input", null, { id: "say-text", "aria-label": "What is said", size: "40", placeholder: "Say something as the person" });
    text.value = typed;
    say.append(text, make("button", "Say"));
    say.addEventListener("submit", (event) => { event.preventDefault(); const words = text.value; text.value = ""; act("say", { text: words })(); });
    const calls = make("form", null, { class: "tools" });
    const name = make("input", null, { id: "function-name", "aria-label": "Name of the function", size: "18", placeholder: "A custom function" });
    name.value = named;
    calls.append(name, make("button", "Call it"));
    calls.addEventListener("submit", (event) => { event.preventDefault(); act("call_function", { name: name.value })(); });
    tools.append(make("button", "Hang up", { type: "button", onclick: act("hang_up") }), say);
    if ("call_function" in info.resources.call.interventions) tools.append(calls);
  }
  const talk = (call.transcript_with_tool_calls ?? call.transcript_object ?? []).map(turn);
  box.replaceChildren(title, tools, ...(talk.length ? talk : [make("p", "Nothing was said yet.", { class: "empty" })]), make("pre", JSON.stringify(call, null, 2)));
}

async function drawFailures() {
  const told = await ask("/failures");
  if (!told) return;
  byId("failures").replaceChildren(...told.failures.map((one) => {
    const { number, kind, tool, left, struck, ...rest } = one;
    const cell = make("td");
    cell.append(make("button", "Switch off", { type: "button", onclick: async () => { await ask(`/failures/${number}`, "DELETE"); drawFailures(); } }));
    return row([number, kind, tool ?? "any", Object.entries(rest).filter(([name]) => name !== "times").map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(", "), left ?? "always", struck, cell]);
  }));
  byId("no-failures").hidden = told.failures.length > 0;
  byId("count-failures").textContent = told.failures.length || "";
}

async function drawWebhooks() {
  const told = await ask("/webhooks");
  if (!told) return;
  if (document.activeElement !== byId("address").url) byId("address").url.value = told.url ?? "";
  byId("webhooks").replaceChildren(...told.webhooks.slice(-200).reverse().map((one) => {
    const cell = make("td");
    cell.append(make("button", "Resend", { type: "button", onclick: async () => { await ask(`/webhooks/${one.number}/resend`, "POST", {}); drawWebhooks(); } }));
    const state = make("td", one.state.replaceAll("_", " ") + (one.twist ? `, ${one.twist.replaceAll("_", " ")}` : ""), { class: one.state === "delivered" ? "good" : one.state === "failed" ? "bad" : "warm" });
    return row([one.number, time(one.created / 1000), one.event, one.record, one.url ?? "", state, [one.attempts.map((each) => each.status ?? each.error).join(", "), ...one.faults].filter(Boolean).join("; "), cell],
      () => detail({ ...one, body: one.body ? JSON.parse(one.body) : "" }));
  }));
  byId("no-webhooks").hidden = told.webhooks.length > 0;
  byId("count-webhooks").textContent = told.webhooks.length || "";
}

async function drawClock() {
  const told = await ask("/clock");
  if (!told) return;
  frozen = told.mode === "frozen";
  byId("now").textContent = told.now.replace("T", " ").replace("Z", " UTC");
  byId("mode").textContent = told.mode;
  byId("freeze").textContent = frozen ? "run" : "freeze";
  byId("freeze").hidden = told.mode === "virtual";
}

const draw = { requests: drawRequests, records: drawRecords, calls: drawCalls, failures: drawFailures, webhooks: drawWebhooks };

function look(view) {
  shown.view = view;
  for (const tab of document.querySelectorAll("[role=tab]")) tab.setAttribute("aria-selected", String(tab.dataset.view === view));
  for (const section of document.querySelectorAll("section")) section.hidden = section.dataset.view !== view;
  draw[view]();
}

// Many things may happen at once: they are drawn together.
function soon() { planned ??= setTimeout(() => { planned = null; draw[shown.view](); if (shown.view !== "webhooks") drawWebhooks(); }, 150); }

function add(more) {
  const known = new Set(requests.map((one) => one.number));
  requests = [...requests, ...more.filter((one) => !known.has(one.number))].sort((one, other) => one.number - other.number).slice(-1000);
  drawRequests();
}

function watch() {
  const events = new EventSource(api + "/events");
  events.onmessage = (message) => {
    const told = JSON.parse(message.data);
    if (told.type === "request") add([told.request]);
    soon();
  };
  events.onerror = () => trouble("The sandbox does not answer. It may have ended.");
  // What came before the stream was open, or while it was broken, is asked for.
  events.onopen = async () => { trouble(""); add(((await ask("/requests?limit=1000")) ?? { requests: [] }).requests); soon(); };
}

async function start() {
  info = await ask("/info");
  const health = await ask("/health");
  if (!info || !health) return;
  byId("title").textContent = `Sandbox of ${health.title}`;
  document.title = byId("title").textContent;
  for (const node of document.querySelectorAll(".origin")) node.textContent = location.origin;
  document.querySelector("[role=tab][data-view=calls]").hidden = !("call" in info.resources);
  byId("kinds").append(...info.failures.map((kind) => make("option", kind)));
  byId("tools").append(...info.tools.map((tool) => make("option", tool)));
  byId("twists").append(...info.twists.map((kind) => make("option", kind)));
  const fields = Object.keys(info.resources.call?.interventions.incoming ?? {});
  byId("incoming").hidden = fields.length === 0;
  byId("incoming-fields").append(...fields.map((name) => make("input", null, { name, required: "", size: "16", "aria-label": name.replaceAll("_", " "), placeholder: name.replaceAll("_", " ") })));
  const personas = Object.values(info.resources).flatMap((one) => one.personas).filter((one) => /^\d+$/.test(one.ends));
  byId("personas").replaceChildren(...personas.map((one) => row([`… ${one.ends}`, one.name.replaceAll("_", " "), one.summary])));
  drawFailures(); drawWebhooks(); drawClock();
  watch();
  setInterval(drawClock, 1000);
  setInterval(() => { if (shown.view === "calls" && !["say-text", "function-name"].includes(document.activeElement.id)) drawCalls(); }, 1000);
}

document.querySelector("nav").addEventListener("click", (event) => { const tab = event.target.closest("[role=tab]"); if (tab) look(tab.dataset.view); });
document.querySelector(".clock").addEventListener("click", async (event) => {
  const button = event.target.closest("[data-clock]");
  if (!button) return;
  await ask("/clock", "POST", JSON.parse(button.dataset.clock)); drawClock(); draw[shown.view]();
});
byId("freeze").addEventListener("click", async () => { await ask("/clock", "POST", { freeze: !frozen }); drawClock(); });
byId("reset").addEventListener("click", async () => { await ask("/reset", "POST"); requests = []; drawRequests(); draw[shown.view](); drawFailures(); });
byId("filter").addEventListener("input", drawRequests);
byId("fail").addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = Object.fromEntries([...new FormData(event.target)].filter(([, value]) => value !== ""));
  for (const name of ["times", "probability", "status", "retry_after", "delay"]) if (name in given) given[name] = Number(given[name]);
  if (!("times" in given)) given.times = null;
  await ask("/failures", "POST", given); drawFailures();
});
byId("address").addEventListener("submit", async (event) => { event.preventDefault(); await ask("/webhooks/settings", "PUT", { url: event.target.url.value || null }); drawWebhooks(); });
byId("incoming").addEventListener("submit", async (event) => {
  event.preventDefault();
  const made = await ask("/records/call", "POST", Object.fromEntries(new FormData(event.target)));
  if (made) { shown.call = made.call_id ?? null; drawCalls(); }
});
byId("twists").addEventListener("change", async (event) => { if (event.target.value) await ask("/webhooks/twists", "POST", { kind: event.target.value, times: 1 }); event.target.value = ""; });
start();
