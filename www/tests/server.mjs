/**
 * A static file server like the simplest of hosts: it knows the types of files, and nothing
 * else. No redirects, no directory listings, no fallback to another file.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';

/** MIME types by extension. A browser compiles WebAssembly while it loads only if it is told. */
const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/**
 * Serves the files of the folder `dir` under the path `base` of a free port of 127.0.0.1.
 *
 * @param {string} dir an absolute path
 * @param {string} base begins and ends with a slash
 * @returns {Promise<{origin: string, url: string, close: () => Promise<void>}>}
 */
export async function serve(dir, base) {
  const server = createServer(async (request, response) => {
    const file = fileFor(dir, base, request);
    try {
      const body = file && (await readFile(file));
      if (body) {
        const type = TYPES[extname(file)] ?? 'application/octet-stream';
        response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' });
        response.end(request.method === 'HEAD' ? undefined : body);
        return;
      }
    } catch {
      // Not there, or a folder.
    }
    response.writeHead(404, { 'content-type': TYPES['.txt'] });
    response.end('not found\n');
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    url: origin + base,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The file that `request` asks for, if it is one below `dir`. */
function fileFor(dir, base, request) {
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
  let path;
  try {
    // Not through `URL`, which would resolve `..` before it can be refused.
    path = decodeURIComponent(request.url.split('?', 1)[0]);
  } catch {
    return undefined;
  }
  if (!path.startsWith(base) || path.includes('\0')) return undefined;
  const file = join(dir, path.slice(base.length) || 'index.html');
  return file.startsWith(dir + sep) ? file : undefined;
}
