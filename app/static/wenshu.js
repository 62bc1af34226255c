// What the pages gain from a script. Without it everything still works, except suggestions in pickers,
// the add-line button and charts. No library, no inline handler, nothing fetched from elsewhere.

const root = document.documentElement;
const words = JSON.parse(document.getElementById("wenshu-words")?.textContent || "{}");
const say = (key, n) => (words[key] || "").replace("{n}", n);
const each = (selector, act, within = document) => within.querySelectorAll(selector).forEach(act);
const keep = (key, value) => { try { value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value); } catch { /* private window */ } };
const phone = matchMedia("(max-width: 719px)");
const dark = matchMedia("(prefers-color-scheme: dark)");

// True while an input method is still putting a character together: its Enter belongs to it.
const composing = (event) => event.isComposing || event.keyCode === 229;

// ---------- theme, menu width ----------
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);

function showTheme() {
  const text = say(isDark() ? "to_light" : "to_dark");
  each("[data-theme-toggle]", (button) => { button.setAttribute("aria-label", text); button.title = text; });
  document.dispatchEvent(new CustomEvent("wenshu:theme", { detail: { dark: isDark() } }));
}
each("[data-theme-toggle]", (button) => button.addEventListener("click", () => {
  const next = isDark() ? "light" : "dark";
  const system = dark.matches ? "dark" : "light";
  if (next === system) { delete root.dataset.theme; keep("wenshu.theme", null); } // back to following the system
  else { root.dataset.theme = next; keep("wenshu.theme", next); }
  showTheme();
}));
dark.addEventListener("change", showTheme);
showTheme();

function showNav() {
  const narrow = root.dataset.nav === "narrow";
  each("[data-nav-toggle]", (button) => {
    button.setAttribute("aria-expanded", String(!narrow));
    button.title = say(narrow ? "wide" : "narrow");
    button.querySelector(".side-label").textContent = button.title;
  });
}
each("[data-nav-toggle]", (button) => button.addEventListener("click", () => {
  if (root.dataset.nav === "narrow") delete root.dataset.nav; else root.dataset.nav = "narrow";
  keep("wenshu.nav", root.dataset.nav || null);
  showNav();
}));
showNav();

// ---------- menus, messages, small things ----------
let closing = false; // this press only puts a menu away
const closeMenus = (except) => each("details.menu[open]", (menu) => { if (menu !== except && !menu.contains(except)) menu.open = false; });
document.addEventListener("pointerdown", (event) => { closing = Boolean(document.querySelector("details.menu[open]")) && !event.target.closest("details.menu"); }, true);
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("focusin", (event) => { if (!event.target.closest("details.menu[open]")) closeMenus(null); });
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.menu[open]") || document.querySelector("details.menu[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
});
each("[data-print]", (button) => button.addEventListener("click", () => window.print()));
each("[data-dismiss]", (button) => button.addEventListener("click", () => button.closest(".message").remove()));
each("[data-back]", (button) => { if (history.length < 2) button.remove(); else button.addEventListener("click", () => history.back()); });
each("[data-focus-first]", (one) => one.focus());
each("[data-fill-user]", (item) => {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...item.childNodes);
  item.append(button);
  button.addEventListener("click", () => {
    document.querySelector('[name="username"]').value = item.dataset.fillUser;
    document.querySelector('[name="password"]').focus();
  });
});

// Filters are open on a desk; on a phone only when one is in use.
const foldFilters = () => each("[data-fold-narrow]", (details) => { details.open = !phone.matches || "used" in details.dataset; });
foldFilters();
phone.addEventListener("change", foldFilters);

// ---------- keyboard ----------
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && composing(event) && event.target.matches("input")) { event.preventDefault(); event.stopImmediatePropagation(); return; }
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  const key = event.key.toLowerCase();
  if (key === "k") {
    const box = [...document.querySelectorAll("[data-search-page], [data-search-box]")].find((input) => input.offsetParent);
    if (box) { event.preventDefault(); box.focus(); box.select(); }
    else { const link = document.querySelector(".topsearch"); if (link) { event.preventDefault(); location.assign(link.action); } }
  } else if (key === "s") {
    const form = document.querySelector("form[data-guard]");
    if (form) { event.preventDefault(); form.requestSubmit(); }
  }
}, true);

