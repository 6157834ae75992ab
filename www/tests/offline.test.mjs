/**
 * The page without a network, and from one version of it to the next. Each test has a host of
 * its own, on which it replaces the page.
 */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { writeFileList } from '../file-list.mjs';
import { DIST, start, statusWhen } from './harness.mjs';

const WORKER_SOURCE = fileURLToPath(new URL('../service-worker.js', import.meta.url));
const NOTICE = '.update-notice';
/** No worker takes longer to follow what has happened. */
const EVENTUALLY_MS = 20_000;

/** Runs `use` with the page on a host of its own, in a folder that can be changed. */
async function withHost(use) {
  const dir = await mkdtemp(join(tmpdir(), 'scalesmall-'));
  try {
    await cp(DIST, dir, { recursive: true });
    const bench = await start(dir);
    try {
      await use({ dir, bench });
    } finally {
      await bench.close();
    }
  } finally {
    await rm(dir, { recursive: true });
  }
}

/**
 * Puts another version of the page into `dir`: its document is marked, and its styles have
 * another name, so that those of the version before are gone.
 */
async function release(dir, mark) {
  const before = (await readdir(dir)).find((name) => name.endsWith('.css'));
  const styles = `style-${mark}.css`;
  await rename(join(dir, before), join(dir, styles));
  const document = join(dir, 'index.html');
  const text = (await readFile(document, 'utf8')).replaceAll(before, styles);
  await writeFile(document, text.replace(/<html[^>]*>/, `<html lang="en" data-release="${mark}">`));
  await cp(WORKER_SOURCE, join(dir, 'service-worker.js'));
  await writeFileList(dir);
}

/** Waits until the page has been copied as a whole. */
async function copied(page) {
  await page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    while (active.state !== 'activated') {
      await new Promise((resolve) => active.addEventListener('statechange', resolve, { once: true }));
    }
  });
}

/** Opens the page, has it copied, and loads it again from the copy. */
async function openCopied(bench) {
  const opened = await bench.openPage();
  await copied(opened.page);
  await opened.page.reload({ waitUntil: 'load' });
  await assertRuns(opened.page, undefined);
  return opened;
}

/** The version that `page` shows is `mark`, and it works, with its styles. */
async function assertRuns(page, mark) {
  await page.waitForSelector('[data-node]');
  assert.equal(await page.locator('html').getAttribute('data-release'), mark ?? null);
  const display = await page.locator('.top-bar').evaluate((bar) => getComputedStyle(bar).display);
  assert.equal(display, 'flex', 'the styles are there');
  await statusWhen(page, (status) => Number(status.timeUs) > 0);
}

/** Nothing went wrong, but that whoever leaves a page ends what it still loads. */
function assertNone(problems) {
  assert.deepEqual(problems.filter((problem) => !problem.endsWith('net::ERR_ABORTED')), []);
}

/** Looks for a new version, and waits until it is installed (true) or given up (false). */
function update(page) {
  return page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    const known = registration.waiting;
    const found = await registration.update().catch(() => registration);
    const { installing } = found;
    while (installing?.state === 'installing') {
      await new Promise((resolve) =>
        installing.addEventListener('statechange', resolve, { once: true }),
      );
    }
    return Boolean(registration.waiting) && registration.waiting !== known;
  });
}

/** The status of the answer that `page` gets from `url`. */
function statusOf(page, url, method = 'GET') {
  return page.evaluate(
    async ([url, method]) => {
      const response = await fetch(url, { method });
      await response.arrayBuffer();
      return response.status;
    },
    [url, method],
  );
}

/** Waits until `check` is true, which may be asked often. */
async function eventually(check, what) {
  const limit = Date.now() + EVENTUALLY_MS;
  while (!(await check())) {
    assert.ok(Date.now() < limit, what);
    await sleep(100);
  }
}

/** Whether `page` has a worker, be it that it does not serve it yet. */
function hasWorker(page) {
  return page.evaluate(async () => Boolean(await navigator.serviceWorker.getRegistration()));
}

function cacheNames(page) {
  return page.evaluate(() => caches.keys());
}

test('after the first visit the page needs no network', async () => {
  await withHost(async ({ bench }) => {
    const { page, problems } = await bench.openPage();
    await copied(page);
    await bench.stopServer();
    for (const address of ['', 'index.html', '?embed=1']) {
      await page.goto('about:blank');
      await page.goto(bench.url + address + '#speed=max', { waitUntil: 'load' });
      await assertRuns(page, undefined);
      const end = await statusWhen(page, (status) => status.state === 'ended');
      assert.equal(end.converged, 'true');
    }
    assertNone(problems);
    assert.equal(await page.locator(NOTICE).count(), 0);
  });
});

