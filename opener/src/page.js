// The page: what was chosen, what is done with it, what came of it.
import source from "opener-worker";

import { makeCard } from "./card.js";
import { checkBrowser } from "./crypto.js";
import { notAmong } from "./same.js";
import { explain, LANGUAGES, say, speak } from "./texts.js";

const $ = (name) => document.getElementById(name);

const pictures = []; // each: { file, card, problem?, kind }
const sidecars = [];
const keyFiles = []; // each: { file, kinds }
let unusable = null; // the key file chosen last that cannot be used: { name, code }

// ---- the worker -----------------------------------------------------------------------------

const waiting = new Map();
let worker = null;
let calls = 0;

function startWorker() {
  worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  worker.onmessage = ({ data: { number, result, problem, share, what } }) => {
    if (share !== undefined) return showShare(share, what);
    const { resolve, reject } = waiting.get(number);
    waiting.delete(number);
    return problem ? reject(problem) : resolve(result);
  };
  worker.onerror = (event) => {
    // It died, say for want of memory: what waits for it fails, and the next call has a new one.
    for (const { reject } of waiting.values()) reject({ code: "internal", detail: event.message });
    waiting.clear();
    worker.terminate();
    startWorker();
  };
}

function ask(task, input) {
  const number = ++calls;
  return new Promise((resolve, reject) => {
    waiting.set(number, { resolve, reject });
    worker.postMessage({ number, task, input });
  });
}

function showShare(share, what) {
  $("progress").value = share;
  $("status").textContent = say(what, { percent: Math.floor(100 * share) });
}

// ---- choosing -------------------------------------------------------------------------------

async function take(given) {
  const files = await notAmong(given, [...pictures.map(({ file }) => file), ...sidecars]);
  const kinds = await ask("kinds", { files });
  const chosen = files.map((file, i) => ({ file, kind: kinds[i] }));
  for (const { file, kind } of chosen) if (kind === "payload") sidecars.push(file);
  const wanted = chosen.filter(({ kind }) => kind === "keys").map(({ file }) => file);
  await takeKeys(wanted);
  for (const { file, kind } of chosen)
    if (kind !== "keys" && kind !== "payload") addPicture(file, kind);
  await Promise.all(pictures.map(look));
  showLoneSidecars();
  tellReady();
}

function addPicture(file, kind) {
  const picture = { file, kind };
  picture.card = makeCard(file, () => {
    pictures.splice(pictures.indexOf(picture), 1);
    $("results").hidden = !pictures.length;
    tellReady();
  });
  picture.card.onAnyway(() => openAll([picture], true));
  pictures.push(picture);
  $("cards").append(picture.card.element);
  $("results").hidden = false;
}

/** Those beside it that may be a picture's: who has its name, or all. */
function besideOf({ name }) {
  const named = sidecars.filter((one) => one.name.startsWith(`${name}.`));
  return named.length ? named : sidecars;
}

async function look(picture) {
  const { file, card } = picture;
  try {
    picture.description = await ask("look", { file, beside: besideOf(file) });
    picture.problem = null;
    card.describe(picture.description);
  } catch (problem) {
    picture.problem = problem;
    card.fail(problem);
  }
  if (picture.problem?.code === "costly") $("costly-row").hidden = false;
}

function showLoneSidecars() {
  const lone = sidecars.length && !pictures.length;
  $("unable").hidden = !lone;
  if (lone) $("unable").textContent = explain("lone-sidecar").join(" ");
}

function tellReady() {
  if ($("open").disabled) return; // then it says how far it is
  const count = pictures.filter(({ problem }) => !problem).length;
  const ready = count === 1 ? say("one-ready") : say("many-ready", { count });
  tell(count ? ready : "");
}

/** Says a sentence, and which key file cannot be used. */
function tell(text) {
  const key = unusable ? `${unusable.name}: ${explain(unusable.code).join(" ")}` : "";
  $("status").textContent = [key, text].filter(Boolean).join(" ");
}

async function takeKeys(files) {
  if (files.length) unusable = null;
  const others = keyFiles.map(({ file }) => file);
  for (const file of await notAmong(files, others)) {
    try {
      keyFiles.push({ file, kinds: await ask("check", { file }) });
    } catch ({ code }) {
      unusable = { name: file.name, code };
    }
  }
  showKeys();
  tellReady();
}

