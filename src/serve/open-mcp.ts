/** `openMcp`: tools of the Model Context Protocol for images in allowed folders, over standard input and output. */
import { S2Error } from "../core/index.ts";
import { readVersion } from "../runtimes/node/index.ts";
import { openImageFolders } from "./image-folders.ts";
import { type McpSettings, makeTools, type Tool } from "./mcp-tools.ts";
import { optionalPackage } from "./metrics.ts";

/** Starts the server on standard input and output. @throws S2Error "package-missing" without @modelcontextprotocol/sdk, "option". */
export async function openMcp(settings: McpSettings): Promise<{ close(): Promise<void> }> {
  const name = "@modelcontextprotocol/sdk";
  const { Server } = await optionalPackage(() => import("@modelcontextprotocol/sdk/server/index.js"), name);
  const { StdioServerTransport } = await import("@modelcontextprotocol/sdk/server/stdio.js");
  const { CallToolRequestSchema, ListToolsRequestSchema } = await import("@modelcontextprotocol/sdk/types.js");
  const tools = await makeTools(settings, openImageFolders(settings.folders));
  const server = new Server({ name: "s2-vision", version: readVersion() }, { capabilities: { tools: {} } });
  const annotations = { readOnlyHint: true, openWorldHint: false };
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: Object.entries(tools).map(([name, { description, properties, required }]) => ({
      ...{ name, description, annotations, inputSchema: { type: "object" as const, properties, required: [...required] } },
    })),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal, sendNotification, _meta }) => {
    const progressToken = _meta?.progressToken;
    const onProgress = (progress: number, total: number) => {
      if (progressToken === undefined) return;
      void sendNotification({ method: "notifications/progress", params: { progressToken, progress, total } });
    };
    try {
      return { content: await callTool(tools, params.name, params.arguments ?? {}, { signal, onProgress }) };
    } catch (error) {
      return { isError: true, content: [{ type: "text", text: (error as Error).message }] };
    }
  });
  await server.connect(new StdioServerTransport());
  return {
    async close() {
      await server.close();
      await settings.model.dispose();
    },
  };
}

async function callTool(
  tools: Readonly<Record<string, Tool>>,
  name: string,
  given: Record<string, unknown>,
  context: Parameters<Tool["call"]>[1],
) {
  const tool = Object.hasOwn(tools, name) ? tools[name] : undefined;
  if (!tool) throw new S2Error("option", `There is no tool "${name}"; there are ${Object.keys(tools).join(", ")}.`);
  const missing = tool.required.find((each) => given[each] === undefined);
  if (missing) throw new S2Error("option", `${name} needs ${missing}.`, { option: missing });
  return tool.call(given, context);
}