// ---------- tables ----------
// A table that fits lets its head stick to the window. One that does not first lets its words wrap, then scrolls in its box.
const fit = (box) => {
  const over = () => box.scrollWidth > box.clientWidth + 1;
  box.classList.remove("is-free", "is-tight", "is-wide");
  if (!phone.matches && over()) box.classList.add("is-tight");
  const wide = !phone.matches && over();
  if (!phone.matches) box.classList.add(wide ? "is-wide" : "is-free");
  if (wide) { box.classList.remove("is-tight"); box.tabIndex = 0; box.setAttribute("role", "group"); box.setAttribute("aria-label", box.querySelector("caption")?.textContent.trim() || ""); }
  else { box.removeAttribute("tabindex"); box.removeAttribute("role"); box.removeAttribute("aria-label"); }
};
const boxes = document.querySelectorAll("[data-table-box]");
boxes.forEach(fit);
let fitting = 0;
addEventListener("resize", () => { cancelAnimationFrame(fitting); fitting = requestAnimationFrame(() => boxes.forEach(fit)); });
new MutationObserver(() => boxes.forEach(fit)).observe(root, { attributes: true, attributeFilter: ["data-nav"] });

const ownClick = (event) => closing || event.target.closest("a, button, input, select, textarea, label, summary, td[data-field]") || String(getSelection());
for (const kind of ["click", "auxclick"]) document.addEventListener(kind, (event) => {
  const row = event.target.closest?.("tr[data-href]");
  if (!row || ownClick(event) || (kind === "auxclick" && event.button !== 1)) return;
  if (event.ctrlKey || event.metaKey || event.button === 1) window.open(row.dataset.href, "_blank", "noopener");
  else location.assign(row.dataset.href);
});
document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.(".row-link") || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const row = event.target.closest("tr");
  const next = event.key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
  const link = next?.querySelector(".row-link");
  if (link) { event.preventDefault(); link.focus(); }
});

// One tick for all rows of the page; the bar below says how many are ticked by being usable or not.
each("[data-pick-all]", (all) => {
  const picks = () => [...document.querySelectorAll("[data-pick]")];
  const show = () => { const on = picks().filter((one) => one.checked).length; all.checked = on > 0 && on === picks().length; all.indeterminate = on > 0 && on < picks().length; };
  all.addEventListener("change", () => { picks().forEach((one) => { one.checked = all.checked; }); });
  document.addEventListener("change", (event) => { if (event.target.matches("[data-pick]")) show(); });
  show();
});

// ---------- forms: sent once, never lost unnoticed ----------
let unsaved = false;
each("form[data-guard]", (form) => {
  unsaved ||= "dirty" in form.dataset;
  for (const kind of ["input", "change"]) form.addEventListener(kind, () => { unsaved = true; });
});
addEventListener("beforeunload", (event) => { if (unsaved) { event.preventDefault(); event.returnValue = ""; } });
each("form[data-once]", (form) => form.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  unsaved = false;
  form.setAttribute("aria-busy", "true");
  each('button[type="submit"]', (button) => button.setAttribute("aria-disabled", "true"), form);
}));
addEventListener("pageshow", (event) => {
  if (event.persisted) each("form[data-sent]", (form) => {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
    each("[aria-disabled]", (button) => button.removeAttribute("aria-disabled"), form);
  });
});
// Digits typed with a Chinese input method become plain ones: １２，０００．５ -> 12,000.5
document.addEventListener("change", (event) => {
  if (!event.target.matches?.("[data-digits]")) return;
  event.target.value = event.target.value.replace(/[\uff0b-\uff19]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0)).replace(/。/g, ".").trim();
}, true);
// Files may be dropped on an upload form.
each("form.upload", (form) => {
  const input = form.querySelector('input[type="file"]');
  const over = (on) => (event) => { event.preventDefault(); form.classList.toggle("is-over", on); };
  form.addEventListener("dragover", over(true));
  form.addEventListener("dragleave", over(false));
  form.addEventListener("drop", (event) => { over(false)(event); if (event.dataTransfer.files.length) input.files = event.dataTransfer.files; });
});

