// A web server that topics post to. Each path of it is an endpoint, which keeps what came and answers as its test
// says. It runs in the process of the tests and does not keep that from ending.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { seconds } from "./calls.mjs";

const paths = new Map();
const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const path = paths.get(request.url);
  if (!path) return response.writeHead(404).end();
  const text = Buffer.concat(chunks).toString();
  const kind = request.headers["x-amz-sns-message-type"];
  const status = kind === "Notification" && path.answers.length > 0 ? path.answers.shift() : path.otherwise;
  path.requests.push({ kind, method: request.method, headers: request.headers, text, at: Date.now() });
  response.writeHead(status).end();
});
// Deliveries keep connections open, and may come late.
server.listen(0, "127.0.0.1").unref();
await new Promise((resolve) => server.once("listening", resolve));

export const host = `127.0.0.1:${server.address().port}`;

/** A new endpoint: notifications are answered with the statuses in `answers`, then with `otherwise`. */
export function newPath() {
  const target = `/sns/${paths.size + 1}`;
  const path = { url: `http://${host}${target}`, requests: [], answers: [], otherwise: 200 };
  paths.set(target, path);
  return path;
}

/** Waits until `n` requests of a kind have come to a path, and gives them; more are a failure. */
export async function came(path, n, kind = "Notification", within = 15) {
  const of = () => path.requests.filter((request) => request.kind === kind);
  for (const end = Date.now() + within * 1000; of().length < n && Date.now() < end; ) await seconds(0.02);
  assert.equal(of().length, n, JSON.stringify(path.requests));
  return of();
}

/** Visits a link as whoever got it does: status and text. */
export async function visit(url) {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
}
