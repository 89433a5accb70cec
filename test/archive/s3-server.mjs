/**
 * An S3 server on 127.0.0.1 in a process of its own: fauxqs behind a proxy that keeps `If-None-Match: *`, which fauxqs ignores. The proxy holds
 * a lock on a key while it asks and puts, as a real store does. It sends its address and how many puts it refused; the message
 * { count, method, part } fails the next requests of this method whose address has this part with 503.
 */
import { createServer, request } from "node:http";
import { register } from "node:module";

// fauxqs names SQLite, which Node 20 lacks, for data that outlive the process; none do here.
const stub = `export async function resolve(name, context, next) {
  return name === "node:sqlite" ? { url: "data:text/javascript,export class DatabaseSync {}", shortCircuit: true } : next(name, context);
}`;
register(`data:text/javascript,${encodeURIComponent(stub)}`);
const { buildApp } = await import("fauxqs");

const app = buildApp({ logger: false });
await app.listen({ host: "127.0.0.1", port: 0 });
const { port } = app.server.address();
const locks = new Map();
let failing = { count: 0 };
process.on("message", (message) => (failing = message));
process.on("disconnect", () => process.exit(0));

const ask = ({ body, ...rest }) =>
  new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, ...rest }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }));
    });
    sent.on("error", reject);
    sent.end(body);
  });

const proxy = createServer(async (incoming, outgoing) => {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const { method, url, headers } = incoming;
  const send = (status, code) =>
    outgoing.writeHead(status, { "content-type": "application/xml" }).end(`<Error><Code>${code}</Code></Error>`);
  if (failing.count > 0 && method === failing.method && url.includes(failing.part)) {
    failing.count--;
    return void send(503, "SlowDown");
  }
  const [key] = url.split("?");
  const work = async () => {
    if (method === "PUT" && headers["if-none-match"] === "*") {
      const { host, authorization } = headers;
      if ((await ask({ method: "HEAD", path: key, headers: { host, authorization } })).status === 200) {
        process.send({ refused: key });
        return void send(412, "PreconditionFailed");
      }
    }
    const answer = await ask({ method, path: url, headers, body: Buffer.concat(chunks) });
    outgoing.writeHead(answer.status, answer.headers).end(answer.body);
  };
  const turn = (locks.get(key) ?? Promise.resolve()).then(work, work);
  locks.set(key, turn);
  await turn.catch(() => outgoing.destroy());
});
proxy.listen(0, "127.0.0.1", () => process.send({ endpoint: `http://127.0.0.1:${proxy.address().port}` }));
