/** Asks for a folder of this device, to write in it. */

declare global {
  interface Window {
    /** File System Access API; not in Firefox and Safari. */
    showDirectoryPicker?(options: { id?: string; mode?: "read" | "readwrite" }): Promise<FileSystemDirectoryHandle>;
  }
  interface FileSystemHandle {
    requestPermission?(options: { mode: "readwrite" }): Promise<PermissionState>;
  }
}

/** Asks for a folder to write in; undefined if the person does not give one. */
export async function chooseFolder(): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    const folder = await window.showDirectoryPicker!({ id: "s2-label", mode: "readwrite" });
    const permission = await folder.requestPermission?.({ mode: "readwrite" });
    return permission === undefined || permission === "granted" ? folder : undefined;
  } catch (error) {
    if (error instanceof DOMException && /^(AbortError|NotAllowedError)$/.test(error.name)) return undefined;
    throw error;
  }
}