test('a new version waits until it is asked for, and every tab keeps its own', async () => {
  await withHost(async ({ dir, bench }) => {
    const { page, problems } = await openCopied(bench);
    const { page: other, problems: otherProblems } = await bench.openPage({ beside: page });
    const styles = await other.locator('link[rel=stylesheet]').evaluate((link) => link.href);
    await release(dir, 'b');

    // The browser looks by itself when a page is loaded. The old one is complete, although the
    // host has parts of it no more.
    await page.reload({ waitUntil: 'load' });
    await assertRuns(page, undefined);
    await page.waitForSelector(NOTICE);
    await other.waitForSelector(NOTICE);

    // To load the page again is not to ask for it, and the page says again that it is there.
    await page.reload({ waitUntil: 'load' });
    await assertRuns(page, undefined);
    await page.waitForSelector(NOTICE);

    // "Not now" is an answer.
    await other.getByRole('button', { name: 'Not now' }).click();
    assert.equal(await other.locator(NOTICE).count(), 0);

    await page.getByRole('button', { name: 'Load the new version' }).click();
    await page.waitForSelector('html[data-release=b]');
    await assertRuns(page, 'b');
    assert.equal(await page.locator(NOTICE).count(), 0);

    await assertRuns(other, undefined);
    assert.equal(await statusOf(other, styles), 200, 'its own files are still there for it');
    await other.reload({ waitUntil: 'load' });
    await assertRuns(other, 'b');

    assertNone([...problems, ...otherProblems]);
  });
});

test('the button loads the new version once, also where another tab was first', async () => {
  await withHost(async ({ dir, bench }) => {
    const { page } = await openCopied(bench);
    const { page: other } = await bench.openPage({ beside: page });
    await release(dir, 'b');
    assert.equal(await update(page), true);
    let loads = 0;
    other.on('load', () => (loads += 1));
    await other.waitForSelector(NOTICE);
    for (const tab of [page, other]) {
      await tab.locator('#update').click();
      await tab.waitForSelector('html[data-release=b]');
      await assertRuns(tab, 'b');
    }
    assert.equal(loads, 1);
  });
});

test('a new version gets its turn when the old one is no longer open', async () => {
  await withHost(async ({ dir, bench }) => {
    const { page } = await openCopied(bench);
    const [old] = await cacheNames(page);
    await release(dir, 'b');
    assert.equal(await update(page), true);
    assert.equal((await cacheNames(page)).length, 2);
    await page.goto('about:blank');
    // The browser takes its time to notice that a page is gone.
    await eventually(async () => {
      await page.goto(bench.url, { waitUntil: 'load' });
      const mark = await page.locator('html').getAttribute('data-release');
      if (mark !== 'b') await page.goto('about:blank');
      return mark === 'b';
    }, 'the old version is still served');
    await assertRuns(page, 'b');
    await copied(page);
    const names = await cacheNames(page);
    assert.equal(names.length, 1);
    assert.ok(!names.includes(old));
  });
});

test('an update that is not whole leaves the version before in place', async () => {
  await withHost(async ({ dir, bench }) => {
    const { page } = await openCopied(bench);
    const names = await cacheNames(page);
    const document = join(dir, 'index.html');
    const before = await readFile(document);

    await release(dir, 'b');
    const whole = await readFile(document);
    await rename(join(dir, 'style-b.css'), join(dir, 'away.css'));
    assert.equal(await update(page), false, 'a file is missing');
    await rename(join(dir, 'away.css'), join(dir, 'style-b.css'));
    await writeFile(document, before);
    assert.equal(await update(page), false, 'the document is still that of the version before');
    await writeFile(join(dir, 'service-worker.js'), 'this is no script');
    assert.equal(await update(page), false, 'the worker itself is broken');

    assert.deepEqual(await cacheNames(page), names, 'nothing of it is left');
    await page.reload({ waitUntil: 'load' });
    await assertRuns(page, undefined);
    assert.equal(await page.locator(NOTICE).count(), 0);

    await writeFile(document, whole);
    await cp(WORKER_SOURCE, join(dir, 'service-worker.js'));
    await writeFileList(dir);
    assert.equal(await update(page), true, 'once it is whole, it is installed');
    await page.locator('#update').click();
    await page.waitForSelector('html[data-release=b]');
    await assertRuns(page, 'b');
  });
});

test('what is not in the copy comes from the network, as does all but GET', async () => {
  await withHost(async ({ dir, bench }) => {
    const { page } = await openCopied(bench);
    assert.equal(await statusOf(page, 'later.txt'), 404);
    await writeFile(join(dir, 'later.txt'), 'put there after the page was copied');
    assert.equal(await statusOf(page, 'later.txt'), 200);
    assert.equal(await statusOf(page, './'), 200);
    assert.equal(await statusOf(page, './', 'POST'), 404, 'what this host says to all but GET');
    await bench.stopServer();
    assert.equal(await statusOf(page, './'), 200);
    await assert.rejects(statusOf(page, 'later.txt'), 'it has not been kept');
  });
});

