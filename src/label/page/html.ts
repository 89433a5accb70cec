/** The labeling interface: its parts without content, which the script fills in from the state; and the page of `s2 label` around it. */

export const MARKUP = `<div id="app">
<header>
  <h1><bdi id="folder"></bdi><small id="task"></small></h1>
  <div class="progress"><progress id="bar" max="1" value="0" aria-labelledby="count"></progress><span id="count"></span></div>
  <div class="end"><p id="features"></p><button type="button" id="close" hidden>Close folder</button></div>
</header>
<main>
  <section id="stage" aria-label="Photo">
    <div id="frame" hidden>
      <img id="photo" alt=""><img id="mask" alt="" hidden>
      <div id="dots" aria-hidden="true"></div><i id="cross" aria-hidden="true" hidden></i>
    </div>
    <div id="done" hidden><h2 id="done-title"></h2><p>Fit a head to them:</p><pre><code class="command"></code></pre></div>
    <p id="name"><bdi></bdi></p>
  </section>
  <section id="panel" aria-label="Label">
    <h2 id="question"></h2>
    <p id="hint"></p>
    <div id="classes" role="group" aria-labelledby="question"></div>
    <form id="add"><label for="new">New class (Enter adds it, Esc leaves)</label><div><input id="new" maxlength="100" autocomplete="off" spellcheck="false" enterkeyhint="done"><button>Add</button></div></form>
    <p id="alert" role="alert"></p>
    <div id="actions">
      <button type="button" id="accept" class="main"><span></span><kbd>Enter</kbd></button>
      <button type="button" id="undo"><span>Undo</span><kbd title="Backspace">⌫</kbd></button>
      <button type="button" id="previous"><span>Previous</span><kbd>P</kbd></button>
      <button type="button" id="skip"><span>Skip</span><kbd>N</kbd></button>
      <button type="button" id="hide" aria-pressed="false"><span>Hide mask</span><kbd>M</kbd></button>
    </div>
    <p id="status" role="status"><span></span> <span class="unseen"></span></p>
    <details id="more"><summary>Keys and what to do next</summary>
      <dl id="keys"></dl>
      <p>Every action is saved at once, in <code id="list"></code>. <span id="ending"></span> Then fit a head:</p>
      <pre><code class="command"></code></pre>
    </details>
  </section>
</main>
<section id="recent" aria-labelledby="recent-title"><h2 id="recent-title">Labeled last</h2><ol></ol><p>Photos that you label appear here; press one to correct it.</p></section>
</div>`;

export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Label photos</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css">
<script type="module" src="/script.js"></script>
</head>
<body>
${MARKUP}
</body>
</html>
`;

export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f5fbf"/><path d="M9 9h8l7 7-8 8-7-7z" fill="#fff"/><circle cx="13.5" cy="13.5" r="2" fill="#1f5fbf"/></svg>`;
