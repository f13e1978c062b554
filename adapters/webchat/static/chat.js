import { language, words } from "./words.js";

// The page shows what the server has and keeps what the server does not have yet. A message keeps its own id from the
// first try to the last, so trying again never makes a second one.
const { root, as } = document.body.dataset;
const MAX_TEXT_BYTES = 100_000;
const MAX_PHOTO_BYTES = 5 * 1024 * 1024;
const LOOK_BACK = 100;
const SILENT_MS = 60_000;
const STORE = `heqi.chat.${root}.${as}`;
const $ = (id) => document.getElementById(id);

const lines = new Map(); // id → line of the server
const bubbles = new Map(); // key → element
let waiting = JSON.parse(localStorage.getItem(`${STORE}.waiting`) ?? "[]"); // texts the server has not taken yet
const photos = []; // photos the server has not taken yet; they do not survive a reload
let taken = []; // taken, but not shown by the server yet
let posting = false;
let socket = null;
let heard = 0;
let pause = 1000;
let seen = 0;

function ownName() {
  return localStorage.getItem(`${STORE}.name`) ?? as; // a demo chat goes by its label until it has a name
}

function url(path, query = {}) {
  const parameters = new URLSearchParams({ ...(as ? { as } : {}), ...query });
  return `${root}${path}?${parameters}`;
}

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function remember() {
  localStorage.setItem(`${STORE}.waiting`, JSON.stringify(waiting));
}

function problem(key) {
  $("problem").textContent = key ? words[key] ?? words.failed : "";
  $("problem").hidden = !key;
}

function status(key) {
  $("status").textContent = words[key];
  document.body.dataset.state = key;
}

// ---- showing -----------------------------------------------------------------------------------------------------

const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });

function dayName(at) {
  const day = new Date(at).toDateString();
  if (day === new Date().toDateString()) return words.today;
  if (day === new Date(Date.now() - 86_400_000).toDateString()) return words.yesterday;
  return calendar.format(at);
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function attachment(media) {
  const source = media.local ?? url(`/media/${encodeURIComponent(media.ref)}`);
  if (media.show === "audio" || media.show === "video") {
    const player = element(media.show, media.show);
    player.controls = true;
    player.preload = "metadata";
    player.playsInline = true;
    player.src = source;
    player.addEventListener("loadedmetadata", () => atEnd() && toEnd());
    return player;
  }
  const link = element("a", media.show === "image" ? "photo" : "file");
  link.href = source;
  if (media.show !== "image") {
    link.download = media.name || words.file;
    link.textContent = media.name || words.file;
    return link;
  }
  link.target = "_blank";
  link.rel = "noopener";
  const image = element("img");
  image.alt = words.photo;
  image.loading = "lazy";
  image.src = link.href;
  image.addEventListener("load", () => atEnd() && toEnd());
  link.append(image);
  return link;
}

function bubble(line) {
  const made = element("div", `bubble ${line.mine ? "mine" : "theirs"}`);
  for (const media of line.media ?? []) made.append(attachment(media));
  if (line.text) {
    const text = element("p", "", line.text);
    text.dir = "auto";
    made.append(text);
  }
  const foot = element("span", "foot", clock.format(line.at));
  if (line.mine) {
    const mark = element("span", `mark ${line.mark}`, { sending: "◌", waiting: "◌", sent: "✓", seen: "✓✓", failed: "!" }[line.mark]);
    mark.title = words[line.mark];
    mark.setAttribute("aria-label", words[line.mark]);
    foot.append(mark);
  }
  made.append(foot);
  return made;
}

function atEnd() {
  const box = $("lines");
  return box.scrollHeight - box.scrollTop - box.clientHeight < 80;
}

function toEnd() {
  $("lines").scrollTop = $("lines").scrollHeight;
  $("newer").hidden = true;
}

function draw() {
  const stay = !atEnd();
  const shown = [...lines.values()].sort((a, b) => a.id - b.id);
  const answered = shown.findLast((line) => !line.mine)?.id ?? 0;
  const all = shown.map((line) => ({ ...line, key: `s${line.id}`, mark: line.id < answered || line.state === "read" ? "seen" : "sent" }));
  for (const own of [...taken, ...waiting, ...photos]) {
    const mark = own.failed ? "failed" : taken.includes(own) ? "sent" : navigator.onLine ? "sending" : "waiting";
    all.push({ ...own, mine: true, key: `w${own.id}`, mark });
  }
  const box = $("lines");
  const kept = new Set();
  let previousDay = "";
  let place = box.querySelector(".hello");
  for (const line of all) {
    const day = dayName(line.at);
    const wanted = [];
    if (day !== previousDay) wanted.push([`d${day}`, day, () => element("div", "day", day)]);
    previousDay = day;
    wanted.push([line.key, JSON.stringify([line.text, line.mark, line.media?.length]), () => bubble(line)]);
    for (const [key, version, make] of wanted) {
      kept.add(key);
      let known = bubbles.get(key);
      if (known?.dataset.version !== version) {
        const fresh = make();
        fresh.dataset.version = version;
        known?.replaceWith(fresh);
        bubbles.set(key, (known = fresh));
      }
      if (place.nextElementSibling !== known) place.after(known);
      place = known;
    }
  }
  for (const [key, made] of bubbles) {
    if (kept.has(key)) continue;
    made.remove();
    bubbles.delete(key);
  }
  if (stay) $("newer").hidden = answered <= seen;
  else toEnd();
  tellSeen();
}

function tellSeen() {
  const last = Math.max(0, ...[...lines.values()].filter((line) => !line.mine).map((line) => line.id));
  if (last <= seen || document.hidden || !atEnd() || socket?.readyState !== WebSocket.OPEN) return;
  seen = last;
  socket.send(JSON.stringify({ seen }));
}

function receive(fresh) {
  for (const line of fresh) {
    lines.set(line.id, line);
    if (!line.mine) continue;
    const same = (own) => (line.own ? own.id === line.own : own.text === line.text);
    const found = taken.findIndex(same);
    if (found >= 0) taken.splice(found, 1);
  }
  draw();
}

// ---- sending -----------------------------------------------------------------------------------------------------

async function post(own) {
  const name = ownName();
  return own.file
    ? fetch(url("/photos", { id: own.id, name }), { method: "POST", body: own.file })
    : fetch(url("/messages"), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ id: own.id, text: own.text, name }),
      });
}