// ---------- picker: a text box that finds a record ----------
// GET <lookup>?q=words answers {"items": [{"id": …, "text": "…", "hint": "…"}]} (a bare list or "results" will do).
function picker(box) {
  const text = box.querySelector("[data-picker-text]");
  const id = box.querySelector("[data-picker-id]");
  const list = box.querySelector(".picker-list");
  const chips = box.querySelector("[data-chips]");
  const many = "many" in box.dataset;
  if (!box.dataset.lookup || box.dataset.ready) return;
  box.dataset.ready = "yes";
  let items = [], active = -1, timer = 0, call = null;

  const set = (name, value) => text.setAttribute(name, value);
  set("role", "combobox"); set("aria-autocomplete", "list"); set("aria-expanded", "false"); set("aria-controls", list.id);
  list.setAttribute("role", "listbox");
  const named = text.getAttribute("aria-labelledby");
  if (named) list.setAttribute("aria-labelledby", named); else list.setAttribute("aria-label", text.labels?.[0]?.textContent.trim() || text.name);
  const status = document.createElement("span");
  status.className = "sr";
  status.setAttribute("role", "status");
  box.append(status);

  const place = () => {
    const r = text.getBoundingClientRect();
    const below = innerHeight - r.bottom;
    list.style.left = `${Math.max(4, Math.min(r.left, innerWidth - 248))}px`;
    list.style.width = `${Math.max(240, r.width)}px`;
    list.style.top = below > 220 || below > r.top ? `${r.bottom + 4}px` : "";
    list.style.bottom = below > 220 || below > r.top ? "" : `${innerHeight - r.top + 4}px`;
  };
  const close = () => { clearTimeout(timer); call?.abort(); list.hidden = true; set("aria-expanded", "false"); text.removeAttribute("aria-activedescendant"); active = -1; };
  const light = (n) => {
    active = n;
    [...list.children].forEach((li, i) => li.setAttribute("aria-selected", String(i === n)));
    const li = list.children[n];
    if (li) { set("aria-activedescendant", li.id); li.scrollIntoView({ block: "nearest" }); } else text.removeAttribute("aria-activedescendant");
  };
  const show = () => {
    list.replaceChildren();
    items.forEach((item, i) => {
      const li = document.createElement("li");
      li.id = `${list.id}-${i}`;
      li.setAttribute("role", "option");
      li.append(item.text);
      if (item.hint) { const small = document.createElement("small"); small.textContent = item.hint; li.append(small); }
      list.append(li);
    });
    list.hidden = !items.length;
    set("aria-expanded", String(items.length > 0));
    status.textContent = items.length ? say("matches", items.length) : say("no_match");
    if (items.length) { place(); light(0); }
  };
  const warn = () => {
    const loose = !many && text.value.trim() && !id.value;
    let hint = box.querySelector(".picker-note");
    if (loose && !hint) { hint = document.createElement("p"); hint.className = "picker-note"; hint.textContent = say("unchosen"); box.append(hint); }
    else if (!loose) hint?.remove();
  };
  const choose = (item) => {
    if (!item) return;
    if (many) {
      const there = [...chips.querySelectorAll("input")].find((input) => input.value === String(item.id));
      if (there) there.checked = true;
      else {
        const chip = document.createElement("label");
        chip.className = "chip";
        const tick = Object.assign(document.createElement("input"), { type: "checkbox", name: box.dataset.name, value: item.id, checked: true });
        const span = document.createElement("span");
        span.textContent = item.text;
        chip.append(tick, span);
        chips.append(chip);
      }
      text.value = "";
    } else { id.value = item.id; text.value = item.text; }
    close(); warn();
    text.dispatchEvent(new Event("change", { bubbles: true }));
    box.dispatchEvent(new CustomEvent("wenshu:picked", { bubbles: true, detail: item }));
  };
  const ask = async () => {
    call?.abort();
    call = new AbortController();
    const url = new URL(box.dataset.lookup, location.href);
    url.searchParams.set("q", text.value.trim());
    try {
      const answer = await fetch(url, { signal: call.signal, headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      const found = await answer.json();
      items = Array.isArray(found) ? found : found.items || found.results || [];
      if (document.activeElement === text) show();
    } catch (fault) { if (fault.name !== "AbortError") { items = []; close(); status.textContent = say("no_answer"); } }
  };
  const typed = () => { if (id) id.value = ""; clearTimeout(timer); if (!text.value.trim()) { close(); warn(); return; } timer = setTimeout(ask, 160); };
  text.addEventListener("input", (event) => { if (!event.isComposing) typed(); });
  text.addEventListener("compositionend", typed);
  text.addEventListener("keydown", (event) => {
    if (composing(event)) return;
    const open = !list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault(); event.stopPropagation();
      if (!open) ask();
      else light((active + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length);
    } else if (event.key === "Enter" && open) { event.preventDefault(); event.stopPropagation(); choose(items[active]); }
    else if (event.key === "Tab" && open && (many || !id.value)) choose(items[active]);
    else if (event.key === "Escape" && open) { event.stopPropagation(); close(); }
    else if (event.key === "Backspace" && many && !text.value) { const last = chips.querySelector(".chip:last-child"); if (last) { last.remove(); text.dispatchEvent(new Event("change", { bubbles: true })); } }
  });
  text.addEventListener("blur", () => { close(); warn(); });
  list.addEventListener("mousedown", (event) => event.preventDefault()); // keep the focus in the box
  list.addEventListener("click", (event) => { const li = event.target.closest("li"); if (li) choose(items[[...list.children].indexOf(li)]); });
  addEventListener("scroll", () => { if (!list.hidden) place(); }, { passive: true, capture: true });
  addEventListener("resize", close);
  if (document.activeElement === text && !id?.value) typed(); // written before this script was here
}
each("[data-picker]", picker);

// ---------- what a chosen record proposes for the other fields: those nobody touched take it ----------
const touched = ({ isTrusted, target }) => { if (isTrusted && target.form) { target.dataset.touched = "yes"; delete target.dataset.filled; } };
document.addEventListener("input", touched);
document.addEventListener("change", touched);
document.addEventListener("wenshu:picked", ({ target, detail }) => {
  const form = target.closest("form");
  if (!form || !detail.fills) return;
  const fresh = !form.elements.version?.value && !("dirty" in form.dataset); // nothing stored, nothing sent yet
  for (const [name, { value, text, begins }] of Object.entries(detail.fills)) {
    const input = form.elements.namedItem(name);
    const shown = form.elements.namedItem(`${name}__text`) || input;
    if (!input || !shown || shown.dataset.touched) continue;
    const empty = !shown.value.trim() || shown.dataset.filled;
    if (!empty && !(fresh && shown.tagName === "SELECT")) continue;
    input.value = value;
    if (shown !== input) shown.value = text;
    shown.dataset.filled = begins ? "begun" : "yes";
  }
});
// A beginning that nobody went on with is not sent.
document.addEventListener("submit", ({ target }) => each("[data-filled=begun]", (input) => { input.value = ""; }, target), true);

// ---------- a field in its row: double click, or F2 on the row, opens it; Enter stores, Escape leaves it as it was ----------
async function openCell(cell) {
  const row = cell.closest("tr[data-href]");
  if (!row || cell.querySelector("form.inline")) return;
  const address = row.dataset.href.replace("/show/", "/inline/") + "/" + cell.dataset.field;
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) return;
  const before = [...cell.childNodes];
  cell.innerHTML = await answer.text();
  const form = cell.querySelector("form");
  const fault = form.querySelector(".field-error");
  const input = form.querySelector("input:not([type=hidden]), select, textarea");
  input.setAttribute("aria-label", cell.dataset.label);
  each("[data-picker]", picker, form);
  const close = (nodes) => { cell.replaceChildren(...nodes); row.querySelector(".row-link")?.focus(); };
  form.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") close(before);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const stored = await fetch(form.action, { method: "POST", body: new FormData(form), credentials: "same-origin" });
    const found = await stored.json().catch(() => ({}));
    if (stored.ok) {
      const text = document.createTextNode(found.text || "");
      const link = before.find((node) => node.nodeType === 1);
      if (link) { link.textContent = found.text || ""; close(before); } else close([text]);
      return;
    }
    // Somebody was quicker: what was typed stays, beside what is stored now; the next Enter is meant.
    if (found.version) form.elements.version.value = found.version;
    fault.textContent = (found.message || say("no_answer")) + (found.theirs === undefined ? "" : ` ${found.label}: ${found.theirs || "—"}`);
    fault.hidden = false;
  });
  input.focus();
  input.select?.();
}
document.addEventListener("dblclick", (event) => {
  const cell = event.target.closest?.("td[data-field]");
  if (cell) { event.preventDefault(); openCell(cell); }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "F2" || !event.target.matches?.(".row-link")) return;
  const cell = event.target.closest("tr").querySelector("td[data-field]");
  if (cell) { event.preventDefault(); openCell(cell); }
});