test('caches of others on the same origin are left alone', async () => {
  await withHost(async ({ dir, bench }) => {
    const { page } = await openCopied(bench);
    const others = [
      'somebody else',
      `scalesmall ${new URL('..', bench.url)} 0123456789abcdef`,
      `scalesmall ${bench.url}below/ 0123456789abcdef`,
    ];
    await page.evaluate(
      async ([names, url]) => {
        for (const name of names) {
          const cache = await caches.open(name);
          await cache.put(new URL('style-of-others.css', url), new Response('theirs'));
        }
      },
      [others, bench.url],
    );
    const url = new URL('style-of-others.css', bench.url).href;
    assert.equal(await statusOf(page, url), 404, 'nothing is served from them');
    await release(dir, 'b');
    assert.equal(await update(page), true);
    await page.locator('#update').click();
    await page.waitForSelector('html[data-release=b]');
    await copied(page);
    const names = await cacheNames(page);
    assert.deepEqual(names.filter((name) => others.includes(name)), others);
    assert.equal(names.length, others.length + 1, 'of its own, only the one in use is left');
  });
});

test('a worker without a list of files removes itself and the copy', async () => {
  await withHost(async ({ dir, bench }) => {
    const { page } = await openCopied(bench);
    await cp(WORKER_SOURCE, join(dir, 'service-worker.js'));
    await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration();
      await registration.update();
    });
    await eventually(async () => !(await hasWorker(page)), 'the worker is still there');
    assert.deepEqual(await cacheNames(page), []);
    await page.reload({ waitUntil: 'load' });
    await assertRuns(page, undefined);
  });
});

test('where workers are refused or caches fail, the page works as any other', async () => {
  const obstacles = {
    'no workers': () => delete Navigator.prototype.serviceWorker,
    'a sandbox': () =>
      Object.defineProperty(Navigator.prototype, 'serviceWorker', {
        get() {
          throw new DOMException('sandboxed', 'SecurityError');
        },
      }),
    refused: () => {
      ServiceWorkerContainer.prototype.register = () =>
        Promise.reject(new DOMException('not here', 'SecurityError'));
    },
  };
  await withHost(async ({ dir, bench }) => {
    for (const [name, obstacle] of Object.entries(obstacles)) {
      const { page, problems } = await bench.openPage({ first: obstacle });
      await assertRuns(page, undefined);
      const expected = name === 'refused' ? 1 : 0;
      assert.equal(problems.length, expected, `${name}: ${problems}`);
      for (const problem of problems) assert.match(problem, /will not work offline/);
      await page.context().close();
    }

    // Some private windows have workers, but no caches.
    const worker = join(dir, 'service-worker.js');
    const noCaches = `for (const name of ['open', 'has', 'keys', 'match', 'delete'])
      caches[name] = () => Promise.reject(new DOMException('private', 'SecurityError'));\n`;
    await writeFile(worker, noCaches + (await readFile(worker, 'utf8')));
    const { page } = await bench.openPage();
    await assertRuns(page, undefined);
    await eventually(async () => !(await hasWorker(page)), 'a worker without a copy is there');
    await page.reload({ waitUntil: 'load' });
    await assertRuns(page, undefined);
    assert.equal(await page.evaluate(() => navigator.serviceWorker.controller), null);
  });
});

test('the manifest names the page and its icons, relative to where it is', async () => {
  await withHost(async ({ dir, bench }) => {
    const { page, problems } = await bench.openPage();
    const at = await page.locator('link[rel=manifest]').evaluate((link) => link.href);
    assert.equal(at, new URL('manifest.webmanifest', bench.url).href);
    const manifest = JSON.parse(await readFile(join(dir, 'manifest.webmanifest'), 'utf8'));
    assert.equal(new URL(manifest.start_url, at).href, bench.url);
    assert.equal(new URL(manifest.scope, at).href, bench.url);

    for (const { src, sizes, type } of manifest.icons) {
      const response = await fetch(new URL(src, at));
      assert.equal(response.status, 200, src);
      assert.equal(response.headers.get('content-type'), type, src);
      const size = await page.evaluate(async (src) => {
        const image = new Image();
        image.src = src;
        await image.decode();
        return `${image.naturalWidth}x${image.naturalHeight}`;
      }, src);
      if (sizes !== 'any') assert.equal(size, sizes, src);
    }

    // The browser's own opinion.
    const session = await page.context().newCDPSession(page);
    const parsed = await session.send('Page.getAppManifest');
    assert.deepEqual(parsed.errors, []);
    assert.equal(parsed.url, at);
    const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
    const ids = installabilityErrors.map(({ errorId }) => errorId);
    // A test's browser context is a private window, in which nothing can be installed.
    assert.deepEqual(ids.filter((id) => id !== 'in-incognito'), []);
    assert.deepEqual(problems, []);
  });
});
