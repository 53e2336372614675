// @ts-check
import { main, h, fill } from "/studio/base.js";

fill(main, h("h1", {}, document.title));
