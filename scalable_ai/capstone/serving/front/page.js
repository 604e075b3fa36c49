
"use strict";
const find = (id) => document.getElementById(id);
const drop = find("drop"), file = find("file"), status = find("status"), result = find("result"), preview = find("preview");
const maxBytes = Number(document.body.dataset.maxBytes);
let newest = 0;

function say(text, bad) {
  status.textContent = text;
  status.classList.toggle("bad", Boolean(bad));
}

function percent(share) {
  return (100 * share).toFixed(1) + " %";
}

function row(entry) {
  const item = document.createElement("li"), line = document.createElement("div");
  line.className = "line";
  for (const text of [entry.class, percent(entry.probability)]) {
    const part = document.createElement("span");
    part.textContent = text;
    line.append(part, " ");
  }
  const track = document.createElement("div"), bar = document.createElement("div");
  track.className = "track";
  track.setAttribute("aria-hidden", "true");
  bar.className = "bar";
  bar.style.width = 100 * entry.probability + "%";
  track.append(bar);
  item.append(line, track);
  return item;
}

async function classify(picture) {
  const turn = ++newest;
  result.hidden = true;
  if (!picture) return;
  if (!picture.type.startsWith("image/")) return say("This file is no picture; choose another.", true);
  if (picture.size > maxBytes) return say("This picture is larger than this server takes; choose a smaller one.", true);
  say("Looking at the picture …");
  let reply, answer;
  try {
    reply = await fetch("/classify", { method: "POST", headers: { "Content-Type": picture.type }, body: picture });
    answer = await reply.json();
  } catch {
    if (turn === newest) say("The server does not answer; is it still running?", true);
    return;
  }
  if (turn !== newest) return; // a later picture was chosen meanwhile
  if (!reply.ok) return say(answer.error || "The server could not answer.", true);
  if (preview.src) URL.revokeObjectURL(preview.src);
  preview.src = URL.createObjectURL(picture);
  find("answer").textContent = answer.class + ", " + percent(answer.probability);
  find("top").replaceChildren(...answer.top.map(row));
  result.hidden = false;
  say("Answer: " + answer.top.map((one) => one.class + " " + percent(one.probability)).join(", ") + ".");
}

file.addEventListener("change", () => classify(file.files[0]));
for (const type of ["dragenter", "dragover"]) {
  document.addEventListener(type, (event) => { event.preventDefault(); drop.classList.add("over"); });
}
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  classify(event.dataTransfer.files[0]);
});
document.addEventListener("paste", (event) => {
  if (event.clipboardData.files.length) classify(event.clipboardData.files[0]);
});
