// The editor of a paper's text, laid over its text area: paragraphs, bold, italic, underline, simple tables. What is
// pasted in leaves everything else behind. The server judges anew what is sent; without this script plain lines are
// typed into the text area.

const MARKS = { B: "strong", STRONG: "strong", I: "em", EM: "em", U: "u" };
const PARTS = new Set(["P", "DIV", "H1", "H2", "H3", "H4", "H5", "H6", "LI", "UL", "OL", "DT", "DD", "BLOCKQUOTE", "PRE", "SECTION", "ARTICLE", "CAPTION", "CENTER"]);
const GONE = new Set(["SCRIPT", "STYLE", "TITLE", "TEXTAREA", "IFRAME", "OBJECT", "SVG", "MATH", "TEMPLATE", "NOSCRIPT", "HEAD", "META", "LINK"]);
const MARKUP = /<\/?(?:p|div|br|table|strong|b|em|i|u)(?:\s[^<>]*)?\/?>/i;
const make = (tag, ...children) => { const node = document.createElement(tag); node.append(...children); return node; };

// ---------- what is kept ----------
// The blocks of a tree, as new nodes: nothing but p, table and the three emphases comes out of here.
function kept(root) {
  const blocks = [];
  let line = null;
  const end = () => { if (line && line.textContent.trim()) blocks.push(line); line = null; };
  const put = (text, marks) => {
    line ||= make("p");
    line.append([...marks].reduce((inner, mark) => make(mark, inner), document.createTextNode(text)));
  };
  const walk = (node, marks) => {
    if (node.nodeType === Node.TEXT_NODE) {
      const text = node.data.replace(/[ \t\r\n\f]*\n[ \t\r\n\f]*/g, (gap, at, all) => /[\u2e80-\uffef]/.test(all[at - 1] || "") && /[\u2e80-\uffef]/.test(all[at + gap.length] || "") ? "" : " ").replace(/[ \t\xa0]+/g, " ");
      if (text && (line || text.trim())) put(text, marks);
      return;
    }
    if (node.nodeType !== Node.ELEMENT_NODE || GONE.has(node.tagName.toUpperCase())) return;
    if (node.tagName === "BR") { end(); return; }
    if (node.tagName === "TABLE") { end(); const table = grid(node); if (table) blocks.push(table); return; }
    const mark = MARKS[node.tagName];
    const inner = mark && !marks.has(mark) ? new Set([...marks, mark]) : marks;
    if (PARTS.has(node.tagName)) end();
    for (const child of node.childNodes) walk(child, inner);
    if (PARTS.has(node.tagName)) end();
  };
  for (const child of root.childNodes) walk(child, new Set());
  end();
  return blocks;
}
function grid(source) {
  const body = make("tbody");
  for (const row of source.rows) {
    const tr = make("tr");
    for (const cell of row.cells) {
      const one = make(cell.tagName === "TH" ? "th" : "td");
      for (const span of ["colSpan", "rowSpan"]) if (cell[span] > 1) one[span] = cell[span];
      kept(cell).forEach((block, n) => { if (n) one.append(make("br")); one.append(...(block.tagName === "TABLE" ? [block.textContent] : block.childNodes)); });
      if (!one.childNodes.length) one.append(make("br"));
      tr.append(one);
    }
    if (tr.cells.length) body.append(tr);
  }
  return body.rows.length ? make("table", body) : null;
}
const lines = (text) => text.split(/\r\n?|\n/).filter((words) => words.trim()).map((words) => make("p", words.trim()));
function read(text) {
  if (!MARKUP.test(text)) return lines(text);
  // Styles and handlers would only be refused by the page's policy, one by one; they are taken out before anything reads them.
  const bare = text.replace(/<!--[\s\S]*?-->/g, "").replace(/<style[\s\S]*?<\/style>/gi, "").replace(/<[a-z][^>]*/gi, (tag) => tag.replace(/(?<=[\s/"'])(?:style|on\w+)(?=[\s/=]|$)(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]*))?/gi, ""));
  return kept(new DOMParser().parseFromString(bare, "text/html").body);
}
function written(blocks) {
  const holder = make("div", ...blocks);
  return holder.innerHTML.replaceAll("<tbody>", "").replaceAll("</tbody>", "").replace(/<br><\/(td|th)>/g, "</$1>");
}

// ---------- the editor ----------
function edit(area) {
  const tools = document.getElementById(area.dataset.manuscript);
  const label = area.labels?.[0];
  const editor = make("div");
  editor.className = "input manuscript is-editor";
  editor.contentEditable = "true";
  editor.setAttribute("role", "textbox");
  editor.setAttribute("aria-multiline", "true");
  if (label) { label.id ||= `${area.id}-label`; editor.setAttribute("aria-labelledby", label.id); label.addEventListener("click", () => editor.focus()); }
  for (const name of ["aria-describedby", "aria-invalid"]) if (area.hasAttribute(name)) editor.setAttribute(name, area.getAttribute(name));
  if (area.required) editor.setAttribute("aria-required", "true");
  editor.id = area.id; // links to the field come here
  area.removeAttribute("id");
  area.hidden = true;
  area.before(tools, editor);
  tools.hidden = false;
  const fill = (text) => { editor.replaceChildren(...read(text)); if (!editor.firstChild) editor.append(make("p", make("br"))); };
  fill(area.value);
  document.execCommand("defaultParagraphSeparator", false, "p");
  document.execCommand("styleWithCSS", false, false);
  if (area.autofocus) editor.focus();

  // Where the caret stands, counted in letters, so that it can be put back after an undo.
  const caret = () => {
    const at = getSelection();
    if (!at.rangeCount || !editor.contains(at.anchorNode)) return null;
    const range = document.createRange();
    range.selectNodeContents(editor);
    range.setEnd(at.anchorNode, at.anchorOffset);
    return range.toString().length;
  };
  const put = (letters) => {
    if (letters === null) return;
    const texts = document.createTreeWalker(editor, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      if (letters <= node.length) { getSelection().collapse(node, letters); return; }
      letters -= node.length;
    }
    getSelection().selectAllChildren(editor);
    getSelection().collapseToEnd();
  };

  const steps = [{ text: area.value, html: written(kept(editor)), caret: null }];
  let place = 0, last = 0, began = 0;
  const note = (apart = true) => {
    const html = written(kept(editor));
    if (html === steps[place].html) return;
    area.value = html;
    const step = { text: html, html, caret: caret() };
    const now = Date.now();
    steps.length = place + 1;
    // Words typed in one go are taken back in one go.
    if (!apart && place && now - last < 600 && now - began < 3000) steps[place] = step;
    else { place = steps.push(step) - 1; began = now; }
    if (steps.length > 200) { steps.shift(); place -= 1; }
    last = now;
    show();
  };
  const go = (by) => {
    if (!steps[place + by]) return;
    place += by;
    area.value = steps[place].text;
    fill(steps[place].html);
    put(steps[place].caret);
    editor.dispatchEvent(new Event("input", { bubbles: true, cancelable: false }));
  };

  const cell = () => { const at = getSelection().anchorNode; const found = at && editor.contains(at) ? (at.nodeType === 1 ? at : at.parentElement).closest("td, th") : null; return found && editor.contains(found) ? found : null; };
  const block = () => { let at = getSelection().anchorNode; if (!at || !editor.contains(at) || at === editor) return editor.lastElementChild; while (at.parentNode !== editor) at = at.parentNode; return at; };
  const enter = (one) => { if (one) { getSelection().selectAllChildren(one); getSelection().collapseToStart(); } };
  const empty = (tag = "td") => make(tag, make("br"));
  const table = {
    add() {
      const rows = [1, 2, 3].map(() => make("tr", ...[1, 2, 3].map(() => empty())));
      const made = make("table", make("tbody", ...rows));
      block().after(made);
      if (!made.nextElementSibling) made.after(make("p", make("br")));
      enter(made.rows[0].cells[0]);
    },
    row() { const one = cell(); if (one) { const row = one.parentElement; row.after(make("tr", ...[...row.cells].flatMap((c) => Array.from({ length: c.colSpan }, () => empty())))); enter(row.nextElementSibling.cells[0]); } },
    head() {
      const one = cell(), row = one?.closest("table").rows[0];
      if (!row) return;
      const tag = row.cells[0].tagName === "TH" ? "td" : "th", at = one.parentElement === row ? one.cellIndex : -1;
      for (const old of [...row.cells]) { const next = make(tag, ...old.childNodes); for (const span of ["colSpan", "rowSpan"]) if (old[span] > 1) next[span] = old[span]; old.replaceWith(next); }
      if (at >= 0) enter(row.cells[at]);
    },
    column() { const one = cell(); if (one) for (const row of one.closest("table").rows) { const beside = row.cells[Math.min(one.cellIndex, row.cells.length - 1)]; if (beside) beside.after(empty(beside.tagName)); } },
    norow() { const one = cell(); if (one) { const all = one.closest("table"); one.parentElement.remove(); if (!all.rows.length) { all.after(make("p", make("br"))); enter(all.nextElementSibling); all.remove(); } } },
    nocolumn() { const one = cell(); if (one) { const all = one.closest("table"), at = one.cellIndex; for (const row of [...all.rows]) { row.cells[at]?.remove(); if (!row.cells.length) row.remove(); } if (!all.rows.length) { all.after(make("p", make("br"))); enter(all.nextElementSibling); all.remove(); } } },
  };
  const act = (name) => {
    if (name === "undo") go(-1);
    else if (name === "redo") go(1);
    else {
      editor.focus();
      if (name in table) table[name](); else document.execCommand(name);
      note();
      editor.dispatchEvent(new Event("input", { bubbles: true }));
    }
    show();
  };
  const show = () => {
    const inside = Boolean(cell());
    for (const button of tools.querySelectorAll("button")) {
      const name = button.dataset.act;
      if (button.hasAttribute("aria-pressed")) button.setAttribute("aria-pressed", String(editor.contains(getSelection().anchorNode) && document.queryCommandState(name)));
      if (name in table && name !== "add") button.hidden = !inside;
      if (name === "undo") button.setAttribute("aria-disabled", String(place === 0));
      if (name === "redo") button.setAttribute("aria-disabled", String(place === steps.length - 1));
    }
  };

  tools.addEventListener("pointerdown", (event) => { if (event.target.closest("button")) event.preventDefault(); }); // the words stay chosen
  tools.addEventListener("click", (event) => { const button = event.target.closest("button"); if (button) act(button.dataset.act); });
  document.addEventListener("selectionchange", show);
  editor.addEventListener("input", (event) => { if (!event.isComposing && event.inputType) note(event.inputType !== "insertText"); });
  editor.addEventListener("compositionend", () => note(false));
  editor.addEventListener("blur", () => note());
  editor.addEventListener("beforeinput", (event) => {
    if (event.inputType === "historyUndo" || event.inputType === "historyRedo") { event.preventDefault(); go(event.inputType === "historyUndo" ? -1 : 1); }
  });
  editor.addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey || !(event.ctrlKey || event.metaKey)) return;
    const key = event.key.toLowerCase();
    const name = { b: "bold", i: "italic", u: "underline", z: event.shiftKey ? "redo" : "undo", y: "redo" }[key];
    if (name) { event.preventDefault(); act(name); }
  });
  const insert = (data) => {
    const html = data.getData("text/html");
    const blocks = html ? read(`<p>${html}`) : lines(data.getData("text/plain"));
    if (!blocks.length) return;
    const inside = cell();
    if (inside || (blocks.length === 1 && blocks[0].tagName === "P")) {
      const line = make("div");
      blocks.forEach((one, n) => { if (n) line.append(make("br")); line.append(...(one.tagName === "P" ? [...one.childNodes] : [one.textContent])); });
      document.execCommand("insertHTML", false, line.innerHTML);
    } else {
      const at = getSelection();
      if (at.rangeCount && !at.isCollapsed) document.execCommand("delete");
      const here = block();
      const rest = here?.tagName === "P" && at.rangeCount ? document.createRange() : null;
      let tail = null;
      if (rest && here.contains(at.anchorNode)) { rest.selectNodeContents(here); rest.setStart(at.anchorNode, at.anchorOffset); tail = make("p", rest.extractContents()); }
      here.after(...blocks);
      if (tail?.textContent.trim()) blocks.at(-1).after(tail);
      if (!here.textContent.trim() && here.tagName === "P") here.remove();
      getSelection().selectAllChildren(blocks.at(-1));
      getSelection().collapseToEnd();
    }
    note();
  };
  for (const [kind, from] of [["paste", "clipboardData"], ["drop", "dataTransfer"]]) editor.addEventListener(kind, (event) => {
    event.preventDefault();
    if (event[from].files.length && !event[from].types.includes("text/html")) return; // pictures have no place here
    insert(event[from]);
    editor.dispatchEvent(new Event("input", { bubbles: true }));
  });
  show();
}
for (const area of document.querySelectorAll("textarea[data-manuscript]")) edit(area);
