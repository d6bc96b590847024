/* What the page can do beyond being read: sort, filter, switch noise, copy. It is
   embedded as it stands here, allowed by its hash, and only ever shows and hides
   what is there already: it makes no markup out of text. */
"use strict";

(function () {
  const all = (selector, from) => Array.from((from || document).querySelectorAll(selector));

  /* ---- tables that sort: by data-sort where a cell has it, else by its text ---- */

  function keyOf(row, column) {
    const cell = row.cells[column];
    return cell.dataset.sort === undefined ? cell.textContent.trim() : Number(cell.dataset.sort);
  }

  function compare(a, b) {
    return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
  }

  function sortBy(table, header) {
    const column = header.cellIndex;
    const rows = Array.from(table.tBodies[0].rows);
    const isText = typeof keyOf(rows[0], column) === "string";
    const was = header.getAttribute("aria-sort");
    const now = was === null ? (isText ? "ascending" : "descending") : was === "ascending" ? "descending" : "ascending";

    all("th[aria-sort]", table).forEach((th) => th.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", now);
    rows.sort((a, b) => (now === "ascending" ? 1 : -1) * compare(keyOf(a, column), keyOf(b, column)));
    table.tBodies[0].append(...rows);
  }

  all("table.sortable").forEach((table) => {
    if (table.tBodies[0].rows.length < 2) return;
    all("thead th", table).forEach((header) => {
      const words = header.querySelector(".label");
      if (!words) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...words.childNodes);
      words.append(button);
      button.addEventListener("click", () => sortBy(table, header));
    });
  });

  /* ---- fields: a filter over all their words, and the noise switch ---- */

  function setUp(tools) {
    const part = tools.parentElement;
    const filter = tools.querySelector("input[type=search]");
    const noise = tools.querySelector("[role=switch]");
    const unfold = tools.querySelector("button");
    const told = tools.querySelector("[role=status]");
    const tree = part.querySelector(".trees");
    const fields = all(".field", tree);
    const boxes = all(".branch, .endpoint", tree).reverse(); /* the inner ones first */
    let words = null;

    /* Once, and only if somebody filters: pages hold thousands of fields. */
    function index() {
      words = fields.map((field) => {
        const endpoint = field.closest(".endpoint").dataset.name;
        return (endpoint + " " + field.dataset.path + " " + field.textContent).toLowerCase();
      });
    }

    function apply() {
      const terms = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;

      if (terms.length && !words) index();
      tree.classList.toggle("no-noise", !noise.checked);
      fields.forEach((field, i) => {
        const fits = terms.every((term) => words[i].includes(term));
        field.parentElement.hidden = !fits;
        shown += fits && (noise.checked || !field.classList.contains("noise"));
      });
      boxes.forEach((box) => {
        box.hidden = !all(".field", box).some((field) => !field.parentElement.hidden &&
          (noise.checked || !field.classList.contains("noise")));
      });
      told.textContent = shown + " of " + fields.length + " fields";
    }

    function visible() {
      return all("summary", tree).filter((summary) => summary.checkVisibility());
    }

    tools.hidden = false;
    filter.addEventListener("input", apply);
    filter.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { filter.value = ""; apply(); }
    });
    noise.addEventListener("change", apply);
    noise.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { noise.checked = !noise.checked; apply(); }
    });
    unfold.addEventListener("click", () => {
      const open = unfold.getAttribute("aria-pressed") !== "true";
      fields.forEach((field) => { field.open = open; });
      unfold.setAttribute("aria-pressed", String(open));
    });
    tree.addEventListener("keydown", (event) => {
      const at = visible().indexOf(event.target);
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (at < 0) return;
      if (step) {
        const next = visible()[at + step];
        if (next) next.focus();
      } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
        event.target.parentElement.open = event.key === "ArrowRight";
      } else {
        return;
      }
      event.preventDefault();
    });
    apply();
  }

  all(".tools").forEach(setUp);

  document.addEventListener("keydown", (event) => {
    const filters = all(".tools input[type=search]");
    const near = filters.filter((filter) => filter.getBoundingClientRect().top < innerHeight);
    if (event.key !== "/" || !filters.length || event.target.matches("input")) return;
    event.preventDefault();
    (near.pop() || filters[0]).focus();
  });

  /* ---- lines to copy ---- */

  all(".shell").forEach((line) => {
    const text = line.querySelector(".curl");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", () => {
      const range = document.createRange();
      range.selectNodeContents(text);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      if (document.execCommand("copy")) button.textContent = "Copied";
    });
    line.append(button);
  });

  /* ---- on paper everything is open ---- */

  addEventListener("beforeprint", () => all("details").forEach((d) => { d.open = true; }));
}());
