// Keeps what is typed: on the server (while typing and when the page is left), and in this browser until the server
// has it.
//
//   <form method="post" autocomplete="off" data-autosave data-draft="draft:PERSON:REFERENCE:SECTION" data-chosen="4">
//     <input type="hidden" name="version" value="3">
//   <p class="saved" data-save-line><span data-save-words></span></p>                what is seen
//   <p class="visually-hidden" role="status" data-save-said data-saved="Saved %s" …></p>  what is said, and the words
//   <section data-restore hidden><p data-restore-words data-kept="… on %s"></p>
//     <button type="button" data-restore-take> <button type="button" data-restore-drop></section>
//
// Asks: POST to the form's address with `Accept: application/json`. Answers: 200 {"version", "saved_at" in words,
// "unkept": labels}; 409 {"message"} somebody was faster: nothing more is sent until the person has chosen;
// 403, 404, 422 {"message"} it cannot be saved; another page: signed out.
//
// The copy is {at, version, values}; `version` is the one that the person saw, so that a copy which is used again
// can replace nothing that was saved since without being asked; for the same reason the browser must not fill the form
// in again by itself when somebody goes back (`autocomplete`). PERSON is a pseudonym: the copy is offered to nobody
// else. It goes when the server has it, with a choice between two versions (`data-chosen`), and at sign-out
// (portal.js). Files and passwords are not in it, and no key or token.

const form = document.querySelector("form[data-autosave]");
const line = document.querySelector("[data-save-line]");
const said = document.querySelector("[data-save-said]");
const offer = document.querySelector("[data-restore]");
const key = form?.dataset.draft;
const WAIT = 1500;
const RETRY = 15000;
const QUIET = 60000; // "Saved" is said once a minute at most
const LONGEST_WAIT = 10000;
const BEACON = 60000; // what a browser still sends from a page that is gone

// The same as `rules.identifiers.mask_secrets`.
const SECRETS = new RegExp(
  [
    String.raw`(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*){0,3}`,
    String.raw`(?:[Bb][Ee][Aa][Rr][Ee][Rr]|[Bb][Aa][Ss][Ii][Cc])\s+[A-Za-z0-9._~+/-]{16,}=*`,
    String.raw`(?<![0-9A-Za-z])[0-9a-fA-F]{28,}(?![0-9A-Za-z])`,
    String.raw`(?<![0-9A-Za-z+/])[A-Za-z0-9+/]{40,}={1,2}`,
    String.raw`(?<![0-9A-Za-z])(?=[a-zA-Z]*[0-9])(?=[a-z0-9]*[A-Z])(?=[A-Z0-9]*[a-z])[A-Za-z0-9]{40,}(?![0-9A-Za-z])`,
  ].join("|"),
  "g",
);
const NAMED = /(?:(?:account|access|shared|api|subscription)[-_ ]?key|client[-_ ]?secret|password|sig)["']?\s*[=:]\s*["']?[^\s;,&"']{8,}/gi;
const mask = (text) => text.replace(SECRETS, "***").replace(NAMED, "***");

const chosen = (field) => /^(checkbox|radio)$/.test(field.type);
const fields = () =>
  [...form.elements].filter(
    (field) => field.name && !field.disabled && !/^(hidden|file|password|submit|button|fieldset)$/.test(field.type),
  );
const read = () => JSON.stringify(fields().map((field) => [field.name, chosen(field) ? [field.value, field.checked] : field.value]));
const masked = () =>
  fields().map((field) => [field.name, chosen(field) ? [field.value, field.checked] : mask(field.value)]);
const version = () => form.elements.namedItem("version");

// --- the copy in this browser ---

let written; // what this page wrote: another window's copy is not ours to remove
const copy = () => {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
};
const keep = () => {
  written = JSON.stringify({ at: Date.now(), version: Number(version().value), values: masked() });
  try {
    localStorage.setItem(key, written);
  } catch {
    written = undefined; // full, or not allowed: the words say so when it matters
  }
};
const forget = (any = false) => {
  try {
    if (any || localStorage.getItem(key) === written) localStorage.removeItem(key);
  } catch {
    // nothing was kept
  }
};

// --- what is seen, and what is said ---

let spoken = "";
let spokenAt = 0;
const say = (state, words = "", more = "") => {
  const text = `${said.dataset[state].replace("%s", words)}${more}`;
  line.hidden = false;
  line.toggleAttribute("data-trouble", !["saved", "saving"].includes(state));
  line.querySelector("[data-save-words]").textContent = text;
  if (state === "saving" || (state === spoken && Date.now() - spokenAt < QUIET)) return;
  spoken = state;
  spokenAt = Date.now();
  said.textContent = text;
};
const trouble = (state, message = "") => {
  const uncopied = state === "failed" && !written;
  say(uncopied ? "uncopied" : state);
  if (message) {
    const text = `${message} ${state === "conflict" ? said.dataset.conflict : ""}`.trim();
    line.querySelector("[data-save-words]").textContent = said.textContent = text;
  }
};

// --- saving ---

