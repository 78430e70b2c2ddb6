// The page's own behaviour: open a citation at its words, ask an offered question, copy an answer,
// and tell screen readers what goes on. Everything it reads was written by render.py and sources.py.
"use strict";
(() => {
  const state = { turn: null, mark: null, open: new Set(), from: null, shown: null, told: "", pinned: false };
  const calm = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");
  const panel = () => document.getElementById("ml-sources-panel");
  const named = (name) => document.querySelectorAll(`[data-marks~="${CSS.escape(name)}"]`);

  const status = document.createElement("div");
  status.id = "ml-status";
  status.className = "ml-sr";
  status.setAttribute("role", "status");
  status.setAttribute("aria-live", "polite");

  // Gradio replaces the panel's content whenever it changes; what was open has to be opened again.
  function restore() {
    const box = panel();
    if (!box) return;
    box.classList.toggle("ml-picked", state.turn !== null);
    for (const section of box.querySelectorAll(".ml-sources")) {
      section.classList.toggle("ml-active", section.dataset.turn === state.turn);
    }
    for (const id of state.open) document.getElementById(id)?.setAttribute("open", "");
    for (const old of document.querySelectorAll("mark.ml-now")) old.classList.remove("ml-now");
    if (state.mark) for (const piece of named(state.mark)) piece.classList.add("ml-now");
  }

  function openSource(name, from) {
    const piece = named(name)[0];
    const passage = piece ? piece.closest("details") : document.getElementById(name);
    if (!passage) return;
    const section = passage.closest(".ml-sources");
    for (const other of section.querySelectorAll(".ml-passage[open]")) other.removeAttribute("open");
    state.turn = section.dataset.turn;
    state.mark = piece ? name : null;
    const fold = passage.parentElement.closest("details");
    state.open = new Set(fold ? [fold.id, passage.id] : [passage.id]);
    state.from = from;
    for (const chip of document.querySelectorAll(".ml-cite.ml-now")) chip.classList.remove("ml-now");
    from?.classList.add("ml-now");
    restore();
    const target = piece || passage.querySelector("summary");
    requestAnimationFrame(() => {
      passage.scrollIntoView({ block: "nearest", behavior: "auto" });
      target.scrollIntoView({ block: "center", behavior: calm() });
      target.focus({ preventScroll: true });
    });
  }

  function back() {
    const chip = state.from?.isConnected ? state.from : document.querySelector(".ml-cite.ml-now, #ml-box textarea");
    chip?.scrollIntoView({ block: "center", behavior: calm() });
    chip?.focus({ preventScroll: true });
  }

  function ask(question) {
    const tab = [...document.querySelectorAll('#ml-tabs [role="tab"]')].find((t) => t.textContent.trim() === "Chat");
    if (tab?.getAttribute("aria-selected") === "false") tab.click();
    const box = document.querySelector("#ml-box textarea");
    box.value = question;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    // The button must read the new value, which Gradio takes in at its next update.
    setTimeout(() => document.getElementById("ml-ask")?.click(), 60);
  }

  async function copy(button) {
    const text = button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea"); // no clipboard without https off loopback
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    status.textContent = "Copied.";
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy with citations"; }, 1600);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-open], [data-ask], [data-copy], [data-back]");
    if (!button) return;
    if (button.dataset.open) openSource(button.dataset.open, button);
    else if (button.dataset.ask) ask(button.dataset.ask);
    else if (button.dataset.copy) copy(button);
    else back();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.closest?.("#ml-sources-panel")) back();
  });

  document.addEventListener("toggle", (event) => {
    const passage = event.target;
    if (!passage.matches?.(".ml-passage, .ml-rest") || !passage.isConnected) return;
    if (passage.open) state.open.add(passage.id);
    else state.open.delete(passage.id);
  }, true);

  function follow() {
    const turn = document.querySelector("#ml-live .ml-turn");
    const number = turn?.dataset.turn ?? null;
    if (number !== state.shown) {
      state.shown = number;
      Object.assign(state, { turn: null, mark: null, open: new Set() }); // the newest answer's sources come forward
      restore();
      state.pinned = number !== null;
    }
    // The question stays at the top while its answer grows, until the reader scrolls or clicks.
    if (state.pinned) turn.scrollIntoView({ block: "start", behavior: "auto" });
    const told = turn?.dataset.status ?? "";
    if (told !== state.told) status.textContent = state.told = told;
  }

  for (const name of ["wheel", "touchmove", "pointerdown", "keydown"]) {
    document.addEventListener(name, () => { state.pinned = false; }, { passive: true, capture: true });
  }

  function start() {
    document.body.append(status);
    document.documentElement.lang = "en";
    // Watching the body survives Gradio's own replacements of whole components.
    new MutationObserver((changes) => {
      if (changes.some((c) => c.target.closest?.("#ml-sources-panel"))) restore();
      if (changes.some((c) => c.target.closest?.("#ml-live"))) follow();
    }).observe(document.body, { childList: true, subtree: true });
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
