/** From a request to its image and its fields: bytes of an image, a form, or JSON with the image as base64, a data URL or an address. */
import type { MultipartFile, MultipartValue } from "@fastify/multipart";
import type { FastifyRequest } from "fastify";
import { S2Error } from "../core/index.ts";
import { type FetchRules, fetchImage } from "./fetch-image.ts";
import { Refusal } from "./refusals.ts";

/** The image of a request, and its fields by name. */
export interface RequestContent {
  readonly image?: Uint8Array;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Fields of a form or of JSON win over those of the query. @throws S2Error "option", Refusal. */
export async function readRequest(request: FastifyRequest, rules: FetchRules): Promise<RequestContent> {
  const query = { ...(request.query as Record<string, unknown>) };
  if (request.isMultipart()) return readForm(request, query);
  const { body } = request;
  if (body instanceof Uint8Array) return { image: body, fields: query };
  const { image, ...fields } = jsonFields(body ?? {});
  return { fields: { ...query, ...fields }, ...(image !== undefined && { image: await readImageText(image, rules) }) };
}

/** Returns the fields of a body of JSON. @throws S2Error "option" for one that is no object. */
export function jsonFields(body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body === "object" && body !== null && !Array.isArray(body) && !(body instanceof Uint8Array))
    return body as Record<string, unknown>;
  throw new S2Error("option", 'The body is no object; expected JSON such as { "model": ... } as application/json.');
}

async function readForm(request: FastifyRequest, fields: Record<string, unknown>): Promise<RequestContent> {
  let image: Uint8Array | undefined;
  for await (const field of request.parts() as AsyncIterable<MultipartFile | MultipartValue<string>>) {
    if (field.type === "file") image = await field.toBuffer();
    else if (field.value !== "") fields[field.fieldname] = field.value; // a form sends its empty fields too
  }
  return { ...(image && { image }), fields };
}

/** Reads an image from text: a data URL, base64, or the address of an allowed host. @throws S2Error "option", Refusal. */
export async function readImageText(text: unknown, rules: FetchRules): Promise<Uint8Array> {
  if (typeof text !== "string")
    throw new S2Error("option", "The image is not a text; expected base64, a data URL or an address.");
  if (/^https?:/i.test(text)) {
    if (!URL.canParse(text)) throw new S2Error("option", `The image's address cannot be read: "${text.slice(0, 80)}".`);
    return fetchImage(text, rules);
  }
  const head = /^data:[^,]{0,200},/i.exec(text)?.[0];
  if (head && !/;base64,$/i.test(head))
    throw new S2Error("option", "The image's data URL is not base64; expected data:image/png;base64,...");
  const base64 = text.slice(head?.length ?? 0);
  const bytes = Buffer.from(base64, "base64");
  // Buffer.from skips what is no base64, so that any text would give some bytes.
  if (bytes.length === 0 || /[^\w+/\s=-]/.test(base64))
    throw new S2Error(
      "option",
      `The image is no base64 (it starts with ${JSON.stringify(base64.slice(0, 12))}); expected base64, a data URL or an address.`,
    );
  if (bytes.length > rules.maxBytes)
    throw new Refusal(413, `The image has ${bytes.length} bytes; the limit is ${rules.maxBytes}.`);
  return bytes;
}

/** Formats of features by the media types that ask for them; the first type of each is the one of its answers. */
export const featureTypes = {
  safetensors: ["application/vnd.safetensors", "application/x-safetensors", "application/octet-stream", "application/*", "*/*"],
  npy: ["application/x-npy", "application/npy"],
  json: ["application/json"],
} as const;

/** Chooses the format that an Accept header prefers. @throws Refusal 406. */
export function chooseFormat(accept = "*/*"): keyof typeof featureTypes {
  const wanted = accept
    .split(",")
    .map((range) => range.trim().split(/\s*;\s*/))
    .map(([type, ...more]) => ({ type: type.toLowerCase(), q: Number(more.find((each) => /^q=/i.test(each))?.slice(2) ?? 1) }))
    .filter(({ q }) => q > 0)
    .sort((a, b) => b.q - a.q);
  for (const { type } of wanted)
    for (const [format, types] of Object.entries(featureTypes))
      if ((types as readonly string[]).includes(type)) return format as keyof typeof featureTypes;
  const known = Object.values(featureTypes).map(([type]) => type);
  throw new Refusal(406, `Features are not given as "${accept.slice(0, 80)}"; expected ${known.join(", ")}.`);
}
