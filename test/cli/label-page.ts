/** `s2 label` while it runs: its page's address, requests as its page sends them, and its end by Ctrl-C. */
import type { LabelAction, LabelView } from "../../src/label/view.ts";
import { type Ended, s2Process } from "./s2.ts";

export interface LabelPage {
  /** Works once. */
  readonly url: string;
  /** Sends an action without a browser; this takes the address. */
  act(action: LabelAction): Promise<LabelView>;
  view(): Promise<LabelView>;
  /** Ctrl-C. */
  end(): Promise<Ended>;
}

export async function startLabel(args: readonly string[], cwd: string): Promise<LabelPage> {
  let stop = () => {};
  let ended: Promise<Ended> | undefined;
  const url = await new Promise<string>((resolve, reject) => {
    ended = s2Process([...args, "--no-open"], {
      cwd,
      onOut(out, interrupt) {
        stop = interrupt;
        const [found] = /http:\S+/.exec(out) ?? [];
        if (found) resolve(found);
      },
    });
    ended.then(({ err }) => reject(new Error(err)));
  });
  const { origin } = new URL(url);
  let cookie: Promise<string> | undefined;
  const ask = async (path: string, action?: LabelAction): Promise<LabelView> => {
    cookie ??= fetch(url).then((response) => response.headers.get("set-cookie")!.split(";")[0]);
    const headers = { cookie: await cookie, origin, "content-type": "application/json" };
    const response = await fetch(origin + path, action ? { method: "POST", headers, body: JSON.stringify(action) } : { headers });
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as LabelView;
  };
  return {
    url,
    act: (action) => ask("/act", action),
    view: () => ask("/view"),
    async end() {
      stop();
      return ended!;
    },
  };
}
