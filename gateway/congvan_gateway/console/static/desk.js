"use strict";
// Small helps for hands on a keyboard. Every page works without this file.
(() => {
  const all = (what, where = document) => [...where.querySelectorAll(what)];
  const typing = (target) => target.closest("input, select, textarea, [contenteditable]") && !target.matches("[type=checkbox]");

  // Search as you type: the same address, only the rows come back.
  let asked = 0;
  const live = (field) => {
    const form = field.form, rows = document.querySelector(field.dataset.live);
    let timer;
    const search = async () => {
      const query = new URLSearchParams(new FormData(form)), mine = ++asked;
      const address = form.getAttribute("action") || location.pathname;
      const answer = await fetch(`${address}?${query}`, { headers: { "X-Fragment": "rows" }, credentials: "same-origin" });
      if (mine !== asked) return;
      if (answer.redirected || !answer.ok) { location.reload(); return; }
      rows.innerHTML = await answer.text();
      history.replaceState(null, "", `${address}?${query}`);
      all("[data-query]").forEach((kept) => { kept.value = query.toString(); });
    };
    const soon = () => { clearTimeout(timer); timer = setTimeout(search, 180); };
    field.addEventListener("input", soon);
    all("select, input[type=date]", form).forEach((other) => other.addEventListener("change", soon));
  };
  all("[data-live]").forEach(live);

  // What takes a worker's time comes after the page.
  all("[data-load]").forEach(async (place) => {
    const answer = await fetch(place.dataset.load, { credentials: "same-origin" });
    if (answer.ok && !answer.redirected) place.innerHTML = await answer.text();
  });

  all("[data-print]").forEach((button) => button.addEventListener("click", () => print()));

  // Choosing a ready sentence puts it where it can be changed.
  all("select[data-into]").forEach((select) => select.addEventListener("change", () => {
    document.getElementById(select.dataset.into).value = select.value;
  }));

  // Taking over what a source says.
  document.addEventListener("click", (event) => {
    const pick = event.target.closest("[data-pick]");
    if (!pick) return;
    const field = document.getElementById(pick.dataset.pick);
    field.value = pick.dataset.value;
    field.focus();
  });

  // Narrowing a long list of boxes; what is ticked stays in sight. Accents do not matter.
  const bare = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[đĐ]/g, "d").toLowerCase();
  all("[data-filter]").forEach((field) => {
    field.addEventListener("input", () => all("label", document.querySelector(field.dataset.filter)).forEach((one) => {
      one.hidden = !bare(one.textContent).includes(bare(field.value.trim())) && !one.querySelector("input").checked;
    }));
    field.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  });

  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches("[data-all]")) all("input[name=item]", box.closest("section")).forEach((one) => { one.checked = box.checked; });
  });

  // A second click on a button that acts does nothing twice.
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    if (event.target.method === "post") { event.target.dataset.sent = "1"; setTimeout(() => delete event.target.dataset.sent, 4000); }
  });
  addEventListener("pageshow", () => all("form").forEach((form) => delete form.dataset.sent));

  let at = -1;
  const step = (by) => {
    const rows = all("[data-row]").filter((row) => row.offsetParent !== null);
    if (!rows.length) return;
    rows.forEach((row) => row.classList.remove("at"));
    at = Math.max(0, Math.min(rows.length - 1, at + by));
    rows[at].classList.add("at");
    const link = rows[at].querySelector("a");
    if (link) link.focus({ preventScroll: true });
    rows[at].scrollIntoView({ block: "nearest" });
  };

  // How many are ticked is said beside the buttons that act on them.
  const told = document.querySelector("[data-chosen]");
  const tell = () => {
    if (!told) return;
    const count = all("input[name=item]:checked").length;
    told.dataset.empty = told.dataset.empty || told.textContent;
    told.textContent = count ? `${told.dataset.empty.replace(/:$/, "")} (${count}):` : told.dataset.empty;
  };
  document.addEventListener("change", tell);

  const keys = document.getElementById("keys");
  const help = document.getElementById("show-keys");
  if (help) help.addEventListener("click", () => keys.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target) || (keys && keys.open)) return;
    const key = event.key;
    if (key === "/") {
      const field = document.querySelector("input[type=search]");
      if (field) { event.preventDefault(); field.focus(); field.select(); }
    } else if (key === "?" && keys) keys.showModal();
    else if (key === "j" || key === "k") step(key === "j" ? 1 : -1);
    else if (/^[a-z0-9]$/.test(key)) {
      const go = document.querySelector(`[data-key="${key}"]`), stop = document.querySelector(`[data-focus="${key}"]`);
      if (stop) {
        event.preventDefault();
        const details = stop.closest("details");
        if (details && stop.matches("summary")) { details.open = true; (details.querySelector("textarea, input:not([type=hidden])") || stop).focus(); } else stop.focus();
        stop.scrollIntoView({ block: "nearest" });
      } else if (go) { event.preventDefault(); go.click(); }
    }
  });
})();
