/** Opens an address in the person's browser, by the program that each system has for it; without one nothing happens. */
import { spawn } from "node:child_process";

/** Opens an http address in the browser. */
export function openBrowser(url: string): void {
  const [program, ...args] =
    process.platform === "darwin"
      ? ["open", url]
      : process.platform === "win32"
        ? ["rundll32", "url.dll,FileProtocolHandler", url] // "start" belongs to cmd, which reads & in an address
        : ["xdg-open", url];
  const child = spawn(program, args, { detached: true, stdio: "ignore" });
  child.on("error", () => {}); // the address is printed
  child.unref();
}
