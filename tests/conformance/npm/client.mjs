// One call of `@huggingface/hub` per process: `node client.mjs CALL <arguments.json`; the result is
// the last line of stdout, as JSON.
// {"$bytes": "base64"} anywhere in the arguments becomes a Blob; Blobs and iterators in the result
// become {"$bytes": …} and arrays. An error is printed as {"$error": {…}} with exit status 1.
import * as hub from "@huggingface/hub";

function decode(value) {
  if (Array.isArray(value)) return value.map(decode);
  if (value && typeof value === "object") {
    if ("$bytes" in value) return new Blob([Buffer.from(value.$bytes, "base64")]);
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, decode(v)]));
  }
  return value;
}

async function encode(value) {
  if (value instanceof Date) return value.toISOString();
  if (value && typeof value.arrayBuffer === "function") {
    return { $bytes: Buffer.from(await value.arrayBuffer()).toString("base64") };
  }
  if (Array.isArray(value)) return Promise.all(value.map(encode));
  if (value && typeof value === "object") {
    const pairs = Object.entries(value).map(async ([k, v]) => [k, await encode(v)]);
    return Object.fromEntries(await Promise.all(pairs));
  }
  return value ?? null;
}

// The call's name travels in the user agent, so that the access log shows who asked.
function named(call) {
  return (url, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("User-Agent", `@huggingface/hub; call=${call}`);
    return fetch(url, { ...init, headers });
  };
}

const call = process.argv[2];
try {
  const text = await new Response(process.stdin).text();
  const params = decode(JSON.parse(text));
  const slice = params.$slice;
  delete params.$slice;
  const common = { hubUrl: process.env.HF_ENDPOINT, fetch: named(call) };
  if (process.env.HF_TOKEN) common.accessToken = process.env.HF_TOKEN;
  let result = await hub[call]({ ...common, ...params });
  if (result && typeof result[Symbol.asyncIterator] === "function") {
    const all = [];
    for await (const item of result) all.push(item);
    result = all;
  }
  if (slice && result) result = result.slice(...slice);
  console.log(JSON.stringify(await encode(result)));
} catch (err) {
  const { name, message, statusCode } = err;
  console.log(JSON.stringify({ $error: { name, message, statusCode } }));
  process.exitCode = 1;
}
