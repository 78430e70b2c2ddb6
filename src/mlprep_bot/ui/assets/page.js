// The page's own behaviour: open a citation at its words, ask an offered question, copy an answer, keep the draft
// of an answer, and tell screen readers what goes on. Everything it reads was written by the Python files beside it.
"use strict";
(() => {
  const state = { shown: null, told: "", pinned: false, place: null, hints: 0, acted: false, tab: null };
  const calm = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");
  const byId = (id) => document.getElementById(id);
  const named = (name) => document.querySelectorAll(`[data-marks~="${CSS.escape(name)}"]`);

  const status = document.createElement("div");
  status.id = "ml-status";
  status.className = "ml-sr";
  status.setAttribute("role", "status");
  status.setAttribute("aria-live", "polite");

  // --- the source panels: one beside the chat, one beside the debrief ------------------------

  const views = new Map(); // id of a panel -> what is open in it
  const view = (panel) => {
    if (!views.has(panel.id)) views.set(panel.id, { turn: null, mark: null, open: new Set(), from: null });
    return views.get(panel.id);
  };

  // Gradio replaces the panel's content whenever it changes; what was open has to be opened again.
  function restore(panel) {
    const shown = view(panel);
    panel.classList.toggle("ml-picked", shown.turn !== null);
    for (const section of panel.querySelectorAll(".ml-sources")) {
      section.classList.toggle("ml-active", section.dataset.turn === shown.turn);
    }
    for (const id of shown.open) byId(id)?.setAttribute("open", "");
    for (const old of panel.querySelectorAll("mark.ml-now")) old.classList.remove("ml-now");
    if (shown.mark) for (const piece of named(shown.mark)) piece.classList.add("ml-now");
  }

  function openSource(name, from) {
    const piece = named(name)[0];
    const passage = piece ? piece.closest("details") : byId(name);
    if (!passage) return;
    const section = passage.closest(".ml-sources");
    const panel = section.closest(".ml-panel");
    for (const other of section.querySelectorAll(".ml-passage[open]")) other.removeAttribute("open");
    const fold = passage.parentElement.closest("details");
    const open = new Set(fold ? [fold.id, passage.id] : [passage.id]);
    views.set(panel.id, { turn: section.dataset.turn, mark: piece ? name : null, open, from });
    for (const chip of document.querySelectorAll(".ml-cite.ml-now")) chip.classList.remove("ml-now");
    from?.classList.add("ml-now");
    restore(panel);
    const target = piece || passage.querySelector("summary");
    requestAnimationFrame(() => {
      passage.scrollIntoView({ block: "nearest", behavior: "auto" });
      target.scrollIntoView({ block: "center", behavior: calm() });
      target.focus({ preventScroll: true });
    });
  }

  function back(panel) {
    const from = view(panel).from;
    const chip = from?.isConnected ? from : document.querySelector(".ml-cite.ml-now, #ml-box textarea");
    chip?.scrollIntoView({ block: "center", behavior: calm() });
    chip?.focus({ preventScroll: true });
  }

  // --- buttons within what Python wrote --------------------------------------------------------

  const tabs = () => [...document.querySelectorAll('#ml-tabs [role="tab"]')];

  function openTab(name) {
    const tab = tabs().find((t) => t.textContent.trim() === name);
    if (tab?.getAttribute("aria-selected") === "false") tab.click();
  }

  function put(box, text) {
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // A button must read the new value, which Gradio takes in at its next update.
  const press = (id) => setTimeout(() => byId(id)?.click(), 60);

  function ask(question, { only = false } = {}) {
    openTab("Chat");
    const box = document.querySelector("#ml-box textarea");
    put(box, question);
    if (only) setTimeout(() => box.focus(), 60);
    else press("ml-ask");
  }

  function showInLibrary(id, tries = 40) {
    openTab("Library");
    const row = document.querySelector(`#ml-shelf [data-row="${CSS.escape(id)}"]`);
    if (!row || !row.closest("#ml-shelf").offsetParent) {
      if (tries) setTimeout(showInLibrary, 50, id, tries - 1); // the tab is being drawn
      return;
    }
    row.closest("details").setAttribute("open", "");
    for (const old of document.querySelectorAll(".ml-found")) old.classList.remove("ml-found");
    row.classList.add("ml-found");
    row.scrollIntoView({ block: "center", behavior: calm() });
    row.querySelector("button")?.focus({ preventScroll: true });
  }

  let sent = 0;
  function command(button) {
    state.acted = true;
    const what = { do: button.dataset.do, with: button.dataset.with ?? "", n: (sent += 1) };
    put(document.querySelector("#ml-command textarea"), JSON.stringify(what));
    press("ml-command-go");
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
    if (event.target.closest?.("#ml-interview")) state.acted = true;
    if (event.target.closest?.("#ml-answer-go")) settleDraft();
    const next = GIVES_WAY[event.target.closest?.("button")?.id];
    if (next) refocus(next);
    const kinds = ["open", "ask", "fill", "do", "shelf", "copy", "back", "clock-toggle"];
    const button = event.target.closest?.(kinds.map((kind) => `[data-${kind}]`).join());
    if (!button) return;
    const data = button.dataset;
    if (data.open) openSource(data.open, button);
    else if (data.ask) ask(data.ask);
    else if (data.fill) ask(data.fill, { only: true });
    else if (data.do) command(button);
    else if (data.shelf) showInLibrary(data.shelf);
    else if (data.copy) copy(button);
    else if ("clockToggle" in data) toggleClock();
    else back(button.closest(".ml-panel"));
  });

  document.addEventListener("toggle", (event) => {
    const passage = event.target;
    if (!passage.matches?.(".ml-passage, .ml-rest") || !passage.isConnected) return;
    const { open } = view(passage.closest(".ml-panel"));
    if (passage.open) open.add(passage.id);
    else open.delete(passage.id);
  }, true);

  // --- the chat ----------------------------------------------------------------------------

  function follow() {
    const turn = document.querySelector("#ml-live .ml-turn");
    const number = turn?.dataset.turn ?? null;
    if (number !== state.shown) {
      state.shown = number;
      views.delete("ml-sources-panel"); // the newest answer's sources come forward
      if (byId("ml-sources-panel")) restore(byId("ml-sources-panel"));
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

  // --- the interview -----------------------------------------------------------------------

  const stage = () => document.querySelector("#ml-stage [data-place]");
  const seen = (element) => element !== null && element.offsetParent !== null;

  // A new turn is read out; the focus goes where the candidate goes on, but never jumps by itself.
  function arrive() {
    const now = stage();
    if (!seen(now)) return;
    const hints = now.querySelectorAll(".ml-hints li");
    if (now.dataset.place === state.place && hints.length > state.hints && state.acted) hinted([...hints].at(-1));
    state.hints = hints.length;
    if (now.dataset.place === state.place) return;
    const first = state.place === null;
    state.place = now.dataset.place;
    settleDraft();
    if (first) setTimeout(bringBack, 400); // after the kept draft was filled in
    views.delete("ml-interview-sources");
    if (!state.acted) return;
    state.acted = now.dataset.focus === undefined; // a state that passes by itself leaves the focus to the next
    status.textContent = now.dataset.status ?? "";
    const box = () => (now.dataset.focus === "answer" ? document.querySelector("#ml-answer textarea") : null);
    setTimeout(() => {
      const target = box() ?? now.querySelector('[tabindex="-1"]');
      now.scrollIntoView({ block: "nearest", behavior: "auto" });
      if (now.dataset.focus) target?.focus({ preventScroll: now.dataset.focus !== "answer" });
    }, 80);
  }

  function hinted(hint) {
    state.acted = false;
    status.textContent = `Hint: ${hint.textContent}`;
    document.querySelector("#ml-answer textarea")?.focus(); // the button may be gone with the last hint
  }

  // A button that asks again gives way to others: the focus goes to the one that changes nothing.
  const GIVES_WAY = {
    "ml-end": "ml-end-not", "ml-end-not": "ml-end", "ml-delete": "ml-delete-not", "ml-delete-not": "ml-delete",
  };

  function refocus(id, tries = 40) {
    if (seen(byId(id))) byId(id).focus();
    else if (tries) setTimeout(refocus, 50, id, tries - 1);
  }

  const draft = { timer: 0, since: 0, kept: "" };
  const SOON = 700, AT_LAST = 3000; // milliseconds after the last key, and after the first that is not kept yet

  // A copy in this tab until the server says that it kept the text: it may be gone, or the page reloaded at once.
  const COPY = "mlprep-draft";
  function copied() {
    try { return JSON.parse(sessionStorage.getItem(COPY) ?? "{}"); } catch { return {}; }
  }

  // What was typed last for the turn that is shown, and never reached the server.
  function bringBack() {
    const box = document.querySelector("#ml-answer textarea"), copy = copied();
    if (!box || copy.place !== state.place || !copy.text || copy.text === box.value) return;
    put(box, copy.text);
  }

  function typed() {
    const now = performance.now(), place = stage()?.dataset.place;
    const note = document.querySelector("#ml-saved .ml-quiet");
    if (note) note.textContent = ""; // "Draft saved" was said of older words
    const box = document.querySelector("#ml-answer textarea");
    if (box && place?.endsWith(":answering")) sessionStorage.setItem(COPY, JSON.stringify({ place, text: box.value }));
    draft.since ||= now;
    clearTimeout(draft.timer);
    draft.timer = setTimeout(keep, Math.max(0, Math.min(SOON, draft.since + AT_LAST - now)));
  }

  // What was written for a turn that is over is no draft of the next one.
  function settleDraft() {
    clearTimeout(draft.timer);
    draft.since = 0;
  }

  function keep() {
    settleDraft();
    const box = document.querySelector("#ml-answer textarea");
    const place = stage()?.dataset.place;
    if (!box || !place?.endsWith(":answering")) return;
    const whole = JSON.stringify({ place, text: box.value });
    if (whole === draft.kept) return;
    draft.kept = whole;
    put(document.querySelector("#ml-draft textarea"), whole);
    press("ml-draft-go");
  }

  // The next key or the next leaving of the box tries again, with the same words too.
  function unsaved() {
    draft.kept = "";
    draft.since ||= performance.now();
  }

  document.addEventListener("input", (event) => { if (event.target.closest?.("#ml-answer")) typed(); });
  for (const name of ["focusout", "visibilitychange"]) {
    document.addEventListener(name, () => { if (draft.since && (name === "focusout" || document.hidden)) keep(); });
  }

  // Letters by the key's place, since Option changes what it types on a Mac.
  const SHORTCUTS = { KeyH: ["ml-hint"], KeyS: ["ml-skip"], KeyP: ["ml-pause", "ml-resume"] };

  function shortcut(event) {
    if (!seen(byId("ml-room"))) return null;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      return ["ml-answer-go", "ml-next", "ml-finish", "ml-resume"].map(byId).find((button) => button && seen(button));
    }
    if (!event.altKey || !event.shiftKey) return null;
    return (SHORTCUTS[event.code] ?? []).map(byId).find((button) => button && seen(button));
  }

  document.addEventListener("keydown", (event) => {
    const panel = event.target.closest?.(".ml-panel");
    if (event.key === "Escape" && panel) back(panel);
    const button = shortcut(event);
    if (!button) return;
    event.preventDefault();
    event.stopPropagation();
    state.acted = true;
    setTimeout(() => button.click(), 60); // after Gradio took in what was typed last
  }, true);

  // The clock runs here; the server says how much time was used when it wrote the bar.
  const begun = new WeakMap();
  const noClock = () => localStorage.getItem("mlprep-clock") === "hidden";
  const words = (seconds) => {
    const s = Math.max(0, Math.floor(seconds)), two = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(s / 3600), minutes = Math.floor(s / 60) % 60;
    return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
  };

  function tick() {
    for (const clock of document.querySelectorAll("[data-clock]")) {
      const base = clock.dataset.clock;
      if (begun.get(clock)?.base !== base) begun.set(clock, { base, at: performance.now() });
      const runs = clock.dataset.runs === "1" ? (performance.now() - begun.get(clock).at) / 1000 : 0;
      const spent = Number(clock.dataset.clock) + runs, limit = Number(clock.dataset.limit ?? 0);
      const left = spent < limit ? `${words(limit - spent)} left` : "Time is up: finish this answer";
      const told = limit ? left : words(spent);
      if (clock.textContent !== told) clock.textContent = told;
    }
  }

  function showClock() {
    for (const button of document.querySelectorAll("[data-clock-toggle]")) {
      const told = noClock() ? "Show the time" : "Hide the time";
      button.closest(".ml-clock").classList.toggle("ml-hidden-clock", noClock());
      if (button.textContent !== told) button.textContent = told;
      button.setAttribute("aria-pressed", String(noClock()));
    }
  }

  function toggleClock() {
    localStorage.setItem("mlprep-clock", noClock() ? "shown" : "hidden");
    showClock();
  }

  // --- the tab that was open is open again after a reload ----------------------------------------

  function rememberTab() {
    const all = tabs();
    if (!all.length) return;
    if (state.tab === null) {
      state.tab = sessionStorage.getItem("mlprep-tab") ?? "";
      if (state.tab) openTab(state.tab);
      return;
    }
    const open = all.find((t) => t.getAttribute("aria-selected") === "true")?.textContent.trim() ?? "";
    if (open && open !== state.tab) sessionStorage.setItem("mlprep-tab", (state.tab = open));
  }

  function start() {
    document.body.append(status);
    document.documentElement.lang = "en";
    setInterval(tick, 500);
    // Watching the body survives Gradio's own replacements of whole components.
    new MutationObserver((changes) => {
      const within = (selector) => changes.some((c) => c.target.closest?.(selector));
      for (const panel of document.querySelectorAll(".ml-panel")) if (within(`#${panel.id}`)) restore(panel);
      if (within("#ml-live")) follow();
      if (within("#ml-saved") && document.querySelector("#ml-saved .ml-unsaved")) unsaved();
      rememberTab();
      tick();
      showClock();
      arrive();
    }).observe(document.body, { childList: true, subtree: true, attributeFilter: ["aria-selected"] });
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
