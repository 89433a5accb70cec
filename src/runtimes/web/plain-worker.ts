/** The worker of a page without a bundler: a page's import map does not reach its workers, so the page sends the library's address. */
import { serve } from "./serve.ts";

serve((address) => import(/* @vite-ignore */ /* webpackIgnore: true */ address!));
