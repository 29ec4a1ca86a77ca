// Keys of the desk. Everything they do is a link, a field or a button on the page as well.
//   J K      down, up the rows with [data-row]        Enter  open (the row's link has the focus)
//   /        search ([data-search])                   ?      all keys (#keys)
//   digits and letters: the element with data-key="…" is clicked, on the current row first.

const rows = [...document.querySelectorAll("[data-row]")];
const dialog = document.getElementById("keys");
let at = rows.findIndex((row) => row.classList.contains("is-current"));

const typing = (target) =>
  target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.closest("dialog[open]");

const go = (step) => {
  if (!rows.length) return;
  rows[at]?.classList.remove("is-current");
  at = Math.min(rows.length - 1, Math.max(0, at + step));
  rows[at].classList.add("is-current");
  rows[at].querySelector("a.row-target")?.focus();
  rows[at].scrollIntoView({ block: "nearest" });
};

for (const [n, row] of rows.entries()) row.addEventListener("focusin", () => (at = n));

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const key = event.key.toLowerCase();
  if (key === "j") go(1);
  else if (key === "k") go(-1);
  else if (key === "/") document.querySelector("[data-search]")?.focus();
  else if (key === "?") dialog?.showModal();
  else {
    const name = `[data-key="${CSS.escape(key)}"]`;
    const target = (rows[at] ?? document).querySelector(name) ?? document.querySelector(name);
    if (!target) return;
    target.click();
  }
  event.preventDefault();
});

for (const opener of document.querySelectorAll("[data-open-keys]")) {
  opener.hidden = !dialog;
  opener.addEventListener("click", () => dialog.showModal());
}
