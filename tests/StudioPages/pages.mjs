// The studio's pages in a browser: node pages.mjs ADDRESS [FOLDER FOR PICTURES]
import { end } from "./browser.mjs";

for (const part of ["looks", "runs", "chat", "annotate", "learn"]) await import(`./${part}.mjs`);
await end();
