/** The routes that say how the server is and what it has: health, readiness, metrics, models, the OpenAPI document and a page. */
import type { FastifyInstance } from "fastify";
import { pageOf } from "./page.ts";
import { Refusal } from "./refusals.ts";
import type { Parts } from "./routes.ts";

/** Paths that need no token. */
export const openPaths: ReadonlySet<string> = new Set(["/", "/healthz", "/readyz", "/openapi.json"]);

export function addStatusRoutes(app: FastifyInstance, { models, heads, metrics }: Parts, isClosing: () => boolean): void {
  const hide = { schema: { hide: true } };
  app.get("/healthz", { schema: { summary: "Whether the process is alive" } }, () => ({ status: "ok" }));
  app.get("/readyz", { schema: { summary: "Whether requests are taken" } }, () => {
    if (isClosing()) throw new Refusal(503, "The server is stopping.");
    return { status: "ready", models: [...models.keys()], heads: [...heads.keys()] };
  });
  app.get("/metrics", { schema: { summary: "Metrics for Prometheus" } }, async (_, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
  app.get("/v1/models", { schema: { summary: "Models and heads, in OpenAI's shape" } }, () => ({
    object: "list",
    data: [
      ...[...models.values()].map(({ name, model: { traits } }) => ({
        id: name,
        object: "model",
        owned_by: "s2-vision",
        traits,
      })),
      ...[...heads].map(([id, { model, head }]) => ({
        ...{ id, object: "head", owned_by: "s2-vision", model: model.name, task: head.task, classes: head.classes },
      })),
    ],
  }));
  app.get("/openapi.json", hide, () => app.swagger());
  app.get("/", hide, (_, reply) =>
    reply
      .type("text/html; charset=utf-8")
      .header(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
      )
      .send(pageOf([...models.keys()], [...heads.keys()])),
  );
}