function showKeys() {
  $("keys").replaceChildren(
    ...keyFiles.map((key) => {
      const item = document.createElement("li");
      const kinds = [...new Set(key.kinds)].map((kind) => say(`kind-${kind}`)).join(", ");
      const remove = document.createElement("button");
      remove.type = "button";
      remove.textContent = "✕";
      remove.setAttribute("aria-label", say("remove", { name: key.file.name }));
      remove.onclick = () => {
        keyFiles.splice(keyFiles.indexOf(key), 1);
        showKeys();
        $("key-files").focus();
      };
      item.append(`${key.file.name} (${kinds})`, remove);
      return item;
    }),
  );
}

// ---- opening --------------------------------------------------------------------------------

function keysGiven() {
  const text = $("key-text").value.trim();
  return {
    texts: text ? [text] : [],
    files: keyFiles.map(({ file }) => file),
    secret: $("passphrase").value,
    costly: $("costly").checked,
  };
}

async function openAll(chosen, allowEdited = false) {
  const keys = keysGiven();
  const [button, progress] = [$("open"), $("progress")];
  if (!pictures.length) return void ($("status").textContent = say("no-pictures"));
  if (!keys.texts.length && !keys.files.length && !keys.secret)
    return tell(explain("no-key-given").join(" "));
  unusable = null;
  button.disabled = true;
  progress.hidden = false;
  const isThere = (picture) => pictures.includes(picture);
  const opened = new Map();
  // A copy: cards may be closed meanwhile.
  for (const picture of [...chosen]) {
    if (!isThere(picture)) continue;
    $("status").textContent = say("opening", { name: picture.file.name });
    progress.removeAttribute("value");
    opened.set(picture, await openOne(picture, keys, allowEdited));
  }
  progress.hidden = true;
  button.disabled = false;
  const left = [...opened.keys()].filter(isThere);
  if (!left.length) return tellReady();
  const good = left.filter((picture) => opened.get(picture)).length;
  tell(say("done", { good, all: left.length }));
  return left[0].card.element.scrollIntoView({ block: "nearest" });
}

/** Whether it opened. */
async function openOne(picture, keys, allowEdited) {
  const { file, card } = picture;
  try {
    const result = await ask("open", { file, beside: besideOf(file), keys, allowEdited });
    if (pictures.includes(picture)) card.open(result);
    return true;
  } catch (problem) {
    if (problem.code === "costly") $("costly-row").hidden = false;
    card.fail(problem);
    return false;
  }
}

// ---- language -------------------------------------------------------------------------------

function setLanguage(name) {
  speak(name);
  document.documentElement.lang = name;
  for (const element of document.querySelectorAll("[data-text]"))
    element.textContent = say(element.dataset.text);
  for (const button of document.querySelectorAll("[data-language]"))
    button.setAttribute("aria-pressed", String(button.dataset.language === name));
  document.title = say("title");
  $("reveal").textContent = say($("passphrase").type === "password" ? "reveal" : "conceal");
  showKeys();
  showLoneSidecars();
  for (const { card } of pictures) card.speak();
  tellReady();
}

function start() {
  const wanted = (navigator.languages ?? [navigator.language]).map((name) => name.slice(0, 2));
  setLanguage(wanted.find((name) => name in LANGUAGES) ?? "en");
  for (const button of document.querySelectorAll("[data-language]"))
    button.onclick = () => setLanguage(button.dataset.language);
  try {
    checkBrowser();
    startWorker();
  } catch (problem) {
    $("form").hidden = true;
    $("unable").hidden = false;
    const [what, remedy] = explain(problem.code ?? "old-browser");
    $("unable").textContent = `${what} ${remedy} (${problem.detail ?? problem.message})`;
    return;
  }
  listen();
}

function listen() {
  $("files").onchange = ({ target }) => {
    const files = [...target.files];
    target.value = "";
    return take(files);
  };
  $("key-files").onchange = ({ target }) => {
    const files = [...target.files];
    target.value = "";
    return takeKeys(files);
  };
  $("reveal").onclick = () => {
    const hidden = $("passphrase").type === "password";
    $("passphrase").type = hidden ? "text" : "password";
    $("reveal").setAttribute("aria-pressed", String(hidden));
    $("reveal").textContent = say(hidden ? "conceal" : "reveal");
  };
  $("form").onsubmit = (event) => {
    event.preventDefault();
    return openAll(pictures);
  };
  const over = (is) => (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", is);
  };
  document.addEventListener("dragover", over(true));
  document.addEventListener("dragleave", over(false));
  document.addEventListener("drop", (event) => {
    over(false)(event);
    return take([...event.dataTransfer.files]);
  });
}

start();
