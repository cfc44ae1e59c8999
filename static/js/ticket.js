// The ticket page: small forms in a dialog, keys, news said aloud. Everything works without this file.
"use strict";

(function () {
  const dialog = document.getElementById("change");
  let opener = null;

  // What answers with "changed meanwhile" (409) or "not you" (403) on this page is shown on it.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const status = event.detail.xhr.status;
    const isThisPage = /id="(ticket|change-title)"/.test(event.detail.xhr.responseText);
    if ((status === 409 || status === 403) && isThisPage) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  // A button beside the composer loads the ticket anew; what is half written stays.
  const WRITTEN = ["words", "step", "code", "until", "reason"];
  let halfWritten = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const composer = document.getElementById("composer");
    const isBeside = event.detail.target.id === "ticket" && event.detail.requestConfig.elt !== composer;
    halfWritten = isBeside ? composer : null;
  });
  document.addEventListener("htmx:afterSwap", () => {
    const composer = document.getElementById("composer");
    const before = halfWritten;
    halfWritten = null;
    if (!before || !composer || before === composer) { return; }
    for (const name of WRITTEN) {
      const [old, field] = [before.elements[name], composer.elements[name]];
      if (!old || !field || !old.value || field.value) { continue; }
      field.value = old.value;
      // A step that the ticket cannot take any more is not chosen.
      if (field.selectedIndex === -1) { field.selectedIndex = 0; }
    }
    // The known answer whose words these are.
    if (before.elements.answer && !composer.elements.answer) { composer.append(before.elements.answer); }
    const side = before.querySelector("input[name=side]:checked");
    const radio = side && composer.querySelector(`input[name=side][value=${side.value}]`);
    if (radio) { radio.checked = true; }
    const [old, field] = [before.elements.files, composer.elements.files];
    if (old && old.files.length && field) {
      field.files = old.files;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "change-body" && dialog && !dialog.open) {
      opener = event.detail.requestConfig ? event.detail.requestConfig.elt : null;
      dialog.showModal();
    }
    if (event.detail.target.id === "change-body") {
      const first = dialog.querySelector("[aria-invalid=true], form select, form textarea, form input:not([type=hidden])");
      if (first) { first.focus(); }
    }
    if (event.detail.target.id === "ticket") {
      const said = document.querySelector("#ticket .said");
      if (said) {
        said.scrollIntoView({ block: "center" });
        said.focus({ preventScroll: true });
      } else if (event.detail.requestConfig && event.detail.requestConfig.elt.id === "composer") {
        const last = document.querySelector("#entries > li:last-child");
        if (last) { last.scrollIntoView({ block: "center" }); }
      }
    }
  });

  document.addEventListener("ticket:changed", () => {
    if (dialog && dialog.open) { dialog.close(); }
  });

  if (dialog) {
    dialog.addEventListener("close", () => {
      document.getElementById("change-body").replaceChildren();
      if (opener && opener.isConnected) { opener.focus(); }
    });
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-closes]") && dialog) { dialog.close(); }
    const step = event.target.closest("[data-step]");
    if (step) {
      const select = document.getElementById("reply_step");
      if (select) {
        event.preventDefault();
        const isPublic = document.querySelector("#composer input[name=side][value=public]");
        if (isPublic) { isPublic.checked = true; }
        select.value = step.dataset.step;
        write();
      }
    }
    const answer = event.target.closest('a[href="#composer"]');
    if (answer) { event.preventDefault(); write(); }
  });

  function write() {
    const words = document.getElementById("reply_words");
    if (words) {
      words.closest("form").scrollIntoView({ block: "center" });
      words.focus({ preventScroll: true });
    }
  }

  // Keys of one letter: t takes the ticket, r answers, a assigns.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) { return; }
    const button = document.querySelector(`#ticket [data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (button && event.key.length === 1) {
      event.preventDefault();
      button.click();
    }
  });

  // News: said aloud once, shown by the entries themselves.
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    const live = document.getElementById("live");
    if (event.detail.target.id === "live" && live && live.dataset.news && window.juno) {
      window.juno.say(live.dataset.news);
    }
  });

  document.addEventListener("change", (event) => {
    const names = event.target.dataset && event.target.dataset.names;
    if (names) {
      document.getElementById(names).textContent = Array.from(event.target.files, (file) => file.name).join(", ");
    }
  });

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-grows]")) {
      event.target.rows = Math.min(24, Math.max(5, event.target.value.split("\n").length + 1));
    }
  });

  if (window.location.hash === "#last") {
    const last = document.querySelector("#entries > li:last-child");
    if (last) { last.scrollIntoView({ block: "center" }); }
  }
})();
