// "File a ticket": a type-ahead for sites, facts taken over by a click, files uploaded at once.
// Without this file the same buttons send the form, and the server does the same.
"use strict";

(function () {
  const form = document.getElementById("new-ticket");
  if (!form) { return; }
  document.documentElement.classList.add("has-script");

  // The answer to what was typed before is dropped when more came meanwhile: it would take back a tick, and the
  // answer to that is on its way.
  const saver = form.querySelector("[data-autosave]");
  let changes = 0;
  let sent = 0;
  if (saver) {
    form.addEventListener("input", () => { changes += 1; });
    form.addEventListener("change", () => { changes += 1; });
    saver.addEventListener("htmx:beforeRequest", () => { sent = changes; });
    saver.addEventListener("htmx:beforeSwap", (event) => { if (sent !== changes) { event.detail.shouldSwap = false; } });
  }

  function changed(field) {
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // --- Facts and corrected names -------------------------------------------------------------
  form.addEventListener("click", (event) => {
    const chip = event.target.closest("button[name=use]");
    if (!chip) { return; }
    event.preventDefault();
    if (chip.dataset.fix !== undefined) {
      const field = form.elements.sites;
      const wrong = chip.dataset.fix.toLowerCase();
      field.value = field.value.split(/[,;\n]/).map((name) => name.trim()).filter(Boolean)
        .map((name) => (name.toLowerCase() === wrong ? chip.dataset.entry : name)).join(", ");
      changed(field);
      field.focus();
      return;
    }
    if (chip.dataset.field === "services") {
      takeService(chip);
      leave(chip, form.elements.sites);
      return;
    }
    const field = form.elements[chip.dataset.field];
    const before = field.value.trim().replace(/[,;]$/, "");
    const between = chip.dataset.field === "dns" ? "; " : ", ";
    field.value = before ? before + between + chip.dataset.entry : chip.dataset.entry;
    changed(field);
    leave(chip, field);
  });

  // A service and the site where it is. The list of the site's services comes with the next answer
  // and holds the choice: what is added here stands in its place until then.
  function takeService(chip) {
    const place = document.getElementById("known-services");
    let box = place.querySelector(`input[name=services][value="${chip.dataset.entry}"]`);
    if (box) {
      box.checked = true;
    } else {
      box = document.createElement("input");
      box.type = "hidden";
      box.name = "services";
      box.value = chip.dataset.entry;
      place.append(box);
    }
    const sites = form.elements.sites;
    const names = sites.value.split(/[,;\n]/).map((name) => name.trim()).filter(Boolean);
    if (!names.some((name) => name.toLowerCase() === chip.dataset.site.toLowerCase())) {
      names.push(chip.dataset.site);
      sites.value = names.join(", ");
    }
    changed(sites);
  }

  function leave(chip, field) {
    const next = chip.parentElement.nextElementSibling || chip.parentElement.previousElementSibling;
    chip.parentElement.remove();
    if (next) { next.querySelector("button").focus(); } else { field.focus(); }
    if (window.juno) { window.juno.say(chip.textContent.trim()); }
  }

  // --- Type-ahead: the pattern of a combobox with a list ----------------------------------------
  for (const place of form.querySelectorAll("[data-type-ahead]")) { typeAhead(place); }

  function typeAhead(place) {
    const input = place.querySelector("input");
    const one = place.hasAttribute("data-one");
    const list = document.createElement("ul");
    list.className = "offers";
    list.id = input.id + "_offers";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", input.labels.length ? input.labels[0].textContent.trim() : "");
    list.hidden = true;
    input.after(list);
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", list.id);
    input.setAttribute("aria-expanded", "false");
    let timer = 0;
    let asked = 0;
    let chosen = -1;

    function last() { return one ? input.value.trim() : input.value.split(/[,;\n]/).pop().trim(); }
    function close() {
      list.hidden = true;
      chosen = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }
    function mark(index) {
      const offers = Array.from(list.children);
      if (!offers.length) { return; }
      chosen = (index + offers.length) % offers.length;
      offers.forEach((offer, n) => offer.setAttribute("aria-selected", n === chosen ? "true" : "false"));
      offers[chosen].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", offers[chosen].id);
    }
    function take(offer) {
      const names = one ? [] : input.value.split(/[,;\n]/).slice(0, -1).map((name) => name.trim()).filter(Boolean);
      names.push(offer.dataset.name);
      input.value = names.join(", ");
      close();
      changed(input);
      input.focus();
    }
    async function ask() {
      const text = last();
      const mine = ++asked;
      if (text.length < 2) { close(); return; }
      let answer;
      try {
        answer = await fetch(place.dataset.typeAhead + "?q=" + encodeURIComponent(text), { headers: { "HX-Request": "true" } });
      } catch { return; }
      if (mine !== asked || !answer.ok) { return; }
      const page = new DOMParser().parseFromString("<ul>" + await answer.text() + "</ul>", "text/html");
      const offers = Array.from(page.querySelectorAll("li"));
      if (mine !== asked || !offers.length || document.activeElement !== input ||
          (offers.length === 1 && offers[0].dataset.name.toLowerCase() === last().toLowerCase())) { close(); return; }
      offers.forEach((offer, n) => { offer.id = list.id + "_" + n; });
      // Who is quick marks an offer before the answer to the last letter is there: it stays marked.
      const marked = chosen >= 0 ? list.children[chosen].dataset.name : "";
      list.replaceChildren(...offers);
      list.hidden = false;
      chosen = -1;
      input.removeAttribute("aria-activedescendant");
      const again = offers.findIndex((offer) => offer.dataset.name === marked);
      if (again >= 0) { mark(again); }
      input.setAttribute("aria-expanded", "true");
    }
    input.addEventListener("input", (event) => {
      if (event.isTrusted) { window.clearTimeout(timer); timer = window.setTimeout(ask, 160); }
    });
    input.addEventListener("keydown", (event) => {
      if (list.hidden) { return; }
      if (event.key === "ArrowDown") { event.preventDefault(); mark(chosen + 1); }
      if (event.key === "ArrowUp") { event.preventDefault(); mark(chosen - 1); }
      if (event.key === "Enter" && chosen >= 0) { event.preventDefault(); take(list.children[chosen]); }
      if (event.key === "Tab" && chosen >= 0) { take(list.children[chosen]); }
      if (event.key === "Escape") { event.stopPropagation(); close(); }
    });
    list.addEventListener("mousedown", (event) => {
      const offer = event.target.closest("li");
      if (offer) { event.preventDefault(); take(offer); }
    });
    input.addEventListener("blur", () => window.setTimeout(close, 120));
  }

  // --- Files -------------------------------------------------------------------------------------
  document.addEventListener("htmx:xhr:progress", (event) => {
    const bar = form.querySelector(".upload-progress");
    if (bar && event.target.matches && event.target.matches("[data-upload]") && event.detail.lengthComputable) {
      bar.hidden = false;
      bar.value = Math.round(100 * event.detail.loaded / event.detail.total);
    }
  });

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-grows]")) {
      event.target.rows = Math.min(30, Math.max(7, event.target.value.split("\n").length + 1));
    }
  });

  // What is under way must not come after the ticket is filed.
  form.addEventListener("submit", () => {
    if (saver && window.htmx) { window.htmx.trigger(saver, "htmx:abort"); }
  });

  // The first mistake is where the cursor goes.
  const wrong = form.querySelector("[aria-invalid=true]");
  if (wrong) {
    const folded = wrong.closest("details");
    if (folded) { folded.open = true; }
    wrong.focus();
  }
})();
