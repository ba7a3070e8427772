// Asks the search of the built site: its own worker, with its own index, as a browser would start it.
// node search.mjs SITE '["words", ..]' prints, for each query, the places that are found, the best first.
import fs from "node:fs";
import path from "node:path";
import vm from "node:vm";

const [SETUP, QUERY] = [0, 2]; // messages of the worker of mkdocs-material
const [site, queries] = [process.argv[2], JSON.parse(process.argv[3])];
const folder = path.join(site, "assets/javascripts/workers");
const worker = fs.readdirSync(folder).find((name) => /^search\..*\.js$/.test(name));
const index = JSON.parse(fs.readFileSync(path.join(site, "search/search_index.json"), "utf8"));

const listeners = [];
const waiting = [];
const scope = {
  console, setTimeout, clearTimeout, URL, performance,
  addEventListener: (type, listener) => type === "message" && listeners.push(listener),
  postMessage: (message) => waiting.shift()?.(message),
  importScripts: () => {}, // stemmers of other languages
};
scope.self = scope.globalThis = scope;
vm.createContext(scope);
vm.runInContext(fs.readFileSync(path.join(folder, worker), "utf8"), scope);

const ask = (message) =>
  new Promise((resolve) => {
    waiting.push(resolve);
    listeners.forEach((listener) => listener({ data: message }));
  });
await ask({ type: SETUP, data: { config: index.config, docs: index.docs, options: { suggest: false } } });
const found = [];
for (const query of queries) {
  const answer = await ask({ type: QUERY, data: query });
  found.push((answer.data.items ?? []).map((page) => page[0].location));
}
console.log(JSON.stringify(found));
