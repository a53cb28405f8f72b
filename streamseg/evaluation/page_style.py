"""How the report looks: one style sheet, light or dark as the reader's system has it."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fbfbf9; --card: #fff; --ink: #22262a; --soft: #697178; --rule: #e3e4e0; --found: #ff6a00;
  --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #a4528b; --shade: 0 114 178;
  --c4: #8a6d00; --c5: #5b6770; --c6: #c2185b; --c7: #4b49c9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16191c; --card: #1d2125; --ink: #e2e5e7; --soft: #97a0a7; --rule: #31373c;
    --c0: #56b4e9; --c1: #ff9a52; --c2: #2fc79b; --c3: #d98fc0; --shade: 86 180 233;
    --c4: #e3c44f; --c5: #aab4bb; --c6: #ff7fa8; --c7: #a3a2ff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 3rem 1.5rem 5rem; max-width: 1080px; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
h1 { margin: 0; font-size: 2rem; font-weight: 650; letter-spacing: -.02em; }
h2 { margin: 0 0 .2rem; font-size: 1.35rem; font-weight: 620; letter-spacing: -.01em; overflow-wrap: anywhere; }
h3 { margin: 1.8rem 0 .6rem; font-size: 1rem; font-weight: 600; }
p { margin: .3rem 0; max-width: 46rem; }
.soft, figcaption, .note { color: var(--soft); }
.note { font-size: .85rem; }
section {
  margin-top: 2.2rem; padding: 1.6rem 1.8rem 1.8rem; background: var(--card);
  border: 1px solid var(--rule); border-radius: 12px;
}
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin-top: .8rem; font-size: .9rem; }
table, figcaption { font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 500; vertical-align: bottom; line-height: 1.25; }
th, td { padding: .42rem .55rem; text-align: right; border-bottom: 1px solid var(--rule); }
th:first-child, td:first-child { text-align: left; padding-left: 0; overflow-wrap: anywhere; }
tr.group td { padding-top: 1rem; font-weight: 600; }
tr.group + tr td:first-child, tr.part td:first-child { padding-left: 1rem; }
tr.mean td { font-weight: 600; }
tr.mean small { font-weight: 400; }
td small { display: block; color: var(--soft); font-size: .78rem; line-height: 1.2; }
td.shade { background: rgb(var(--shade) / calc(var(--share) * .34)); }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(330px, 1fr)); gap: 1rem 2rem; margin: 1rem 0; }
svg { display: block; width: 100%; height: auto; }
svg.chart { max-width: 480px; }
svg.spark { width: 110px; height: 28px; }
svg text { fill: var(--soft); font-size: 11px; }
svg .rule { stroke: var(--rule); stroke-width: 1; }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg.spark circle { fill: var(--c0); }
.line.c0 { stroke: var(--c0); } .line.c1 { stroke: var(--c1); }
.line.c2 { stroke: var(--c2); } .line.c3 { stroke: var(--c3); }
.line.c4 { stroke: var(--c4); } .line.c5 { stroke: var(--c5); }
.line.c6 { stroke: var(--c6); } .line.c7 { stroke: var(--c7); }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; margin: .2rem 0 0; padding: 0; list-style: none; }
.legend li { color: var(--soft); font-size: .85rem; }
.legend.key { padding-left: 46px; }
.legend i { display: inline-block; width: 1.1rem; height: 3px; margin-right: .4rem; vertical-align: middle; }
i.c0 { background: var(--c0); } i.c1 { background: var(--c1); }
i.c2 { background: var(--c2); } i.c3 { background: var(--c3); }
i.c4 { background: var(--c4); } i.c5 { background: var(--c5); }
i.c6 { background: var(--c6); } i.c7 { background: var(--c7); }
i.truth { background: #fff; outline: 1px solid #000; } i.found { background: var(--found); }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(210px, 1fr)); gap: 1rem; align-items: start; }
figure { margin: 0; }
figure img { display: block; width: 100%; border-radius: 6px; }
figcaption { margin-top: .3rem; font-size: .82rem; }
@media print { section { break-inside: avoid; border: 0; padding: 0; } }
"""
