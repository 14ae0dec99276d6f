// Draws figures as links, each a real one, and tells Python which was pressed. Nodes are made from text alone.
const lines = new WeakMap();

export default function draw({ data, parentElement, setTriggerValue }) {
  const line = parentElement.querySelector(".line");
  if (!lines.has(line)) {
    line.addEventListener("click", (event) => {
      const link = event.target.closest("a");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      lines.get(line)("go", link.dataset.name);
    });
  }
  lines.set(line, setTriggerValue);
  while (line.children.length < data.length) line.append(figure());
  while (line.children.length > data.length) line.lastElementChild.remove();
  data.forEach((one, n) => fill(line.children[n], one));
}

function figure() {
  const link = document.createElement("a");
  for (const [name, kind] of [["small", "label"], ["strong", "value"], ["em", "note"]]) {
    const part = document.createElement(name);
    part.className = kind;
    link.append(part, " ");
  }
  return link;
}

function fill(link, { name, href, label, value, note, tone, color, title }) {
  link.href = href;
  link.title = title;
  link.dataset.name = name;
  const [labelled, valued, noted] = link.children;
  labelled.textContent = label;
  valued.textContent = value;
  valued.className = `value ${color}`;
  noted.textContent = note;
  noted.className = `note ${tone}`;
}
