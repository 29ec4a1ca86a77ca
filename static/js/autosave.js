// Keeps what is typed: on the server (debounced), and in this browser until the server has it.
//
//   <form method="post" data-autosave data-draft="draft:{{ user.key }}:{{ reference }}:{{ section }}">
//     <input type="hidden" name="version" value="3">
//   <p class="saved" role="status" data-save-line data-saving="Saving …" data-saved="Saved, %s"
//      data-failed="Not saved yet. A copy is kept in this browser."
//      data-out="You are signed out. A copy is kept in this browser: sign in in another tab, then go on here."
//      data-conflict="Somebody else saved this section. Save to see both."></p>
//   <section data-restore hidden>… <button type="button" data-restore-take>…</button> <button type="button" data-restore-drop>…</button></section>
//
// Asks: POST to the form's address with `Accept: application/json`. Answers: 200 {"version": 4, "saved_at": "in words"},
// 409 somebody was faster, 401/403 or a page of another address: signed out. The copy is kept per person (the key)
// and goes at sign-out (portal.js). What looks like a key or a token is never copied; nor are files and passwords.

const form = document.querySelector("form[data-autosave]");
const line = document.querySelector("[data-save-line]");
const offer = document.querySelector("[data-restore]");
const key = form?.dataset.draft;
const SECRET = /^\s*([0-9a-f]{32}|[A-Za-z0-9+/_-]{60,}={0,2})\s*$/;
const WAIT = 1500;

const fields = () =>
  [...form.elements].filter(
    (field) => field.name && !/^(csrfmiddlewaretoken|version|then)$/.test(field.name) && !/^(file|password|submit|button)$/.test(field.type),
  );
const read = () =>
  fields().map((field) => [field.name, /^(checkbox|radio)$/.test(field.type) ? [field.value, field.checked] : SECRET.test(field.value) ? "" : field.value]);
const say = (state, words = "") => {
  if (line) line.textContent = (line.dataset[state] ?? "").replace("%s", words);
};
const forget = () => localStorage.removeItem(key);

const restore = (copy) => {
  const left = [...copy];
  for (const field of fields()) {
    const at = left.findIndex(([name, value]) => name === field.name && (!Array.isArray(value) || value[0] === field.value));
    if (at < 0) continue;
    const [[, value]] = left.splice(at, 1);
    if (Array.isArray(value)) field.checked = value[1];
    else if (value) field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
};

let timer;
let busy = false;
let again = false;

const send = async () => {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  again = false;
  say("saving");
  const sent = JSON.stringify(read());
  try {
    const answer = await fetch(form.action || location.href, {
      method: "POST",
      body: new FormData(form),
      headers: { Accept: "application/json" },
      redirect: "manual",
    });
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) say("out");
    else if (answer.status === 409) say("conflict");
    else if (!answer.ok) say("failed");
    else {
      const { version, saved_at: words } = await answer.json();
      const hidden = form.elements.namedItem("version");
      if (hidden) hidden.value = version;
      if (sent === JSON.stringify(read())) forget();
      say("saved", words);
    }
  } catch {
    say("failed");
  }
  busy = false;
  if (again) send();
};

if (form) {
  const before = JSON.stringify(read());
  const kept = localStorage.getItem(key);
  if (kept && kept !== before && offer) {
    offer.hidden = false;
    offer.querySelector("[data-restore-take]").addEventListener("click", () => {
      restore(JSON.parse(kept));
      offer.hidden = true;
    });
    offer.querySelector("[data-restore-drop]").addEventListener("click", () => {
      forget();
      offer.hidden = true;
    });
  }
  form.addEventListener("input", () => {
    localStorage.setItem(key, JSON.stringify(read()));
    clearTimeout(timer);
    timer = setTimeout(send, WAIT);
  });
  form.addEventListener("submit", () => clearTimeout(timer));
}
