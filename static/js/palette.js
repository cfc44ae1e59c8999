// Ctrl-K (or Cmd-K): every action of the page, found by typing. It offers the links and buttons that the page
// itself shows, so that nothing is here that is not also there, and what a role may not do is not offered.
"use strict";

(function () {
  const dialog = document.getElementById("palette");
  if (!dialog || typeof dialog.showModal !== "function") { return; }
  const input = dialog.querySelector("input");
  const list = dialog.querySelector("[role=listbox]");
  const nothing = dialog.querySelector("[data-nothing]");
  const SOURCES = "main a.btn, main button, main [role=button], main .tabs a, .header a, .header button, .skip-link ~ a";
  let offers = [];
  let shown = [];
  let current = 0;

  /** The words by which a control is known: what a screen reader would say, or what stands in it. */
  function wordsOf(control) {
    const words = control.getAttribute("aria-label") || control.textContent;
    return words.replace(/\s+/g, " ").trim();
  }

  /** Links and buttons of the page, each once; those of closed menus too, disabled ones not. */
  function collect() {
    const seen = new Set();
    const found = [];
    for (const control of document.querySelectorAll(SOURCES)) {
      const words = wordsOf(control);
      const target = control.href || control.form?.action + control.name + control.value + words;
      const hidden = control.hidden || control.disabled || control.closest("[hidden], dialog");
      if (!words || hidden || seen.has(target)) { continue; }
      seen.add(target);
      found.push({ control, words, place: control.closest(".header") ? dialog.dataset.portal : dialog.dataset.page });
    }
    return found.sort((one, other) => Number(one.place === dialog.dataset.portal) - Number(other.place === dialog.dataset.portal));
  }

  /** Whether every typed word begins a word of the offer. */
  function fits(offer, typed) {
    const words = offer.words.toLowerCase().split(/[\s,.:()/-]+/);
    return typed.every((piece) => words.some((word) => word.startsWith(piece)));
  }

  function draw() {
    const typed = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = offers.filter((offer) => fits(offer, typed)).slice(0, 12);
    current = 0;
    list.replaceChildren(...shown.map((offer, index) => {
      const line = document.createElement("li");
      line.id = "palette-" + index;
      line.setAttribute("role", "option");
      const words = document.createElement("span");
      words.textContent = offer.words;
      const place = document.createElement("span");
      place.className = "palette-place";
      place.textContent = offer.place;
      line.append(words, place);
      line.addEventListener("click", () => act(index));
      return line;
    }));
    nothing.hidden = shown.length > 0;
    mark();
  }

  function mark() {
    for (const [index, line] of Array.from(list.children).entries()) {
      line.setAttribute("aria-selected", String(index === current));
      if (index === current) { line.scrollIntoView({ block: "nearest" }); }
    }
    if (shown.length) {
      input.setAttribute("aria-activedescendant", "palette-" + current);
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  function act(index) {
    const offer = shown[index];
    if (!offer) { return; }
    dialog.close();
    offer.control.click();
  }

  function open() {
    offers = collect();
    input.value = "";
    draw();
    dialog.showModal();
    input.focus();
  }

  input.addEventListener("input", draw);
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && shown.length) {
      event.preventDefault();
      current = (current + step + shown.length) % shown.length;
      mark();
    } else if (event.key === "Enter") {
      event.preventDefault();
      act(current);
    }
  });
  // A click beside the box is a click on the dialog itself.
  dialog.addEventListener("click", (event) => { if (event.target === dialog) { dialog.close(); } });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      if (dialog.open) { dialog.close(); } else { open(); }
    }
  });
  for (const button of document.querySelectorAll("[data-opens-palette]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const menu = button.closest("details");
      if (menu) { menu.open = false; }
      open();
    });
  }
})();
