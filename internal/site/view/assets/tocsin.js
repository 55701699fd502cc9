"use strict";
// What works without it works better with it: times in the reader's zone, pages that stay up to date, and keys.
(() => {
  const zone = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
  const many = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
  const distance = (ms) => {
    const abs = Math.abs(ms), minutes = Math.floor(abs / 6e4);
    if (minutes < 1) return "now";
    const text = minutes < 60 ? `${minutes} min` : minutes < 2880 ? `${Math.floor(minutes / 60)} h` : many(Math.floor(minutes / 1440), "day");
    return ms < 0 ? `${text} ago` : `in ${text}`;
  };
  const times = () => {
    for (const t of document.querySelectorAll("time[datetime]:not([data-day])")) {
      const at = new Date(t.dateTime);
      if (t.hasAttribute("data-near")) {
        t.textContent = distance(at - Date.now());
        t.classList.toggle("past", t.dataset.near === "due" && at < Date.now());
      } else t.textContent = zone.format(at);
    }
  };
  times();
  setInterval(times, 30000);

  // A page that is out of date is fetched again, and what changed in it is put in its place. What somebody types stays.
  const told = document.getElementById("told"), was = new WeakMap();
  const renew = async () => {
    const got = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (got.redirected || !got.ok) return;
    const next = new DOMParser().parseFromString(await got.text(), "text/html");
    let changed = false;
    for (const old of document.querySelectorAll("[data-live]")) {
      const fresh = next.getElementById(old.id);
      if (!fresh || fresh.innerHTML === was.get(old) || old.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) continue;
      was.set(old, fresh.innerHTML);
      const open = [...old.querySelectorAll("details[open][id]")].map((d) => d.id);
      old.replaceChildren(...document.adoptNode(fresh).childNodes);
      for (const id of open) document.getElementById(id)?.setAttribute("open", "");
      old.classList.add("fresh");
      setTimeout(() => old.classList.remove("fresh"), 2000);
      changed = true;
    }
    document.body.dataset.live = next.body.dataset.live; // as of when it is now
    times();
    if (changed && told) told.textContent = "The page was brought up to date.";
  };
  if (document.body.dataset.live) {
    for (const part of document.querySelectorAll("[data-live]")) was.set(part, part.innerHTML);
    const state = document.getElementById("live");
    const say = (text) => { if (state) state.textContent = text; };
    let events, due;
    // A page that nobody looks at holds no connection: browsers have six for a host. Where it listens it says what it has, so what it
    // missed it is told when it is looked at again.
    const close = () => { events?.close(); events = null; };
    const listen = () => {
      if (events || document.hidden) return;
      events = new EventSource(document.body.dataset.live);
      events.onopen = () => say("live");
      events.onerror = () => say("reconnecting");
      events.addEventListener("changed", () => { clearTimeout(due); due = setTimeout(renew, Math.random() * 300); });
    };
    listen();
    document.addEventListener("visibilitychange", () => document.hidden ? close() : listen());
    addEventListener("pagehide", close);
    addEventListener("pageshow", listen);
  }

  // What cannot be taken back is asked once more.
  document.addEventListener("submit", (e) => {
    const ask = e.submitter?.dataset.confirm ?? e.target.dataset.confirm;
    if (ask && !confirm(ask)) e.preventDefault();
  });

  // Files are sent where they are dropped, and how far they have come is shown.
  for (const form of document.querySelectorAll("form[data-upload]")) {
    const file = form.querySelector("input[type=file]"), bar = form.querySelector("progress");
    form.addEventListener("dragover", (e) => e.preventDefault());
    form.addEventListener("drop", (e) => { e.preventDefault(); file.files = e.dataTransfer.files; form.requestSubmit(); });
    form.addEventListener("submit", (e) => {
      e.preventDefault();
      const sent = new XMLHttpRequest();
      sent.open("POST", form.action);
      sent.upload.onprogress = (p) => { bar.hidden = false; bar.max = p.total; bar.value = p.loaded; };
      sent.onload = () => { document.open(); document.write(sent.responseText); document.close(); history.replaceState(null, "", sent.responseURL); };
      sent.onerror = () => form.submit();
      sent.send(new FormData(form));
    });
  }

  // A policy is checked while it is typed. What is wrong is said below it, and leads to its line.
  for (const area of document.querySelectorAll("textarea[data-check]")) {
    const list = document.getElementById(area.dataset.into);
    const row = (f) => {
      const li = document.createElement("li"), go = document.createElement("button");
      li.textContent = f.line ? ` ${f.text}` : f.text;
      if (!f.line) return li;
      Object.assign(go, { type: "button", className: "quiet", textContent: `${f.line}:${f.column}` });
      go.onclick = () => { const at = area.value.split("\n").slice(0, f.line - 1).join("\n").length + (f.line > 1) + Math.max(f.column - 1, 0); area.focus(); area.setSelectionRange(at, at); };
      li.prepend(go);
      return li;
    };
    let due, asked;
    area.addEventListener("input", () => { clearTimeout(due); due = setTimeout(async () => {
      asked?.abort();
      asked = new AbortController();
      const got = await fetch(area.dataset.check, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text: area.value }), signal: asked.signal }).catch(() => null);
      if (!got) return;
      const said = await got.json(), faults = got.ok ? said.faults : [{ text: said.detail }];
      list.replaceChildren(...(faults.length ? faults : [{ text: "The types are right." }]).map(row));
    }, 500); });
  }

  const keys = { "/": () => document.getElementById("q")?.focus(), a: () => document.getElementById("acknowledge")?.requestSubmit(), "?": () => document.getElementById("keys")?.showModal() };
  for (const a of document.querySelectorAll("nav.main a[data-key]")) keys["g" + a.dataset.key] = () => a.click();
  let before = "";
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input, textarea, select, dialog")) return;
    const act = keys[before + e.key] ?? keys[e.key];
    before = e.key === "g" ? "g" : "";
    if (act) { e.preventDefault(); act(); }
  });
})();
