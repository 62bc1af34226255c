// The service desk: kinds by one key, the caller by the number, answers while typing; and the board that keeps itself up.
// Without a script the form is the ordinary form and the board the board of the moment.

const desk = document.querySelector("[data-desk]");
const live = document.querySelector("[data-live]");
const later = (act, wait) => { let timer = 0; return (...given) => { clearTimeout(timer); timer = setTimeout(() => act(...given), wait); }; };

function lines(box, groups, draw) {
  box.replaceChildren();
  for (const group of groups) {
    if (group.title) { const head = document.createElement("h3"); head.textContent = group.title; box.append(head); }
    const list = document.createElement("ul");
    for (const row of group.rows) { const item = document.createElement("li"); draw(item, row); list.append(item); }
    box.append(list);
  }
}

function link(text, href) {
  const found = Object.assign(document.createElement("a"), { href, textContent: text, target: "_blank", rel: "noopener" });
  return found;
}

if (desk) {
  const form = desk.querySelector("form.sheet-form");
  const field = (name) => form.elements.namedItem(name);
  const caller = desk.querySelector("[data-caller]");
  const nothing = caller.innerHTML;

  // One key a kind, one for the tick of reading back.
  const kind = (value) => { field("kind").value = value; field("kind").dispatchEvent(new Event("change", { bubbles: true })); };
  const kinds = [...desk.querySelectorAll("[data-kind]")];
  kinds.forEach((button) => button.addEventListener("click", () => { kind(button.dataset.kind); form.querySelector("#subject")?.focus(); }));
  const mark = () => kinds.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.kind === field("kind").value)));
  field("kind").addEventListener("change", mark);
  mark();
  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey) return;
    const place = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
    if (place && kinds[place - 1]) { event.preventDefault(); kind(kinds[place - 1].dataset.kind); if (!field("subject").value) field("subject").focus(); }
    else if (event.code === "KeyQ") { const first = desk.querySelector("[data-answers] button"); if (first) { event.preventDefault(); first.click(); } }
    else if (event.code === "KeyR") { event.preventDefault(); const tick = field("read_back"); if (tick) tick.checked = !tick.checked; }
  });

  // Who calls: asked once the number is whole, and never by an address.
  let call = null;
  const ask = later(async () => {
    call?.abort();
    call = new AbortController();
    try {
      const answer = await fetch(desk.dataset.callers, {
        method: "POST", signal: call.signal, credentials: "same-origin",
        headers: { "Content-Type": "application/json", "X-CSRFToken": form.elements.csrf_token.value, Accept: "application/json" },
        body: JSON.stringify({ phone: field("phone").value }),
      });
      if (!answer.ok) return;
      const found = await answer.json();
      if (!found.groups.length) { caller.innerHTML = nothing; return; }
      lines(caller, found.groups, (item, row) => { item.append(link(row.text, row.href)); if (row.meta) { const small = document.createElement("small"); small.textContent = row.meta; item.append(" ", small); } });
      const name = field("contact_name");
      const known = found.groups.flatMap((group) => group.rows).map((row) => row.name).find(Boolean);
      if (name && known && !name.value.trim()) { name.value = known; name.dataset.filled = "yes"; name.select?.(); }
    } catch { /* the call goes on without */ }
  }, 250);
  field("phone")?.addEventListener("input", ask);
  if (field("phone")?.value) ask();

  // What is read to the caller, in the words written down.
  const spoken = desk.querySelector("[data-read-back]");
  const untold = spoken.textContent;
  const speak = () => {
    const subject = field("subject").value.trim(), content = field("content").value.trim();
    spoken.textContent = subject || content ? spoken.dataset.frame.replace("{matter}", [subject, content].filter(Boolean).join(" — ")) : untold;
  };
  // Answers of the library, best first; the chosen one goes along with the form and is given in the next step.
  const answer_with = (id) => {
    const input = form.elements.namedItem("quote") || form.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name: "quote" }));
    input.value = id;
    form.requestSubmit();
  };
  const answers = desk.querySelector("[data-answers]");
  const none = answers?.innerHTML;
  const look = later(async () => {
    const words = [field("subject").value, field("content").value].join(" ").trim().slice(0, 200);
    if (!answers || words.length < 2) { if (answers) answers.innerHTML = none; return; }
    try {
      const url = new URL(desk.dataset.suggestions, location.href);
      url.searchParams.set("q", words);
      const answer = await fetch(url, { credentials: "same-origin", headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const found = await answer.json();
      if (!found.length) { answers.innerHTML = none; return; }
      lines(answers, [{ rows: found }], (item, row) => {
        item.append(link(row.title, row.href));
        const excerpt = document.createElement("p");
        excerpt.textContent = row.excerpt;
        const small = document.createElement("small");
        small.textContent = row.verified_on || "";
        const quote = Object.assign(document.createElement("button"), { type: "button", className: "button is-small", textContent: answers.dataset.quote });
        quote.addEventListener("click", () => answer_with(row.id));
        item.append(excerpt, small, " ", quote);
      });
    } catch { /* likewise */ }
  }, 300);
  for (const name of ["subject", "content"]) field(name)?.addEventListener("input", () => { speak(); look(); });
  speak();
}

if (live) {
  const refresh = async () => {
    if (document.hidden || live.contains(document.activeElement)) return; // nobody looks, or somebody is on a row
    try {
      const answer = await fetch(live.dataset.live, { credentials: "same-origin" });
      if (answer.ok && !answer.redirected) live.innerHTML = await answer.text();
    } catch { /* the next time */ }
  };
  setInterval(refresh, Number(live.dataset.every) * 1000);
  document.addEventListener("visibilitychange", refresh);
}
