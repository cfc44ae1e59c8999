// Keys on lists of tickets: j and k move, o opens, x selects where there are boxes; on the TPM desk also the
// preview, its actions, u and ?.
// Keys never fire while somebody types, or while a dialog is open.
(() => {
  "use strict";

  const desk = document.querySelector("[data-desk]");
  const preview = document.getElementById("preview");
  const lines = () => [...document.querySelectorAll(".ticket-row")];
  let afterG = false;

  function selected() {
    const all = lines();
    const index = all.findIndex((line) => line.classList.contains("is-selected"));
    return index;
  }

  function select(index) {
    const all = lines();
    if (!all.length) return;
    const line = all[Math.max(0, Math.min(index, all.length - 1))];
    all.forEach((each) => each.classList.toggle("is-selected", each === line));
    line.querySelector("a").focus({ preventScroll: true });
    line.scrollIntoView({ block: "nearest" });
    if (desk) show(line.dataset.number);
  }

  // What the preview shows, and the keys that act on it, must be the selected ticket's: an answer
  // that comes late for another ticket is dropped, and a key waits for the preview.
  let awaited = "";
  let waiting = "";
  let timer = 0;

  function show(number) {
    if (!preview || !window.htmx) return;
    awaited = number;
    waiting = "";
    preview.setAttribute("aria-busy", "true");
    // Who runs down the list with j wants the ticket at which they stop.
    window.clearTimeout(timer);
    timer = window.setTimeout(() => {
      window.htmx.ajax("GET", preview.dataset.url + number, {
        source: preview, target: "#preview", swap: "innerHTML",
      });
    }, 60);
  }

  if (preview) {
    preview.addEventListener("htmx:beforeSwap", (event) => {
      if (!event.detail.pathInfo.requestPath.endsWith("=" + awaited)) event.detail.shouldSwap = false;
    });
    preview.addEventListener("htmx:afterSwap", () => {
      awaited = "";
      preview.removeAttribute("aria-busy");
      if (waiting) press(waiting);
      waiting = "";
    });
  }

  function press(key) {
    if (awaited && key !== "u") {
      waiting = key;
      return true;
    }
    const target = document.querySelector(`[data-key="${key}"]`);
    if (!target) return false;
    if (target.matches("input")) target.focus();
    else target.click();
    return true;
  }

  // Selecting: x ticks the line; then the keys of actions act on all that are ticked.
  const many = document.querySelector("[data-selected]");
  const MANY = { a: "assign", 2: "duplicate", i: "join", h: "hold", s: "spam" };
  const ticked = () => [...document.querySelectorAll(".ticket-pick input:checked")];

  function tick() {
    const box = lines()[selected()]?.querySelector(".ticket-pick input");
    if (!box) return false;
    box.click();
    return true;
  }

  function pressMany(key) {
    const button = many && MANY[key] && ticked().length && many.querySelector(`[data-many="${MANY[key]}"]`);
    if (!button) return false;
    button.click();
    return true;
  }

  document.addEventListener("change", (event) => {
    if (!event.target.closest(".ticket-pick")) return;
    const words = document.querySelector("[data-chosen]");
    if (words) words.textContent = `${ticked().length} ${words.dataset.chosen}`;
    window.juno?.say(`${ticked().length} ${words ? words.dataset.chosen : ""}`);
  });

  // The form of an action comes into the preview; without this it is a page of its own.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens-act]");
    if (opener && window.htmx && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      window.htmx.ajax("GET", opener.getAttribute("href"), { target: "#desk-form", swap: "innerHTML" });
    }
    if (event.target.closest("[data-closes-act]") && document.getElementById("desk-form")) {
      event.preventDefault();
      close();
    }
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "desk-form") return;
    const field = event.detail.target.querySelector(".form-field input, .form-field textarea");
    event.detail.target.scrollIntoView({ block: "nearest" });
    if (field) field.focus();
  });

  function close() {
    const form = document.getElementById("desk-form");
    if (!form || !form.firstElementChild) return false;
    form.replaceChildren();
    focusLine();
    return true;
  }

  function focusLine() {
    lines()[selected()]?.querySelector("a").focus({ preventScroll: true });
  }

  // On the desk a click on a line shows it beside the list; with a modifier it opens as any link.
  if (desk && window.matchMedia("(min-width: 1080px)").matches) {
    desk.addEventListener("click", (event) => {
      const link = event.target.closest(".ticket-link");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      select(lines().indexOf(link.closest(".ticket-row")));
    });
  }

  const dialog = document.querySelector("[data-keys-dialog]");
  document.querySelector("[data-shows-keys]")?.addEventListener("click", () => dialog?.showModal());

  const notice = document.querySelector("[data-undo-until]");
  if (notice) {
    const left = Date.parse(notice.dataset.undoUntil) - Date.now();
    window.setTimeout(() => notice.remove(), Math.max(1000, Math.min(left, 10000)));
    const words = notice.querySelector("[data-said]");
    // What stands in a live region from the start is not read out; what comes into it is.
    const said = words ? words.textContent : "";
    if (words) words.textContent = "";
    window.setTimeout(() => { if (words) words.textContent = said; }, 60);
  }
  // After an action the keys go on at the next line.
  if (desk && /[?&](done|undone)=/.test(window.location.search)) focusLine();

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (typing) {
      if (event.key === "Escape" && !(typing.closest("#desk-form") && close())) {
        typing.blur();
        focusLine();
      }
      return;
    }
    if (afterG && event.key === "q") {
      window.location.href = "/tickets/";
      return;
    }
    afterG = event.key === "g";
    const done =
      (event.key === "j" && (select(selected() + 1), true)) ||
      (event.key === "k" && (select(selected() - 1), true)) ||
      (event.key === "o" && open()) ||
      (event.key === "?" && dialog && (dialog.showModal(), true)) ||
      (event.key === "Escape" && close()) ||
      (event.key === "x" && tick()) ||
      pressMany(event.key) ||
      (["1", "2", "3", "a", "e", "h", "i", "s", "u"].includes(event.key) && press(event.key));
    if (done) event.preventDefault();
  });

  function open() {
    const line = lines()[selected()];
    if (!line) return false;
    window.location.href = line.querySelector("a").href;
    return true;
  }
})();
