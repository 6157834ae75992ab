/**
 * Keeps a copy of the page, so that it works without a network, and never mixes two versions.
 *
 * A version is all files of one build, in a cache of its own. Which files those are, and their
 * digests, is written in below when the page is built. It is installed as a whole or not at all:
 * a file that is missing, redirected, or of another build, because a host has not got everything
 * yet, leaves the version before in place.
 *
 * The copy is asked first, for the document too. The document from the network and the files
 * from the copy, or the other way round, would be two versions in one page; and a page that asks
 * the network first waits for it wherever the network is bad. What that costs is that a new
 * version shows one visit late. So the page offers it as soon as it is complete (see
 * `src/app/src/offline.rs`); a worker takes over when no tab runs the version before, or when it
 * is told to.
 *
 * Only `GET` requests below the worker's folder are answered; what is not in the copy comes from
 * the network. Caches belong to the whole origin: those of this page begin with the worker's
 * scope, and no other is touched.
 *
 * Without a list of files, as while the page is developed, the worker removes itself and what
 * others of its kind have left.
 */
'use strict';

/** The version, and the digests of its files by name. Filled in by `file-list.mjs`. */
const BUILD = { version: '', files: {} };

const SCOPE = self.registration.scope;
/** No address holds a space: no scope that begins with this one has the same prefix. */
const PREFIX = `scalesmall ${SCOPE} `;
const CACHE = PREFIX + BUILD.version;

self.addEventListener('install', (event) => {
  event.waitUntil(BUILD.version ? install() : self.skipWaiting());
});

self.addEventListener('activate', (event) => {
  event.waitUntil(BUILD.version ? forgetVersionsBefore() : retire());
});

self.addEventListener('message', (event) => {
  if (event.data === 'take over') self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const { method, url } = event.request;
  if (method === 'GET' && url.startsWith(SCOPE)) event.respondWith(answer(event.request));
});

/** Fetches all files of this version into its cache, or leaves no cache behind. */
async function install() {
  // It is in use if a host went back to the version that runs.
  const isNew = !(await caches.has(CACHE));
  try {
    const cache = await caches.open(CACHE);
    // Nothing is stored unless every answer is good.
    await cache.addAll(
      Object.entries(BUILD.files).map(
        ([name, integrity]) =>
          // What the page has just loaded is asked for again, but not sent again.
          new Request(new URL(name, SCOPE), { integrity, cache: 'no-cache', redirect: 'error' }),
      ),
    );
  } catch (error) {
    if (isNew) await caches.delete(CACHE);
    throw error;
  }
}

/** The names of the caches of other versions, the oldest first. */
async function otherVersions() {
  return (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
}

/** Deletes the caches of the versions before. */
async function forgetVersionsBefore() {
  const names = await otherVersions();
  // The tab that told this version to take over loads it. Any other still runs the one before.
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (windows.length > 1) names.pop();
  await Promise.all(names.map((name) => caches.delete(name)));
}

/** Leaves nothing behind. */
async function retire() {
  await Promise.all((await otherVersions()).map((name) => caches.delete(name)));
  await self.registration.unregister();
}

/** What the copy has for `request`, or else the network. */
async function answer(request) {
  return (await copyOf(request).catch(() => undefined)) ?? fetch(request);
}

/** The response that is kept for `request`, if there is one. */
async function copyOf(request) {
  const { origin, pathname } = new URL(request.url);
  // The document has two names, and says by itself what the query means.
  const url = (origin + pathname).replace(/\/index\.html$/, '/');
  const keptIn = (cacheName) => caches.match(url, { cacheName, ignoreVary: true });
  const own = await keptIn(CACHE);
  if (own) return own;
  // A page of another version may still run: what only that one has, only it asks for.
  for (const name of await otherVersions()) {
    const other = await keptIn(name);
    if (other) return other;
  }
  return undefined;
}
