/** A server and an MCP server: features, embeddings and predictions for other programs. */
export { readTokens } from "./authorize.ts";
export { openMcp } from "./open-mcp.ts";
export { openServer, type RunningServer } from "./open-server.ts";
export type { ServerOptions } from "./options.ts";
