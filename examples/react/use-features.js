/** A hook: features of the chosen file, with what is to be shown meanwhile. */
import { useEffect, useState } from "react";
import { extract, loadModel } from "s2-vision/web";

let model; // one for the page; it works in a thread of its own

export function useFeatures(file, options) {
  const [state, setState] = useState({});
  useEffect(() => {
    if (!file) return;
    const stop = new AbortController(); // another file, or a component that is gone, ends the work
    const show = (next) => stop.signal.aborted || setState(next);
    const onProgress = ({ tiles, of }) => show({ progress: tiles / of });
    model ??= loadModel();
    show({ progress: 0 });
    model
      .then((loaded) => extract(loaded, file, { ...options, onProgress, signal: stop.signal }))
      .then((features) => show({ features }))
      .catch((error) => show({ error }));
    return () => stop.abort();
  }, [file, options]);
  return state;
}
