/** The script of the page of `s2 label`: the interface, with a session behind the server that the page came from. */
import { runInterface } from "./run.ts";

// The token has become a cookie; it does not stay in the address or the history.
history.replaceState(null, "", "/");

runInterface(
  document,
  {
    async send(action) {
      const sent = action && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(action) };
      const response = await fetch(action ? "/act" : "/view", sent).catch(() => {
        throw new Error("s2 label has ended. Start it again to go on.");
      });
      if (!response.ok) throw new Error(await response.text());
      return response.json();
    },
    picture: (kind, image, version) =>
      ({ image: `/image/${image}`, small: `/image/${image}?small=1`, mask: `/mask/${image}?v=${version}` })[kind],
    ending: "End with Ctrl-C in the terminal; the same command goes on from here.",
  },
  new AbortController().signal,
);