// ---------- lines: a small sheet inside a form ----------
each("[data-lines]", (section) => {
  const body = section.querySelector("[data-lines-body]");
  const template = section.querySelector("[data-line-template]");
  const status = section.querySelector("[data-lines-status]");
  const rows = () => [...body.querySelectorAll("[data-line]:not([hidden])")];
  const number = () => rows().forEach((row, i) => { row.querySelector("[data-line-no]").textContent = i + 1; });
  const visible = (row) => [...row.querySelectorAll("input:not([type=hidden]), select, textarea")].filter((input) => input.offsetParent);
  const changed = () => section.dispatchEvent(new Event("change", { bubbles: true }));
  let next = 0;
  each("[name]", (input) => { const n = /-(\d+)-/.exec(input.name); if (n) next = Math.max(next, Number(n[1]) + 1); }, body);

  const add = (focus = true) => {
    if (!template) return null;
    const row = template.content.firstElementChild.cloneNode(true);
    for (const node of [row, ...row.querySelectorAll("*")])
      for (const attribute of node.attributes) if (attribute.value.includes("__n__")) attribute.value = attribute.value.replaceAll("__n__", next);
    next += 1;
    body.append(row);
    each("[data-picker]", picker, row);
    number(); changed();
    status.textContent = say("line_added", rows().length);
    if (focus) visible(row)[0]?.focus();
    return row;
  };
  section.querySelector("[data-line-add]")?.addEventListener("click", () => add());
  body.addEventListener("click", (event) => {
    if (!event.target.closest("[data-line-remove]")) return;
    const row = event.target.closest("[data-line]");
    const neighbour = row.nextElementSibling || row.previousElementSibling;
    const flag = row.querySelector('.line-tools input[type="checkbox"]');
    if (flag) { flag.checked = true; row.hidden = true; } else row.remove();
    number(); changed();
    status.textContent = say("line_removed");
    (neighbour && visible(neighbour)[0] || section.querySelector("[data-line-add]"))?.focus();
  });
  // Enter goes down the column, as in a spreadsheet; on the last line it opens a new one.
  body.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || composing(event) || event.ctrlKey || event.metaKey || !event.target.matches("input, select")) return;
    event.preventDefault();
    const row = event.target.closest("[data-line]");
    const column = visible(row).indexOf(event.target);
    const at = rows().indexOf(row);
    const target = event.shiftKey ? rows()[at - 1] : rows()[at + 1] || add(false);
    if (target) { const input = visible(target)[column]; input?.focus(); input?.select?.(); }
  });
  // A block copied from a spreadsheet fills the cells to the right and below.
  body.addEventListener("paste", (event) => {
    const block = event.clipboardData?.getData("text/plain") || "";
    if (!/[\t\n]/.test(block.trim()) || !event.target.matches("input")) return;
    event.preventDefault();
    const start = event.target.closest("[data-line]");
    const column = visible(start).indexOf(event.target);
    let at = rows().indexOf(start);
    for (const line of block.replace(/\r/g, "").replace(/\n$/, "").split("\n")) {
      const row = rows()[at] || add(false);
      if (!row) break;
      const inputs = visible(row);
      line.split("\t").forEach((value, i) => {
        const input = inputs[column + i];
        if (!input) return;
        if (input.matches("select")) {
          const option = [...input.options].find((o) => o.text.trim() === value.trim() || o.value === value.trim());
          if (option) input.value = option.value;
        } else if (input.type === "checkbox") input.checked = /^(1|y|yes|true|是|√)$/i.test(value.trim());
        else { input.value = value.trim(); const id = input.closest("[data-picker]")?.querySelector("[data-picker-id]"); if (id) id.value = ""; }
        input.dispatchEvent(new Event("change", { bubbles: true }));
      });
      at += 1;
    }
  });
});

// ---------- a file that is being made: the page looks after it until it has ended ----------
async function lookAfter(part) {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-run]");
    if (!fresh) return;
    if (fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
    part.dataset.run = fresh.dataset.run;
  } catch { /* the office is away for a moment: ask again */ }
  if (part.dataset.run === "open") setTimeout(lookAfter, 1500, part);
}
each('[data-run="open"]', (part) => setTimeout(lookAfter, 1500, part));