let clean; // what the server has
let flight = null;
let timer;
let stopped = false; // until the person has chosen, signed in, or opened the page again
const dirty = () => read() !== clean;
const later = (wait = WAIT) => {
  clearTimeout(timer);
  if (!stopped) timer = setTimeout(send, wait);
};
const send = () => {
  clearTimeout(timer);
  if (stopped || !dirty()) return Promise.resolve();
  flight ??= post(true).finally(() => {
    flight = null;
  });
  return flight;
};

const post = async (again) => {
  const sent = read();
  const body = new URLSearchParams(new FormData(form));
  say("saving");
  let answer;
  try {
    answer = await fetch(location.href, {
      method: "POST",
      body,
      headers: { Accept: "application/json" },
      redirect: "manual",
      keepalive: String(body).length < BEACON, // it goes on when the page is left or closed meanwhile
      signal: AbortSignal.timeout(LONGEST_WAIT),
    });
  } catch {
    trouble("failed");
    later(RETRY);
    return;
  }
  const told = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : null;
  if (answer.ok && told) {
    version().value = told.version;
    clean = sent;
    if (dirty()) {
      keep();
      later();
    } else forget();
    if (told.unkept.length) {
      keep();
      say("unkept", told.saved_at, ` ${told.unkept.join(", ")}`);
    } else say("saved", told.saved_at);
  } else if (told) {
    stopped = true;
    trouble(answer.status === 409 ? "conflict" : "failed", told.message);
  } else if (answer.type === "opaqueredirect") out("out");
  else if (answer.status === 403 && again) await renew();
  else {
    trouble("failed");
    later(RETRY);
  }
};
const out = (state) => {
  stopped = true;
  trouble(state);
};

// Who signed in again in another window goes on here: the form's mark belongs to the session before.
const renew = async () => {
  const answer = await fetch(location.href, { redirect: "manual" }).catch(() => null);
  if (!answer?.ok) return out("out");
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("form[data-autosave]");
  if (fresh?.dataset.draft !== key) return out("other");
  form.elements.namedItem("csrfmiddlewaretoken").value = fresh.elements.namedItem("csrfmiddlewaretoken").value;
  return post(false);
};
const back = () => {
  if (document.visibilityState === "visible" && spoken === "out" && stopped) {
    stopped = false;
    send();
  }
};

/** Everything that was typed is on the server, or the words say why not. */
const settle = async () => {
  await flight;
  await send();
  return !dirty();
};

// --- what was kept when the page or the session was lost ---

const take = (values) => {
  const left = [...values];
  let first;
  for (const field of fields()) {
    const at = left.findIndex(([name, value]) => name === field.name && (!chosen(field) || value[0] === field.value));
    if (at < 0) continue;
    const [[, value]] = left.splice(at, 1);
    if (chosen(field) ? field.checked === value[1] : field.value === value) continue;
    if (chosen(field)) field.checked = value[1];
    else field.value = value;
    first ??= field;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  first?.focus();
};

const offerCopy = () => {
  const kept = copy();
  const same = kept && JSON.stringify(kept.values) === JSON.stringify(masked());
  const settled = kept && Number(form.dataset.chosen) > kept.version;
  if (same && "unkept" in form.dataset) return; // too long for the server: the copy is all there is
  if (!kept?.values || same || settled) {
    forget(true);
    return;
  }
  const words = offer.querySelector("[data-restore-words]");
  const language = document.documentElement.lang.replace(/^en$/, "en-GB"); // the day first, as everywhere here
  const at = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" });
  words.textContent = words.dataset.kept.replace("%s", at.format(kept.at));
  offer.hidden = false;
  said.textContent = words.textContent;
  offer.querySelector("[data-restore-take]").addEventListener("click", () => {
    version().value = kept.version;
    offer.hidden = true;
    take(kept.values);
  });
  offer.querySelector("[data-restore-drop]").addEventListener("click", () => {
    forget(true);
    offer.hidden = true;
    fields()[0]?.focus();
  });
};

// --- wiring ---

if (form) {
  let passing = false; // the form, or the sign-out, is on its way
  clean = "unsaved" in form.dataset ? "" : read();
  offerCopy();

  form.addEventListener("input", () => {
    passing = false;
    if (dirty()) keep();
    else forget();
    later();
  });
  form.addEventListener("submit", async (event) => {
    if (passing || stopped || !(flight || dirty())) return;
    event.preventDefault();
    passing = true;
    await settle();
    delete form.dataset.sent; // see portal.js
    form.requestSubmit(event.submitter);
  });
  // Before portal.js forgets the copies: what was typed last is saved, or the person knows that it is not.
  document.addEventListener(
    "submit",
    async (event) => {
      if (passing || !event.target.matches("[data-sign-out]") || !(flight || dirty())) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const saved = await settle();
      passing = true;
      if (saved) event.target.requestSubmit(event.submitter);
      else trouble("leave");
    },
    true,
  );
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && !passing) send();
    else back();
  });
  addEventListener("focus", back);
  addEventListener("pagehide", () => {
    if (!passing) send();
  });
  addEventListener("pageshow", () => {
    passing = false;
  });
}
