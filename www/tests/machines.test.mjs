/**
 * Rooms across machines: pages of browsers that know nothing of each other, and a peer without a
 * browser, which find each other by `scalesmall signal`.
 */
import assert from 'node:assert/strict';
import { join as pathOf } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { DIST, start } from './harness.mjs';
import { build, join, signal } from './machines.mjs';

/** For how long a room may take to agree; a server that is back is called within a minute. */
const AGREE_MS = 60_000;

let program;
/** Two browsers, each of its own. */
let benches = [];
before(async () => {
  program = build();
  benches = await Promise.all([start(), start()]);
});
after(() => Promise.all(benches.map((bench) => bench.close())));

/** What a page in a room says of it. */
const status = (page) => page.evaluate(() => ({
  ...document.querySelector('#status')?.dataset,
  connected: Number(document.querySelector('#peers')?.dataset.connected),
}));

/** Waits until all pages, each connected to `connected` others, and all peers agree. */
async function agreed(pages, peers, connected, before = undefined) {
  const until = Date.now() + AGREE_MS;
  for (;;) {
    const all = await Promise.all(pages.map(status));
    const told = peers.map((peer) => peer.fingerprint());
    const [{ fingerprint }] = all;
    if (fingerprint && fingerprint !== before && told.every((own) => own === fingerprint)
      && all.every((one) => one.converged === 'true' && one.fingerprint === fingerprint
        && one.connected === connected)) return fingerprint;
    assert.ok(Date.now() < until, JSON.stringify([all, told]));
    await sleep(50);
  }
}

/** Waits until a page says that the server is reached, or not. */
async function serverIs(page, state) {
  await page.locator(`#signalling[data-state="${state}"]`).waitFor({ timeout: AGREE_MS });
}

/** Lets the first node that is hosted in a page register the keys that the form offers. */
async function register(page) {
  const node = page.locator('[data-node]');
  for (let index = 0; index < await node.count(); index += 1) {
    await node.nth(index).press('Enter');
    if (await page.locator('#do').count()) break;
    await node.nth(index).press('Enter');
  }
  await page.locator('#do').click();
  await page.locator('.node-panel header .quiet').click();
}

/** A server that cannot be reached is the browser's to complain of. */
const isOfTheServer = (problem) => /^console error: WebSocket connection to/.test(problem);

test('two browsers and a process agree, without the server too, and let another in when it is back', { timeout: 240_000 }, async () => {
  let server = await signal(program);
  const room = ['--room', 'a room/é', '--secret', 'hush', '--signal', server.url];
  const hash = `#room=${encodeURIComponent('a room/é')}&secret=hush&signal=${server.url}`;
  const peer = join(program, ...room, '--nodes', '2');
  let other;
  const opened = [];
  try {
    for (const bench of benches) opened.push(await bench.openPage({ hash }));
    const pages = opened.map(({ page }) => page);
    const [one, two] = pages;
    const nothing = await agreed(pages, [peer], 2);
    await serverIs(one, 'reached');
    const paths = peer.events().filter(({ event }) => event === 'come').map(({ path }) => path);
    assert.deepEqual(paths, ['host', 'host']);

    const [{ nodes: [node] }] = peer.events().filter(({ event }) => event === 'joined');
    peer.say(`increase ${node} 1000 2000 3`);
    const first = await agreed(pages, [peer], 2, nothing);
    await register(one);
    const second = await agreed(pages, [peer], 2, first);

    assert.equal(await server.end(), 0);
    await Promise.all(pages.map((page) => serverIs(page, 'unreached')));
    await register(two);
    const third = await agreed(pages, [peer], 2, second);

    server = await signal(program, server.port);
    await Promise.all(pages.map((page) => serverIs(page, 'reached')));
    assert.equal(await agreed(pages, [peer], 2), third, 'nothing is lost by that');
    other = join(program, ...room);
    await agreed(pages, [peer, other], 3);
    other.say('decrease x 1 2 3');
    await other.line((line) => JSON.parse(line).event === 'error');

    assert.equal(await peer.end(), 0);
    await agreed(pages, [other], 2);
    for (const { problems } of opened) {
      assert.deepEqual(problems.filter((problem) => !isOfTheServer(problem)), []);
    }
  } finally {
    for (const { page } of opened) await page.context().close();
    await Promise.all([peer, other, server].map((running) => running?.end()));
  }
});

test('tabs of one browser find each other by the server, once', { timeout: 90_000 }, async () => {
  const server = await signal(program);
  const [bench] = benches;
  const hash = `#room=tabs&signal=${server.url}`;
  const { page, problems } = await bench.openPage({ hash });
  try {
    const { page: beside } = await bench.openPage({ hash, beside: page });
    await agreed([page, beside], [], 1);
    assert.equal(await page.locator('#neighbours tbody tr').count(), 1);
    assert.deepEqual(problems, []);
  } finally {
    await page.context().close();
    await server.end();
  }
});

test('a process that does not know the secret is named, and not let in', { timeout: 90_000 }, async () => {
  const server = await signal(program);
  const [bench] = benches;
  const { page } = await bench.openPage({ hash: `#room=secret&secret=hush&signal=${server.url}` });
  const stranger = join(program, '--room', 'secret', '--secret', 'guess', '--signal', server.url);
  try {
    await page.locator('#turned-away').waitFor();
    assert.match(await page.locator('#turned-away').innerText(), /does not know the room's secret/);
    const why = await stranger.line((line) => JSON.parse(line).why);
    assert.match(why, /does not know the room's secret/);
    assert.equal((await status(page)).connected, 0);
  } finally {
    await page.context().close();
    await Promise.all([stranger.end(), server.end()]);
  }
});

test('a server that is not there is named, and so is an address that is none', { timeout: 60_000 }, async () => {
  const [bench] = benches;
  const { page } = await bench.openPage({ hash: '#room=a&signal=ws://127.0.0.1:1' });
  try {
    await serverIs(page, 'unreached');
    assert.match(await page.locator('#signalling').innerText(), /ws:\/\/127\.0\.0\.1:1: not reached/);
    await agreed([page], [], 0);
  } finally {
    await page.context().close();
  }
  await bench.withPage({ hash: '#room=a&signal=http://b' }, async (other) => {
    await other.locator('#error').waitFor();
    assert.match(await other.locator('#error').innerText(), /signal: "http:\/\/b".*neither ws:\/\/ nor wss:\/\//);
  });
});

test('a page that came encrypted says why it may not call a server that is not', { timeout: 60_000 }, async () => {
  const { page: beside } = await benches[0].openPage();
  const context = beside.context();
  try {
    const page = await context.newPage();
    await page.route('https://page.test/**', (route) => {
      const { pathname } = new URL(route.request().url());
      return route.fulfill({ path: pathOf(DIST, pathname === '/' ? 'index.html' : pathname) });
    });
    await page.goto('https://page.test/#room=a&signal=ws://server.test:3536');
    await page.locator('#error').waitFor();
    assert.match(await page.locator('#error').innerText(), /calling the signalling server: .*A page on https may call ws: on its own machine only/s);
  } finally {
    await context.close();
  }
});
