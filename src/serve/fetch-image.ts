/** Images from addresses: only of hosts that are allowed, and only from public addresses, so that no request reaches into the server's network. */
import { lookup as lookupHost } from "node:dns/promises";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { Refusal } from "./refusals.ts";

/** Ranges that are not public, from IANA's registries of special-purpose addresses. */
const notPublic = new BlockList();
for (const range of [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
  ...["192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
  ...["224.0.0.0/4", "240.0.0.0/4"],
]) {
  const [net, bits] = range.split("/");
  notPublic.addSubnet(net, Number(bits), "ipv4");
}
/** Only global unicast addresses of IPv6 are public, without the ranges that embed IPv4 addresses or are for documentation. */
const globalUnicast = new BlockList();
globalUnicast.addSubnet("2000::", 3, "ipv6");
for (const [net, bits] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const)
  notPublic.addSubnet(net, bits, "ipv6");

/** Returns true for an address that anyone on the internet may have. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !notPublic.check(address, "ipv4");
  return family === 6 && globalUnicast.check(address, "ipv6") && !notPublic.check(address, "ipv6");
}

/** Rules of `fetchImage`; tests replace the network. */
export interface FetchRules {
  readonly hosts: readonly string[];
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Resolves a host to all its addresses. */
  readonly resolve?: (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;
  readonly isPublic?: (address: string) => boolean;
}

const MAX_REDIRECTS = 3;

/** Fetches an image. The address that was checked is the one that is connected to, also after redirects. @throws Refusal 403, 413 or 422. */
export async function fetchImage(address: string, rules: FetchRules): Promise<Uint8Array> {
  let url = new URL(address);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const answer = await fetchOnce(url, rules);
    if (typeof answer !== "string") return answer;
    url = new URL(answer, url);
  }
  throw new Refusal(422, `The address was redirected more than ${MAX_REDIRECTS} times.`);
}

/** Returns the body, or the address of a redirect. */
async function fetchOnce(url: URL, { hosts, maxBytes, signal, resolve = allAddresses, isPublic = isPublicAddress }: FetchRules) {
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw new Refusal(403, `Images are not fetched by "${url.protocol}".`);
  if (url.username || url.password) throw new Refusal(403, "Addresses with a password are not fetched.");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (!hosts.includes(url.host.toLowerCase()) && !hosts.includes(host.toLowerCase()))
    throw new Refusal(403, `Images are not fetched from "${host}"; send the image itself, or have the host allowed.`);
  const found = isIP(host) ? [{ address: host, family: isIP(host) }] : await resolve(host).catch(() => []);
  if (found.length === 0) throw new Refusal(422, `The host "${host}" was not found.`);
  // One private address among public ones is reason enough.
  if (!found.every((each) => isPublic(each.address)))
    throw new Refusal(403, `The host "${host}" has a private address, from which nothing is fetched.`);
  const [first] = found;
  const lookup: LookupFunction = (_, options, callback) =>
    options.all ? callback(null, [first]) : callback(null, first.address, first.family);
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise<Uint8Array | string>((fulfill, reject) => {
    const failed = (error: Error) =>
      reject(
        signal.aborted
          ? signal.reason
          : error instanceof Refusal
            ? error
            : new Refusal(422, `"${host}" could not be read (${error.message}).`),
      );
    const sent = request(url, { lookup, agent: false, signal, headers: { Accept: "image/*" } }, (response) => {
      const { statusCode = 0, headers } = response;
      response.on("error", failed);
      const end = (error: Error) => {
        sent.destroy();
        reject(error);
      };
      if (statusCode >= 300 && statusCode < 400 && headers.location) {
        sent.destroy();
        return fulfill(headers.location);
      }
      if (statusCode !== 200) return end(new Refusal(422, `"${host}" answered with status ${statusCode}.`));
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        if ((bytes += chunk.length) > maxBytes) end(new Refusal(413, `The image at "${host}" has more than ${maxBytes} bytes.`));
      });
      response.on("end", () => fulfill(new Uint8Array(Buffer.concat(chunks))));
    });
    sent.on("error", failed);
    sent.end();
  });
}

const allAddresses = (host: string) => lookupHost(host, { all: true });
