// What every page does with a script. Everything here has a way that works without one.
"use strict";

(function () {
  const announce = document.getElementById("announce");

  /** Say words to a screen reader, without showing them. */
  function say(words) {
    if (announce) {
      announce.textContent = "";
      window.setTimeout(() => { announce.textContent = words; }, 50);
    }
  }

  /** Show words at the top of the page, as a message of the server would be. */
  function show(words, level) {
    const box = document.getElementById("messages");
    if (!box) { return; }
    const notice = document.createElement("div");
    notice.className = "notice notice-" + level;
    const text = document.createElement("div");
    text.className = "words";
    text.textContent = words;
    notice.append(text);
    box.append(notice);
    notice.scrollIntoView({ block: "nearest" });
  }

  window.juno = Object.assign(window.juno || {}, { say, show });

  // Menus: one open at a time, closed by Escape (focus goes back) and by a click elsewhere.
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) { menu.open = false; }
    }
    const dismiss = event.target.closest("[data-dismiss]");
    if (dismiss) { dismiss.closest(".notice").remove(); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const menu of document.querySelectorAll("details.menu[open]")) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    }
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const search = document.querySelector("[data-search-key]");
      if (search && search.offsetParent !== null) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    }
  });
  document.addEventListener("focusin", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) { menu.open = false; }
    }
  });

  /** Show the buttons that only a script can serve. */
  function wake(root) {
    for (const button of root.querySelectorAll("[data-dismiss][hidden]")) { button.hidden = false; }
  }
  wake(document);
  document.addEventListener("htmx:afterSwap", (event) => wake(event.target.parentNode || document));

  // A select or box that acts at once (its form has a button for those without a script).
  document.addEventListener("change", (event) => {
    const control = event.target.closest("[data-autosubmit]");
    if (control && control.form) { control.form.requestSubmit(); }
  });

  // A form is sent once; a second click while it is under way does nothing.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "post" && !form.hasAttribute("hx-post")) {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "1";
    }
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      for (const form of document.querySelectorAll("form[data-sent]")) { delete form.dataset.sent; }
    }
  });

  // A request of htmx that failed is said in words.
  document.addEventListener("htmx:responseError", () => { show(announce.dataset.refused, "error"); });
  document.addEventListener("htmx:sendError", () => { show(announce.dataset.offline, "error"); });
  document.addEventListener("htmx:timeout", () => { show(announce.dataset.offline, "error"); });

  // The browser's time zone, offered where a form asks for one and nothing was chosen yet.
  for (const control of document.querySelectorAll("select[data-browser-zone]")) {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!control.dataset.chosen && Array.from(control.options).some((option) => option.value === zone)) {
      control.value = zone;
    }
  }
})();
