/** A request as a line of JSON: its route, status and numbers, and nothing of its image, query or token. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { noted } from "./routes.ts";

/** Describes an answered request, or the error that nobody foresaw with its stack. */
export function logLine(request: FastifyRequest, reply: FastifyReply, error?: unknown): string {
  const { method, id: requestId, routeOptions } = request;
  const time = new Date().toISOString();
  const where = { requestId, method, route: routeOptions.url ?? "none" };
  if (error !== undefined) {
    const { message, stack, code } = error as Error & { code?: string };
    return `${JSON.stringify({ time, level: "error", ...where, code, message, stack })}\n`;
  }
  const bytes = Number(request.headers["content-length"] ?? 0);
  const numbers = { status: reply.statusCode, milliseconds: Math.round(reply.elapsedTime), bytes, ...noted.get(request) };
  return `${JSON.stringify({ time, level: "info", ...where, ...numbers })}\n`;
}
