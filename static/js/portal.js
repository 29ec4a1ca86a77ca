// Enhancements only: every journey works without this file. No inline handlers, so the policy needs no nonce.

const later = (fn, wait) => {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => fn(...args), wait);
  };
};

// The error summary takes the focus; a link in it puts the focus into the field.
const summary = document.querySelector("[data-error-summary]");
if (summary) {
  summary.focus();
  summary.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const field = link && document.getElementById(link.getAttribute("href").slice(1));
    if (!field) return;
    event.preventDefault();
    (field.closest(".mb-3") ?? field).scrollIntoView({ block: "start" });
    field.focus({ preventScroll: true });
  });
}

// <button type="button" data-copy="text" data-copied="Copied"> says so in place; hidden until it can work.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  const words = button.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = button.dataset.copied;
    setTimeout(() => (button.textContent = words), 2500);
  });
}

// A long id is read back beneath its field as it is typed, breaking only after a dash.
for (const output of document.querySelectorAll("[data-read-back-of]")) {
  const field = document.getElementById(output.dataset.readBackOf);
  field?.addEventListener("input", () => {
    const id = document.createElement("span");
    id.className = "id";
    field.value.split("-").forEach((group, n) => {
      if (n) id.append("-", document.createElement("wbr"));
      id.append(group);
    });
    output.replaceChildren(id);
  });
}

// The theme changes at once, without a new page.
for (const form of document.querySelectorAll("[data-theme-choice]")) {
  form.addEventListener("submit", (event) => {
    const chosen = event.submitter?.value ?? "";
    event.preventDefault();
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `theme=${chosen}; path=/; max-age=${chosen ? 31536000 : 0}; samesite=lax${secure}`;
    document.documentElement.dataset.theme = chosen;
    document.body.classList.remove("theme-light", "theme-dark");
    for (const button of form.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.value === chosen));
    }
  });
}

// A form that is on its way is not sent twice; the server would take it as one anyway.
for (const form of document.querySelectorAll("form[method='post']:not([data-theme-choice])")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// What a person typed and kept in this browser goes with them at sign-out (see autosave.js), and by itself in time.
const forgetCopies = (which) => {
  try {
    for (const [key, copy] of Object.entries(localStorage)) {
      if (key.startsWith("draft:") && which(copy)) localStorage.removeItem(key);
    }
  } catch {
    // this browser keeps nothing
  }
};
for (const form of document.querySelectorAll("[data-sign-out]")) {
  form.addEventListener("submit", () => forgetCopies(() => true));
}
const DAYS_KEPT = 14;
forgetCopies((copy) => !(JSON.parse(copy).at > Date.now() - DAYS_KEPT * 86400000));

// A filter form sends itself when a choice changes; its button stays for everybody else.
for (const form of document.querySelectorAll("form[data-filter]")) {
  form.addEventListener("change", later(() => form.requestSubmit(), 150));
}