async function sendWaiting() {
  if (posting) return;
  posting = true;
  try {
    for (;;) {
      const own = [...waiting, ...photos].filter((each) => !each.failed).sort((a, b) => a.at - b.at)[0];
      if (!own) break;
      const response = await post(own);
      if (response.status === 429) {
        problem("slow_down");
        await new Promise((done) => setTimeout(done, 1000 * Number(response.headers.get("retry-after") ?? 2)));
        problem(null);
        continue;
      }
      if (response.status === 401) return reload();
      if (response.status >= 500) throw new Error("server");
      if (response.ok) {
        waiting = waiting.filter((each) => each !== own);
        if (photos.includes(own)) photos.splice(photos.indexOf(own), 1);
        if (![...lines.values()].some((line) => line.own === own.id)) taken.push(own);
      } else {
        own.failed = true;
        problem((await response.json()).error);
      }
      remember();
      draw();
    }
  } catch {
    setTimeout(sendWaiting, 3000); // no connection; the message keeps its id and waits
  } finally {
    posting = false;
  }
}

function reload() {
  // The cookie is gone (cleared or expired): a fresh page opens a fresh chat. Once, so that blocked cookies do not loop.
  if (sessionStorage.getItem(`${STORE}.reloaded`)) return problem("failed");
  sessionStorage.setItem(`${STORE}.reloaded`, "yes");
  location.reload();
}

function write() {
  const text = $("text").value.trim().toWellFormed?.() ?? $("text").value.trim();
  if (!text) return;
  if (new TextEncoder().encode(text).length > MAX_TEXT_BYTES) return problem("too_long");
  problem(null);
  waiting = [...waiting.filter((own) => !own.failed), { id: newId(), text, at: Date.now() }];
  remember();
  $("text").value = "";
  grow();
  draw();
  toEnd();
  sendWaiting();
}

