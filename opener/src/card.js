// One picture on the page: how it looks, what its file says, what came of it.
import { explain, say } from "./texts.js";

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element[name] = value;
  element.append(...children.filter((child) => child !== null));
  return element;
}

/**
 * @param {File} file
 * @param {() => void} onRemove
 */
export function makeCard(file, onRemove) {
  const state = { description: null, problem: null, opened: null, anyway: null, urls: [], unfolded: false };
  const element = make("article", { className: "card" });
  element.dataset.name = file.name;
  const source = url(state, file);
  const draw = () => element.replaceChildren(...content(file, state, source, remove));
  const remove = () => {
    for (const one of state.urls) URL.revokeObjectURL(one);
    element.remove();
    onRemove();
  };
  const change = (fields) => {
    Object.assign(state, fields);
    draw();
  };
  draw();
  return {
    element,
    onAnyway: (work) => (state.anyway = work),
    speak: draw,
    describe: (description) => change({ description, problem: null }),
    fail: (problem) => change({ problem, opened: null }),
    open: (result) => {
      const files = result.files.map(({ blob, name }) => ({ name, place: url(state, blob) }));
      const opened = { ...result, files, picture: result.shown && url(state, result.shown) };
      change({ opened, description: result.description, problem: null });
    },
  };
}

function url(state, blob) {
  const made = URL.createObjectURL(blob);
  state.urls.push(made);
  return made;
}

function content(file, state, source, remove) {
  const { description, problem, opened } = state;
  const close = make("button", { type: "button", onclick: remove }, "✕");
  close.setAttribute("aria-label", say("remove", { name: file.name }));
  return [
    make("div", { className: "card-head" }, make("h3", {}, file.name), close),
    problem ? problemBox(problem, state.anyway) : null,
    opened ? outcome(opened) : null,
    description ? figures(source, description, opened) : null,
    opened ? actions(opened) : null,
    description ? says(description, state) : null,
  ].filter((part) => part !== null);
}

function problemBox({ code, detail }, anyway) {
  const [what, remedy] = explain(code);
  const box = make("div", { className: "problem" }, make("strong", {}, what), make("p", {}, remedy));
  box.setAttribute("role", "alert");
  box.dataset.problem = code;
  if (detail && detail !== code) box.append(make("p", { className: "soft" }, detail));
  if (code === "edited")
    box.append(make("p", {}, make("button", { type: "button", onclick: anyway }, say("anyway"))));
  return box;
}

function outcome(opened) {
  const some = opened.whole || opened.regions.length > 0;
  const box = make("p", { className: some ? "good" : "soft" }, outcomeText(opened));
  if (opened.edited) box.append(" ", make("span", { className: "problem" }, say("was-edited")));
  return box;
}

function outcomeText({ whole, edited, regions, description }) {
  if (whole) return say("good-original");
  const count = description.regions.length;
  if (regions.length === count && edited) return say("good-all");
  if (regions.length === count && description.carrier === "pixels") return say("good-pixels");
  const erased = [...description.regions.keys()].filter((i) => description.regions[i].forgotten);
  return [
    regions.length ? say("good-some", { which: faces(regions) }) : "",
    erased.length ? say("good-erased", { which: faces(erased) }) : "",
    description.private.some(({ forgotten }) => forgotten) ? say("good-no-original") : "",
    regions.length + erased.length < count ? say("good-rest") : "",
  ]
    .filter(Boolean)
    .join(" ");
}

function faces(numbers) {
  return say(numbers.length === 1 ? "face" : "faces", { numbers: numbers.join(", ") });
}

function figures(source, description, opened) {
  if (description.carrier === "video") {
    const after = opened ? opened.files.map(({ place, name }) => film(place, name)) : [];
    return make("div", { className: "figures" }, film(source, say("sealed")), ...after);
  }
  const before = figure(source, say("sealed"), marks(description));
  const after = opened ? figure(opened.picture, say("opened"), []) : null;
  return make("div", { className: "figures" }, before, after);
}

function film(place, caption) {
  const video = make("video", { src: place, controls: true, preload: "metadata", muted: true });
  video.setAttribute("aria-label", caption);
  return make("figure", {}, make("figcaption", {}, caption), video);
}

function figure(place, caption, boxes) {
  const image = make("img", { src: place, alt: caption });
  // As it is stored: regions are counted in that picture, and so the marks lie right.
  image.style.imageOrientation = boxes.length ? "none" : "from-image";
  return make(
    "figure",
    {},
    make("figcaption", {}, caption),
    make("div", { className: "frame" }, image, ...boxes),
  );
}

function marks({ size: [height, width], regions }) {
  return regions.map(({ box: [x0, y0, x1, y1], shape }) => {
    const mark = make("span", { className: "mark" });
    const share = (part, whole) => `${(100 * part) / whole}%`;
    Object.assign(mark.style, {
      left: share(x0, width),
      top: share(y0, height),
      width: share(x1 - x0, width),
      height: share(y1 - y0, height),
      borderRadius: shape === "ellipse" ? "50%" : "0",
    });
    return mark;
  });
}

function actions({ files }) {
  const links = files.map(({ place, name }) =>
    make("a", { className: "button save", href: place, download: name }, say("save", { name })),
  );
  return make("div", { className: "actions" }, ...links);
}

function says(description, state) {
  const { software, size, shape, dtype, carrier, coding, cipher, keys, regions, id, video } = description;
  const rows = [
    ["says-carrier", [say(`carrier-${carrier}`)]],
    ["says-picture", [`${size[1]} × ${size[0]} (${shape.join("x")} ${dtype})`]],
    ["says-video", video ? [`${(video.duration_ms / 1000).toFixed(1)} s, ${video.frames}`] : []],
    ["says-coding", coding ? [coding] : []],
    ["says-keys", keys.map((key) => say(`key-${key.type}`, key))],
    ["says-regions", regions.length ? regions.map(regionText) : [say("none")]],
    ["says-private", description.private.map(privateText)],
    ["says-cipher", [cipher]],
    ["says-software", [software]],
    ["says-id", [id]],
  ];
  const list = make("dl");
  for (const [name, lines] of rows.filter(([, found]) => found.length))
    list.append(
      make("dt", {}, say(name)),
      make("dd", {}, ...lines.map((line) => make("div", {}, line))),
    );
  const details = make("details", { open: state.unfolded }, make("summary", {}, say("says")), list);
  details.ontoggle = () => (state.unfolded = details.open);
  return details;
}

function regionText({ shape, box, bytes, forgotten }, index) {
  const size = bytes === null ? [] : [say("bytes", { count: bytes })];
  const state = forgotten ? [say("forgotten")] : [];
  return [`${index}: ${shape} ${box.join(" ")}`, ...size, ...state].join(", ");
}

function privateText({ name, bytes, forgotten }) {
  return [name, say("bytes", { count: bytes }), ...(forgotten ? [say("forgotten")] : [])].join(", ");
}
