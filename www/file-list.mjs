/**
 * Writes into the service worker of a built page which files the page is made of, so that they
 * can be kept together:
 *
 *     node file-list.mjs DIST
 */
import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const WORKER = 'service-worker.js';
/** The line of the worker that the list takes the place of. */
const EMPTY = "const BUILD = { version: '', files: {} };";

/**
 * Lists the files of the folder `dir` in the worker that is there, which has no list yet.
 *
 * @param {string} dir
 */
export async function writeFileList(dir) {
  const worker = join(dir, WORKER);
  const text = await readFile(worker, 'utf8');
  if (text.split(EMPTY).length !== 2) {
    throw new Error(`${worker}: the line \`${EMPTY}\` is missing, or there are several`);
  }
  const files = {};
  for (const name of await namesBelow(dir)) {
    // Hosts redirect from one name of the document to the other; this one always answers.
    const address = name === 'index.html' ? './' : name;
    if (name !== WORKER) files[address] = `sha256-${digest(await readFile(join(dir, name)), 'base64')}`;
  }
  const version = digest(JSON.stringify(files), 'hex').slice(0, 16);
  const list = `const BUILD = ${JSON.stringify({ version, files })};`;
  await writeFile(worker, text.replace(EMPTY, () => list));
}

/** The files below `dir`, as relative addresses, in a fixed order. */
async function namesBelow(dir) {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath ?? entry.path, entry.name)))
    .map((name) => name.split(sep).join('/'))
    .sort();
}

function digest(bytes, encoding) {
  return createHash('sha256').update(bytes).digest(encoding);
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [dir, ...rest] = process.argv.slice(2);
  if (!dir || rest.length > 0) {
    console.error('usage: node file-list.mjs DIST');
    process.exit(2);
  }
  await writeFileList(dir);
}
