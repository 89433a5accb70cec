/** Registers the service worker, which keeps the page's files for visits without a network. */
import { byId } from "./dom.ts";

/** False on the development server, which has no service worker. */
declare const BUILT: boolean;

export function setUpOffline(): void {
  const { serviceWorker, connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
  // Runtime and model are 8 MB: not for someone who asked to save data.
  if (!BUILT || !serviceWorker || connection?.saveData) return;
  const start = async () => {
    await serviceWorker.register("./sw.js").catch(() => undefined); // the page works without it
    await serviceWorker.ready;
    byId("offline", HTMLSpanElement).textContent = "The page also works offline now.";
  };
  // After what the page itself needs.
  if (document.readyState === "complete") void start();
  else addEventListener("load", start);
}
