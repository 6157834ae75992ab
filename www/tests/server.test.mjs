import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { serve } from './server.mjs';

let folder;
let server;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scalesmall-'));
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await mkdir(join(folder, 'dist'));
  await mkdir(join(folder, 'dist-old'));
  await writeFile(join(folder, 'dist-old', 'secret.txt'), 'secret');
  await writeFile(join(folder, 'dist', 'index.html'), 'hello');
  await writeFile(join(folder, 'dist', 'app.wasm'), 'wasm');
  server = await serve(join(folder, 'dist'), '/a/b/');
});

after(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** Asks for exactly `path`: `fetch` would tidy it up. */
function ask(path) {
  return new Promise((resolve, reject) => {
    get(server.origin, { path }, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode, type: response.headers['content-type'], body }),
      );
    }).on('error', reject);
  });
}

test('files are served below the base, with their types', async () => {
  const index = { status: 200, type: 'text/html; charset=utf-8', body: 'hello' };
  assert.deepEqual(await ask('/a/b/'), index);
  assert.deepEqual(await ask('/a/b/index.html?x=1'), index);
  assert.equal((await ask('/a/b/app.wasm')).type, 'application/wasm');
});

test('everything else is not found', async () => {
  const paths = [
    '/',
    '/index.html',
    '/a/b',
    '/a/b/missing.js',
    '/a/b/../secret.txt',
    '/a/b/../../../secret.txt',
    '/a/b/%2e%2e/secret.txt',
    '/a/b/..%2fsecret.txt',
    '/a/b/../dist-old/secret.txt',
    '/a/b/%00',
    '/a/b/%zz',
  ];
  for (const path of paths) {
    assert.equal((await ask(path)).status, 404, path);
  }
});
