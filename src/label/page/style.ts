/** The style of the labeling interface, in a page or a shadow root: the photo as large as the window allows, what to press beside or below it. */

export const STYLE = `
:root, :host { color-scheme: light dark; --page: #f6f6f4; --card: #fff; --ink: #1c1d1f; --soft: #5f6368; --line: #d9d9d5; --fill: #dfe9f7; --main: #1f5fbf; --on: #fff; --warn: #a3261c; --stage: #e9e9e5; }
@media (prefers-color-scheme: dark) {
  :root, :host { --page: #161719; --card: #212326; --ink: #ececea; --soft: #a9acb1; --line: #3a3d42; --fill: #2a3a52; --main: #7fb0ff; --on: #10151d; --warn: #ffaba0; --stage: #0f1011; }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; }
:host { position: fixed; inset: 0; overflow: auto; }
#app { height: 100dvh; display: grid; grid-template: auto minmax(0, 1fr) auto / minmax(0, 1fr); background: var(--page); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
header { display: grid; grid-template-columns: minmax(0, 1fr) minmax(200px, 420px) minmax(0, 1fr); gap: 8px 24px; align-items: center; padding: 10px 20px; background: var(--card); border-bottom: 1px solid var(--line); }
h1 { font-size: 17px; margin: 0; display: flex; gap: 10px; align-items: baseline; min-width: 0; }
h1 bdi { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
h1 small { flex: none; color: var(--soft); font-size: 13px; font-weight: 400; }
h2 { font-size: 16px; margin: 0; }
p { margin: 0; }
.progress { display: flex; gap: 12px; align-items: center; font-variant-numeric: tabular-nums; white-space: nowrap; font-size: 14px; }
progress { flex: 1; appearance: none; height: 8px; border: 0; border-radius: 4px; overflow: hidden; background: var(--line); min-width: 60px; }
progress::-webkit-progress-bar { background: var(--line); }
progress::-webkit-progress-value { background: var(--main); border-radius: 4px; transition: width 0.2s; }
progress::-moz-progress-bar { background: var(--main); border-radius: 4px; }
.end { display: flex; gap: 8px 16px; align-items: center; justify-content: end; }
#features { color: var(--soft); font-size: 13px; text-align: end; font-variant-numeric: tabular-nums; }
#features.wrong { color: var(--warn); font-weight: 600; }
main { display: grid; grid-template-columns: minmax(0, 1fr) 340px; min-height: 0; }
#stage { container-type: size; display: grid; align-content: center; justify-items: center; gap: 10px; background: var(--stage); min-width: 0; }
#frame { position: relative; outline-offset: 3px; aspect-ratio: var(--ratio, 1.5); width: min(100cqw - 40px, (100cqh - 74px) * var(--ratio, 1.5)); background: var(--line); border-radius: 6px; overflow: hidden; touch-action: manipulation; }
#frame img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: fill; display: block; }
#frame.points { cursor: crosshair; }
#frame.loading img, #frame.broken img { visibility: hidden; }
#frame.broken::after { content: "This photo cannot be shown"; position: absolute; inset: 0; display: grid; place-items: center; background: var(--line); color: var(--ink); }
#dots i { position: absolute; width: 14px; height: 14px; margin: -7px; border-radius: 50%; border: 2px solid #fff; box-shadow: 0 0 0 1.5px #000; }
#cross { position: absolute; width: 26px; height: 26px; margin: -13px; pointer-events: none; border-radius: 50%; border: 2px solid #fff; outline: 1.5px solid #000; background: radial-gradient(#fff 0 2px, #000 2px 3.5px, transparent 3.5px); }
#name { color: var(--soft); font-size: 13px; max-width: calc(100cqw - 24px); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
#done { max-width: min(560px, 100cqw - 24px); padding: 28px; background: var(--card); border: 1px solid var(--line); border-radius: 12px; display: grid; gap: 12px; min-width: 0; }
#panel { display: flex; flex-direction: column; gap: 12px; padding: 20px; background: var(--card); border-inline-start: 1px solid var(--line); min-width: 0; overflow-y: auto; }
#panel > * { flex: none; }
#hint { color: var(--soft); font-size: 14px; margin-top: -8px; }
#hint:empty, #alert:empty { display: none; }
#classes { display: grid; gap: 6px; }
#classes:empty { display: none; }
button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; cursor: pointer; }
button:hover:not(:disabled) { border-color: var(--main); }
button:disabled { cursor: default; opacity: 0.45; }
:focus-visible { outline: 2px solid var(--main); outline-offset: 2px; }
kbd { font: 600 12px/1 ui-monospace, monospace; color: inherit; padding: 3px 5px; border: 1px solid currentColor; border-radius: 4px; }
#classes button { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; gap: 10px; align-items: center; text-align: start; min-height: 42px; background: linear-gradient(90deg, var(--fill) var(--score, 0%), transparent var(--score, 0%)); }
#classes bdi { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
#classes .note { font-size: 13px; color: var(--soft); font-variant-numeric: tabular-nums; }
#classes kbd { min-width: 22px; text-align: center; }
#classes .swatch { width: 16px; height: 16px; border-radius: 4px; box-shadow: inset 0 0 0 1px #0006; }
#classes .keys { display: flex; gap: 8px; align-items: center; }
#classes .suggested { border-color: var(--main); box-shadow: inset 0 0 0 1px var(--main); font-weight: 600; }
#classes [aria-pressed="true"] { background: var(--main); border-color: var(--main); color: var(--on); font-weight: 600; }
#classes [aria-pressed="true"] .note { color: inherit; }
#add label { font-size: 13px; color: var(--soft); }
#add div { display: flex; gap: 6px; margin-top: 2px; }
input { flex: 1; min-width: 0; font: inherit; color: inherit; background: var(--page); border: 1px solid var(--soft); border-radius: 8px; padding: 7px 10px; }
#alert { color: var(--warn); font-weight: 600; overflow-wrap: anywhere; }
#actions { display: grid; grid-template-columns: repeat(3, 1fr); gap: 6px; }
#actions button { display: flex; justify-content: space-between; align-items: center; gap: 6px; padding-inline: 10px; }
#actions .main, #hide { grid-column: 1 / -1; }
#actions .main:not(:disabled) { background: var(--main); border-color: var(--main); color: var(--on); font-weight: 600; }
#actions .main span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
#hide[aria-pressed="true"] { background: var(--fill); border-color: var(--main); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
#status { color: var(--soft); font-size: 13px; min-height: 1.45em; overflow-wrap: anywhere; }
details { margin-top: auto; font-size: 13px; color: var(--soft); border-top: 1px solid var(--line); padding-top: 10px; }
summary { cursor: pointer; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 9px 12px; margin: 10px 0; align-items: center; }
dd { margin: 0; }
pre { margin: 8px 0 0; padding: 10px; white-space: pre-wrap; overflow-wrap: anywhere; color: var(--ink); background: var(--page); border: 1px solid var(--line); border-radius: 8px; }
#recent { display: flex; gap: 14px; align-items: center; height: 108px; padding: 8px 20px; border-top: 1px solid var(--line); background: var(--card); }
#recent h2 { flex: none; width: 64px; font-size: 13px; color: var(--soft); font-weight: 400; }
#recent p { color: var(--soft); font-size: 13px; }
#recent ol:not(:empty) + p { display: none; }
#recent ol { display: flex; gap: 8px; margin: 0; padding: 4px; list-style: none; overflow-x: auto; }
#recent button { display: grid; gap: 2px; width: 84px; padding: 4px; font-size: 12px; }
#recent img { width: 100%; height: 52px; object-fit: cover; border-radius: 4px; background: var(--line); display: block; }
#recent bdi { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
#recent [aria-current] { border-color: var(--main); box-shadow: inset 0 0 0 1px var(--main); }
@media (max-width: 760px) {
  #app { height: auto; min-height: 100dvh; grid-template-rows: auto 1fr auto; }
  header { grid-template-columns: minmax(0, 1fr) auto; padding: 8px 12px; }
  .progress { grid-column: 1 / -1; grid-row: 2; }
  #features { font-size: 12px; }
  header:has(#close:not([hidden])) small { display: none; }
  main { grid-template-columns: minmax(0, 1fr); align-content: start; }
  #stage { height: 42dvh; gap: 6px; }
  #frame { width: min(100cqw - 16px, (100cqh - 44px) * var(--ratio, 1.5)); }
  #panel { border: 0; border-top: 1px solid var(--line); padding: 12px; max-height: none; overflow: visible; }
  #classes { grid-template-columns: 1fr 1fr; }
  #actions { position: sticky; bottom: 0; margin: 0 -12px; padding: 8px 12px; background: var(--card); border-top: 1px solid var(--line); grid-template-columns: repeat(3, 1fr); }
  [data-task="segmentation"] #actions { grid-template-columns: repeat(4, auto); }
  #actions button { justify-content: center; min-height: 44px; padding-inline: 6px; }
  #actions kbd { display: none; }
  #hide { grid-column: auto; }
  #recent h2, #recent p { display: none; }
  #recent { padding-inline: 8px; }
}
@media (pointer: coarse) { #classes kbd { display: none; } }
`;
