// Draws the report's chart beside its table. The table holds the same figures, so a failure here costs nothing.
const root = document.documentElement;
const zh = root.lang.toLowerCase().startsWith("zh");
const words = JSON.parse(document.getElementById("wenshu-words")?.textContent || "{}");
const value = (name) => getComputedStyle(root).getPropertyValue(name).trim();
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
// Ink blue, vermilion, moss, ochre, plum, slate: apart in grey print too, and patterned besides.
const colours = (dark) => (dark ? ["#7fa9d8", "#e08373", "#86bd98", "#d3ac5f", "#bd9bcb", "#8d99a6"] : ["#2f5f93", "#a5372a", "#3f7d58", "#b07a1c", "#7a5189", "#5d6875"]);

// The first series is plain, the others patterned, so that they differ without colour.
const veil = "rgba(255, 255, 255, 0.32)";
const decals = [
  { symbol: "none" },
  { symbol: "rect", symbolSize: 1, dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: -Math.PI / 4, color: veil },
  { symbol: "circle", symbolSize: 0.7, dashArrayX: [[6, 6], [0, 6, 6, 0]], dashArrayY: [6, 0], color: veil },
  { symbol: "rect", symbolSize: 1, dashArrayX: [1, 0], dashArrayY: [3, 4], rotation: 0, color: veil },
  { symbol: "rect", symbolSize: 1, dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: Math.PI / 4, color: veil },
];

// `told`: rows, the columns that tell them apart, those that are drawn, and what these are called.
function option({ apart, figures, labels, rows }, paper) {
  const ink = paper ? "#222" : value("--ink-2"), line = paper ? "#ccc" : value("--line");
  const category = rows.map((row) => apart.map((name) => row[name] ?? "").join(" "));
  return {
    color: colours(isDark() && !paper),
    animation: !paper && !matchMedia("(prefers-reduced-motion: reduce)").matches,
    animationDuration: 300,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: ink },
    aria: { enabled: true, decal: { show: figures.length > 1, decals } },
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" }, backgroundColor: value("--paper"), borderColor: line, textStyle: { color: value("--ink"), fontSize: 13 } },
    legend: { show: figures.length > 1, top: 0, left: 0, itemGap: 18, textStyle: { color: ink } },
    grid: { left: 4, right: 12, top: figures.length > 1 ? 40 : 32, bottom: 4, containLabel: true },
    dataZoom: rows.length > 40 ? [{ type: "inside" }] : [],
    xAxis: { type: "category", data: category, axisTick: { show: false }, axisLine: { lineStyle: { color: value("--edge") } }, axisLabel: { color: ink, hideOverlap: true, width: 110, overflow: "truncate" } },
    yAxis: { type: "value", name: figures.length > 1 ? "" : labels[figures[0]], nameGap: 12, nameTextStyle: { align: "left", color: ink }, splitLine: { lineStyle: { color: line } }, axisLabel: { color: ink } },
    series: figures.map((name, i) => ({
      name: labels[name], type: "bar", data: rows.map((row) => { const n = Number.parseFloat(row[name]); return Number.isNaN(n) ? null : n; }),
      barMaxWidth: 34, itemStyle: { borderRadius: [2, 2, 0, 0] },
    })),
  };
}

async function asked(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

async function draw(area) {
  const box = area.closest("[data-chart-box]") || area;
  const { told: atHand, url } = area.dataset;
  try {
    const [{ echarts }, told] = await Promise.all([import("./vendor/echarts/index.js"), atHand ? JSON.parse(atHand) : asked(url)]);
    if (!told.rows.length) { box.hidden = true; return; }
    if (told.note) box.querySelector("[data-chart-note]").textContent = told.note;
    const chart = echarts.init(area, null, { renderer: "svg", locale: zh ? "ZH" : "EN" });
    const paint = () => chart.setOption(option(told), true);
    const print = () => { chart.setOption(option(told, true), true); chart.resize({ width: 940, height: 260 }); chart.getZr().flush(); };
    paint();
    new ResizeObserver(() => { if (!matchMedia("print").matches) chart.resize(); }).observe(area);
    addEventListener("beforeprint", print);
    addEventListener("afterprint", () => { chart.resize(); paint(); });
    document.addEventListener("wenshu:theme", paint);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  } catch {
    const line = document.createElement("p");
    line.className = "chart-failed";
    line.textContent = words.no_chart || "";
    area.replaceWith(line);
  }
}
document.querySelectorAll("[data-chart]").forEach(draw);
