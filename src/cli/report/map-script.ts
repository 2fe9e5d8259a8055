/** What runs in the map's page. It reads the page's own data and writes text as text alone. */
export const mapScript = `
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { x, y, group, id, text, clusters } = data;
  const count = x.length;
  const at = (name) => document.getElementById(name);
  const [canvas, tip, search, found, list] = ["canvas", "tip", "search", "found", "groups"].map(at);
  const draw2d = canvas.getContext("2d");
  const lower = text.map((one) => one.toLowerCase());
  const hits = new Uint8Array(count).fill(1);
  let [chosen, pointed, searching] = [-1, -1, false];
  let view = { scale: 1, left: 0, top: 0 };
  let frame = 0;

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colourOf = (i) => {
    if (clusters[i].cluster < 0) return dark.matches ? "#666b70" : "#b4b7ba";
    // By the golden angle: neighbours in the list differ most.
    const hue = (i * 137.508 + 170) % 360;
    const light = [44, 36, 52][i % 3] + (dark.matches ? 22 : 0);
    return "hsl(" + hue + " 62% " + light + "%)";
  };
  let colours = [];
  const paint = () => {
    colours = clusters.map((_, i) => colourOf(i));
    for (const button of list.querySelectorAll("button")) {
      button.querySelector("i").style.background = colours[button.dataset.group];
    }
    ask();
  };

  const middles = clusters.map(() => ({ xs: [], ys: [] }));
  for (let i = 0; i < count; i++) {
    middles[group[i]].xs.push(x[i]);
    middles[group[i]].ys.push(y[i]);
  }
  const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
  const labels = clusters.flatMap(({ cluster, name }, i) =>
    cluster < 0 || middles[i].xs.length === 0
      ? []
      : [{ i, x: median(middles[i].xs), y: median(middles[i].ys), name: name.split(" · ").slice(0, 2).join(" · ") }],
  );

  const PAD = 28;
  const size = () => [canvas.clientWidth, canvas.clientHeight];
  const toScreen = (px, py) => {
    const [width, height] = size();
    return [
      view.left + view.scale * (PAD + (px / 10000) * (width - 2 * PAD)),
      view.top + view.scale * (PAD + (1 - py / 10000) * (height - 2 * PAD)),
    ];
  };
  const isShown = (i) => hits[i] === 1 && (chosen < 0 || group[i] === chosen);

  function draw() {
    frame = 0;
    const [width, height] = size();
    const ratio = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    draw2d.setTransform(ratio, 0, 0, ratio, 0, 0);
    draw2d.clearRect(0, 0, width, height);
    const radius = Math.min(7, (count > 5000 ? 1.7 : count > 800 ? 2.4 : 3.6) * Math.sqrt(view.scale));
    for (const shown of [false, true]) {
      for (let i = 0; i < count; i++) {
        if (isShown(i) !== shown) continue;
        const [px, py] = toScreen(x[i], y[i]);
        if (px < -9 || py < -9 || px > width + 9 || py > height + 9) continue;
        draw2d.globalAlpha = shown ? 0.8 : 0.1;
        draw2d.fillStyle = colours[group[i]];
        draw2d.beginPath();
        draw2d.arc(px, py, shown && searching ? radius + 1 : radius, 0, 7);
        draw2d.fill();
      }
    }
    draw2d.globalAlpha = 1;
    drawLabels(width, height);
    if (pointed >= 0) {
      const [px, py] = toScreen(x[pointed], y[pointed]);
      draw2d.strokeStyle = ink("--ink");
      draw2d.lineWidth = 1.5;
      draw2d.beginPath();
      draw2d.arc(px, py, radius + 3, 0, 7);
      draw2d.stroke();
    }
  }

  /** Names of the largest groups first; one that would lie over another is left out until there is room. */
  function drawLabels(width, height) {
    draw2d.font = "600 13px " + ink("--sans");
    draw2d.textAlign = "center";
    draw2d.lineJoin = "round";
    const taken = [];
    for (const label of labels) {
      if (chosen >= 0 && label.i !== chosen) continue;
      const [px, py] = toScreen(label.x, label.y);
      if (px < 0 || py < 0 || px > width || py > height) continue;
      const half = draw2d.measureText(label.name).width / 2 + 4;
      const middle = Math.min(Math.max(px, half), Math.max(half, width - half));
      const box = [middle - half, py - 26, middle + half, py - 6];
      if (taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3])) continue;
      taken.push(box);
      draw2d.strokeStyle = ink("--paper");
      draw2d.lineWidth = 4;
      draw2d.strokeText(label.name, middle, py - 10);
      draw2d.fillStyle = ink("--ink");
      draw2d.fillText(label.name, middle, py - 10);
    }
  }

  function ask() {
    if (frame === 0) frame = requestAnimationFrame(draw);
  }

  function zoom(factor, px, py) {
    const scale = Math.min(80, Math.max(0.5, view.scale * factor));
    const by = scale / view.scale;
    view = { scale, left: px - by * (px - view.left), top: py - by * (py - view.top) };
    ask();
  }

  function nearest(px, py) {
    let [best, least] = [-1, 14 * 14];
    for (let i = 0; i < count; i++) {
      if (!isShown(i)) continue;
      const [ix, iy] = toScreen(x[i], y[i]);
      const far = (ix - px) ** 2 + (iy - py) ** 2;
      if (far < least) [best, least] = [i, far];
    }
    return best;
  }

  function point(px, py) {
    const now = nearest(px, py);
    if (now !== pointed) {
      pointed = now;
      ask();
    }
    tip.hidden = now < 0;
    if (now < 0) return;
    tip.textContent = text[now];
    const small = document.createElement("small");
    small.textContent = id[now] + " — " + clusters[group[now]].name;
    tip.append(small);
    const [width, height] = size();
    tip.style.left = Math.max(4, Math.min(px + 14, width - tip.offsetWidth - 6)) + "px";
    tip.style.top = Math.max(4, py + 18 + tip.offsetHeight > height ? py - tip.offsetHeight - 12 : py + 18) + "px";
  }

  let grip;
  canvas.addEventListener("pointerdown", (event) => {
    grip = { x: event.clientX - view.left, y: event.clientY - view.top };
    canvas.setPointerCapture(event.pointerId);
    canvas.classList.add("moving");
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!grip) return point(event.offsetX, event.offsetY);
    view = { ...view, left: event.clientX - grip.x, top: event.clientY - grip.y };
    tip.hidden = true;
    ask();
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, () => {
      grip = undefined;
      canvas.classList.remove("moving");
    });
  }
  canvas.addEventListener("pointerleave", () => {
    tip.hidden = true;
    pointed = -1;
    ask();
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * 0.0015), event.offsetX, event.offsetY);
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    if (step) {
      event.preventDefault();
      view = { ...view, left: view.left + step[0], top: view.top + step[1] };
      ask();
    } else if (event.key === "+" || event.key === "-") centre(event.key === "+" ? 1.5 : 1 / 1.5);
    else if (event.key === "0") whole();
  });
  const centre = (factor) => zoom(factor, size()[0] / 2, size()[1] / 2);
  const whole = () => {
    view = { scale: 1, left: 0, top: 0 };
    ask();
  };
  at("in").addEventListener("click", () => centre(1.5));
  at("out").addEventListener("click", () => centre(1 / 1.5));
  at("all").addEventListener("click", whole);

  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\\s+/).filter((word) => word !== "");
    searching = words.length > 0;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      hits[i] = words.every((word) => lower[i].includes(word)) ? 1 : 0;
      sum += hits[i];
    }
    found.textContent = searching ? sum + " of " + count : "";
    ask();
  });
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const own = Number(button.dataset.group);
    chosen = chosen === own ? -1 : own;
    for (const other of list.querySelectorAll("button")) {
      other.setAttribute("aria-pressed", String(Number(other.dataset.group) === chosen));
    }
    ask();
  });
  dark.addEventListener("change", paint);
  new ResizeObserver(ask).observe(canvas);
  paint();
})();
`;
