/** A page that shows the grid of features of a chosen photo. */
import { useState } from "react";
import { createRoot } from "react-dom/client";
import { useFeatures } from "./use-features.js";

const options = { scales: [1, 2], outputScale: "finest" };

function App() {
  const [file, setFile] = useState();
  const { progress, features, error } = useFeatures(file, options);
  return (
    <main>
      <label>
        Photo <input type="file" accept="image/*" onChange={({ target }) => setFile(target.files[0])} />
      </label>
      {progress !== undefined && <progress value={progress} />}
      {error && <p role="alert">{error.message}</p>}
      {features && (
        <output>
          {features.grid.rows}x{features.grid.cols} tokens of {features.dims[2]} channels
        </output>
      )}
    </main>
  );
}

createRoot(document.getElementById("root")).render(<App />);
