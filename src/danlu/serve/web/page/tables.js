// Rows between bars, as documents hold their tables, shown as a table. Every cell is set as text, never as HTML.

const ROW = /^\| (.*) \|(?: (\[\d+\]))?$/;
const RULE = /^\| *:?-+:? *(?:\| *:?-+:? *)*\|(?: (\[\d+\]))?$/;

/** Put tables in the place of rows of a finished answer; a blank line between a header and a row quoted apart from it goes. */
export function showTables(element) {
  const lines = element.textContent.split("\n");
  if (!lines.some((line) => ROW.test(line))) return;
  const parts = [];
  let table = null;
  lines.forEach((line, at) => {
    const rule = RULE.exec(line);
    const row = ROW.exec(line);
    if (table && rule) table.head(rule[1]);
    else if (row) (table ??= begin(parts)).add(row[1].split(" | "), row[2]);
    else if (!table || line.trim() || !isLoneRow(lines, at + 1)) {
      table = null;
      parts.push(line, "\n");
    }
  });
  element.replaceChildren(...parts);
}

function isLoneRow(lines, at) {
  return ROW.test(lines[at] ?? "") && !RULE.test(lines[at + 1] ?? "");
}

function begin(parts) {
  const table = document.createElement("table");
  parts.push(table);
  return {
    add(cells, mark) {
      const row = table.insertRow();
      for (const cell of [...cells, mark ?? ""]) row.insertCell().textContent = cell.trim();
    },
    head(mark) {
      const row = table.rows[table.rows.length - 1];
      for (const cell of [...row.cells]) {
        const heading = document.createElement("th");
        heading.textContent = cell.textContent;
        cell.replaceWith(heading);
      }
      if (mark) row.lastChild.textContent = mark;
    },
  };
}
