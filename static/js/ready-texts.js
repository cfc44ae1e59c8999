// Ready texts: a chip puts its text, filled in for the ticket, into a field; what is still to be filled in is said and
// selected. Without this file a chip is a link to the page with the text in its field.
"use strict";

(function () {
  const UNFILLED = /⟦[^⟦⟧]*⟧/g;

  /** Say beside the field what is still marked in it. */
  function tell(field) {
    const note = document.querySelector(`[data-unfilled="${CSS.escape(field.id)}"]`);
    if (!note) { return; }
    const left = [...new Set(field.value.match(UNFILLED) || [])];
    note.textContent = left.length ? `${note.dataset.words} ${left.join(", ")}` : "";
  }

  function fill(field, words) {
    const before = field.value.trimEnd();
    field.value = before ? `${before}\n\n${words}` : words;
    field.focus();
    const first = field.value.search(UNFILLED);
    const end = first < 0 ? field.value.length : field.value.indexOf("⟧", first) + 1;
    // Typing replaces the first mark; without one it goes on behind the text.
    field.setSelectionRange(first < 0 ? end : first, end);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  document.addEventListener("click", async (event) => {
    const chip = event.target.closest("[data-fills]");
    const field = chip && document.getElementById(chip.dataset.fills);
    if (!field || event.ctrlKey || event.metaKey || event.shiftKey) { return; }
    event.preventDefault();
    const answer = await fetch(chip.dataset.from, { headers: { Accept: "text/plain" } }).catch(() => null);
    if (answer && answer.ok) { fill(field, await answer.text()); } else { window.location.href = chip.href; }
  });

  document.addEventListener("input", (event) => {
    if (event.target.matches("textarea")) { tell(event.target); }
  });

  for (const field of document.querySelectorAll("textarea[id]")) { tell(field); }

  // Ctrl-Enter sends what is being written.
  document.addEventListener("keydown", (event) => {
    const form = event.target.closest("[data-act], .route");
    if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(form.querySelector("button.btn-primary"));
    }
  });

  // A page that is one form begins in its first field.
  const first = document.querySelector("main [data-act] [aria-invalid=true], main [data-act] .form-field input, main [data-act] .form-field textarea");
  if (first) { first.focus(); }
})();