function attach(file) {
  if (!file) return;
  if (!/^image\/(jpeg|png|webp|gif)$/.test(file.type)) return problem("not_a_photo");
  if (file.size > MAX_PHOTO_BYTES) return problem("photo_too_big");
  problem(null);
  const local = URL.createObjectURL(file);
  photos.push({ id: newId(), text: "", file, at: Date.now(), media: [{ kind: "photo", show: "image", local }] });
  draw();
  toEnd();
  sendWaiting();
}

// ---- live --------------------------------------------------------------------------------------------------------

function after() {
  const ids = [...lines.keys()].sort((a, b) => a - b);
  return ids.length > LOOK_BACK ? ids[ids.length - LOOK_BACK] : 0;
}

async function poll() {
  try {
    for (let from = after(); ; ) {
      const response = await fetch(url("/lines", { after: from }));
      if (response.status === 401) return reload();
      if (!response.ok) return;
      const answer = await response.json();
      receive(answer.lines);
      if (!answer.more) return;
      from = answer.lines.at(-1).id;
    }
  } catch {
    status("offline");
  }
}

function connect() {
  if (!bubbles.size) status("connecting");
  const address = new URL(url("/live", { after: after() }), location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const mine = (socket = new WebSocket(address));
  let opened = false;
  mine.onmessage = (event) => {
    heard = Date.now();
    const message = JSON.parse(event.data);
    if (message.lines) receive(message.lines);
    if (message.ready) {
      opened = true;
      pause = 1000;
      status("online");
      sessionStorage.removeItem(`${STORE}.reloaded`);
      sendWaiting();
    }
  };
  mine.onclose = () => {
    if (mine !== socket) return;
    if (opened) status("connecting");
    else poll(); // a proxy may forbid sockets: lines still come by asking
    setTimeout(connect, pause + Math.random() * pause);
    pause = Math.min(pause * 2, 15_000);
  };
  heard = Date.now();
}

setInterval(() => {
  if (Date.now() - heard > SILENT_MS) socket.close();
}, 5000);

// ---- the page ----------------------------------------------------------------------------------------------------

function grow() {
  const box = $("text");
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 140)}px`;
  $("send").disabled = !box.value.trim();
}

$("text").placeholder = words.write;
$("text").setAttribute("aria-label", words.write);
$("send").setAttribute("aria-label", words.send);
$("attach").setAttribute("aria-label", words.photo);
$("attach").title = words.photo;
$("newer").textContent = `↓ ${words.newer}`;
$("nameInput").placeholder = words.name;
$("naming").querySelector("button").textContent = words.save;
$("lines").append(element("p", "hello", words.hello));
function showName() {
  $("name").textContent = ownName() || words.name;
  $("name").hidden = false;
}
showName();

$("writing").addEventListener("submit", (event) => {
  event.preventDefault();
  write();
});
$("text").addEventListener("keydown", (event) => {
  // While an input method composes (Chinese, Japanese, Korean), Enter belongs to it.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  write();
});
$("text").addEventListener("input", grow);
$("text").addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find((each) => each.type.startsWith("image/"));
  if (!file) return;
  event.preventDefault();
  attach(file);
});
$("attach").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", () => {
  attach($("file").files[0]);
  $("file").value = "";
});
$("name").addEventListener("click", () => {
  $("naming").hidden = !$("naming").hidden;
  $("nameInput").value = ownName();
  $("nameInput").focus();
});
$("naming").addEventListener("submit", (event) => {
  event.preventDefault();
  localStorage.setItem(`${STORE}.name`, $("nameInput").value.trim());
  $("naming").hidden = true;
  showName();
  $("text").focus();
});
$("newer").addEventListener("click", () => (toEnd(), tellSeen()));
$("lines").addEventListener("scroll", () => atEnd() && (($("newer").hidden = true), tellSeen()));
document.addEventListener("visibilitychange", tellSeen);
addEventListener("online", () => (draw(), sendWaiting()));
addEventListener("offline", () => (status("offline"), draw()));

grow();
draw();
connect();
