/** The server's page: what it serves, how to ask, and forms to try it. */

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string) => text.replace(/[&<>"]/g, (each) => escapes[each]);
const options = (names: readonly string[]) => names.map((name) => `<option>${escaped(name)}</option>`).join("");
const choice = (name: string, names: readonly string[]) =>
  `<label>${name} <select name="${name}">${options(names)}</select></label>`;

/** Forms work where no token is asked for; the page has no script. */
export function pageOf(models: readonly string[], heads: readonly string[]): string {
  const form = (path: string, title: string, more: string) =>
    `<h2>${title}</h2><form action="${path}" method="post" enctype="multipart/form-data"><label>image <input type="file" name="image" required></label> ${more} <button>Send</button></form>`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>s2-vision server</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}pre{background:#f3f3f3;padding:1rem;overflow-x:auto}form{display:flex;gap:1rem;flex-wrap:wrap}</style>
<h1>s2-vision server</h1>
<p>Multi-scale features of images. <a href="/openapi.json">OpenAPI document</a>, <a href="/metrics">metrics</a>, <a href="/v1/models">models</a>.</p>
<pre>curl -X POST -T photo.jpg -H "Content-Type: image/jpeg" "http://HOST/v1/features?scales=1,2" -o photo.safetensors</pre>
${form("/v1/plan", "Plan of an image", `${choice("model", models)} <label>scales <input name="scales" value="1,2"></label>`)}
${heads.length > 0 ? form("/v1/predict", "Prediction", choice("head", heads)) : ""}
</html>
`;
}
