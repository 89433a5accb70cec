/** The service worker: keeps the build's files, so that its pages work without a network. All names but those of the pages have hashes of their content. */
const PREFIX = "s2-playground-";
const NAME = `${PREFIX}${"VERSION"}`;
const FILES = ["FILES"];

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  if (method !== "GET" || new URL(url).origin !== location.origin) return;
  event.respondWith((mode === "navigate" ? newest(event.request) : kept(event.request)).then(isolated));
});

/** Fetches one file after another; those that an earlier version has are not fetched again. */
async function install() {
  const cache = await caches.open(NAME);
  for (const file of FILES) {
    const response = (!isPage(file) && (await find(file))) || (await fetch(file, { cache: "no-cache" }));
    if (!response.ok) throw new Error(`${file} could not be fetched (${response.status}).`);
    await cache.put(file, response);
  }
}

const isPage = (file) => file === "./" || file.endsWith(".html");

async function activate() {
  for (const name of await ours()) if (name !== NAME) await caches.delete(name);
  await self.clients.claim();
}

const ours = async () => (await caches.keys()).filter((name) => name.startsWith(PREFIX));

async function find(request) {
  for (const cacheName of await ours()) {
    const found = await caches.match(request, { cacheName, ignoreSearch: true, ignoreVary: true });
    if (found) return found;
  }
  return undefined;
}

const kept = async (request) => (await find(request)) ?? fetch(request);

/** A page comes from the network where there is one: it names the other files. */
const newest = (request) => fetch(request).catch(async () => (await find(request)) ?? (await find("./")) ?? Response.error());

/** Adds the headers that give the page threads, which many static hosts cannot send. */
function isolated(response) {
  if (response.type === "error" || response.type === "opaqueredirect" || response.redirected) return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  const { status, statusText, body } = response;
  return new Response(status === 204 || status === 304 ? null : body, { status, statusText, headers });
}
