/* What the site does in the browser: copies a page as Markdown, filters the table of all tools, and names
   the cells of tables in a narrow window. */
(function () {
  "use strict";

  function copyAsMarkdown(button) {
    var twin = document.querySelector('link[rel="alternate"][type="text/markdown"]');
    if (!twin) return;
    button.addEventListener("click", function () {
      fetch(twin.href)
        .then(function (reply) {
          if (!reply.ok) throw new Error(String(reply.status));
          return reply.text();
        })
        .then(function (text) { return navigator.clipboard.writeText(text); })
        .then(function () { tell(button, "Copied"); })
        // Without the right to write to the clipboard, the Markdown is shown instead.
        .catch(function () { window.location.href = twin.href; });
    });
  }

  function tell(button, word) {
    var before = button.title;
    button.title = word;
    button.classList.add("rt-copied");
    window.setTimeout(function () {
      button.title = before;
      button.classList.remove("rt-copied");
    }, 1500);
  }

  function words(cell, selector) {
    return Array.prototype.map.call(cell.querySelectorAll(selector), function (one) { return one.textContent; });
  }

  function toolTable(box) {
    var rows = Array.prototype.map.call(box.querySelectorAll("tbody tr"), function (row) {
      var badges = words(row, ".rt-badge");
      return {
        row: row, text: row.textContent.toLowerCase(), "class": badges.slice(0, 1), effect: badges.slice(1),
        group: words(row, ".rt-group")
      };
    });
    var controls = document.createElement("div");
    controls.className = "rt-filters";
    var asked = new URLSearchParams(window.location.search);
    var search = document.createElement("input");
    search.type = "search";
    search.placeholder = "Filter by words";
    search.setAttribute("aria-label", "Filter by words");
    search.value = asked.get("words") || "";
    controls.appendChild(search);
    var selects = ["class", "effect", "group"].map(function (name) {
      var select = document.createElement("select");
      select.setAttribute("aria-label", "Filter by " + name);
      select.name = name;
      var values = [];
      rows.forEach(function (row) {
        row[name].forEach(function (value) { if (values.indexOf(value) < 0) values.push(value); });
      });
      [["", "Any " + name]].concat(values.map(function (value) { return [value, value]; })).forEach(function (pair) {
        var option = document.createElement("option");
        option.value = pair[0];
        option.textContent = pair[1];
        select.appendChild(option);
      });
      select.value = values.indexOf(asked.get(name)) < 0 ? "" : asked.get(name);
      controls.appendChild(select);
      return select;
    });
    var count = document.createElement("output");
    controls.appendChild(count);
    box.insertBefore(controls, box.firstChild);

    function apply() {
      var wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      var shown = 0;
      rows.forEach(function (row) {
        var fits = wanted.every(function (word) { return row.text.indexOf(word) >= 0; }) &&
          selects.every(function (select) { return !select.value || row[select.name].indexOf(select.value) >= 0; });
        row.row.hidden = !fits;
        shown += fits ? 1 : 0;
      });
      count.textContent = shown + " of " + rows.length;
      var query = new URLSearchParams();
      if (search.value) query.set("words", search.value);
      selects.forEach(function (select) { if (select.value) query.set(select.name, select.value); });
      var text = query.toString();
      window.history.replaceState(null, "", window.location.pathname + (text ? "?" + text : "") + window.location.hash);
    }
    search.addEventListener("input", apply);
    selects.forEach(function (select) { select.addEventListener("change", apply); });
    apply();
  }

  // A narrow window shows the cells of a row one below the other: beyond two, each needs the name of its column.
  function labelled(table) {
    var names = words(table, "thead th");
    if (names.length < 3) return;
    table.querySelectorAll("tbody tr").forEach(function (row) {
      Array.prototype.forEach.call(row.cells, function (cell, at) {
        if (at && names[at]) cell.dataset.label = names[at];
      });
    });
  }

  function start() {
    document.querySelectorAll(".md-typeset table").forEach(labelled);
    document.querySelectorAll("[data-rt-copy]").forEach(copyAsMarkdown);
    document.querySelectorAll(".rt-tools").forEach(toolTable);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
