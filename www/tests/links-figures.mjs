/**
 * Measures links between tabs of one browser:
 *
 *     node links-figures.mjs
 *
 * How long until all are linked, from the first that joins; messages a second and the round trip
 * over one link; and what the code weighs. Figures are of this machine, in the middle of all else
 * that it does: only what was measured in one run can be compared.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';

import { startLinks } from './links.mjs';

const TAKES = 5;
const MESSAGES = 20_000;
const MESSAGE_BYTES = 200;
const ROUND_TRIPS = 500;

const world = await startLinks();
try {
  for (const count of [2, 3, 8]) await meshing(count);
  await throughput();
  await weight();
} finally {
  await world.close();
}

async function openTabs(count) {
  const tabs = [];
  for (let n = 0; n < count; n += 1) {
    const { page } = await world.bench.openPage({ beside: tabs[0] });
    await page.waitForFunction(() => window.join);
    tabs.push(page);
  }
  return tabs;
}

async function meshing(count) {
  const times = [];
  for (let take = 0; take < TAKES; take += 1) {
    const tabs = await openTabs(count);
    const began = Date.now();
    await Promise.all(tabs.map((page) => page.evaluate(() => window.join('figures'))));
    await Promise.all(tabs.map((page) => page.waitForFunction(
      (links) => window.peers[0].open.size === links, count - 1, { polling: 10 },
    )));
    const ends = await Promise.all(tabs.map((page) =>
      page.evaluate(() => Math.max(...window.peers[0].events.map(({ atMs }) => atMs)))));
    times.push(Math.max(...ends) - began);
    await tabs[0].context().close();
  }
  console.log(`${count} tabs are linked after ${median(times)} ms (median of ${TAKES}: ${times.join(', ')})`);
}

async function throughput() {
  const [from, to] = await openTabs(2);
  const names = [];
  for (const page of [from, to]) names.push(await page.evaluate(() => window.join('figures')));
  const isLinked = () => window.peers[0].open.size === 1;
  for (const page of [from, to]) await page.waitForFunction(isLinked);
  for (const isReliable of [true, false]) {
    await to.evaluate(() => {
      const times = [];
      window.times = times;
      window.peers[0].onMessage = () => times.push(Date.now());
    });
    const began = await from.evaluate(async ({ name, isReliable, messages, bytes }) => {
      const [peer] = window.peers;
      const message = new Uint8Array(bytes);
      const began = Date.now();
      for (let sent = 0; sent < messages;) {
        if (peer.links.buffered_bytes(name) > 1 << 20) {
          await new Promise((done) => setTimeout(done, 0));
        } else {
          peer.links.send(name, isReliable, message);
          sent += 1;
        }
      }
      return began;
    }, { name: names[1], isReliable, messages: MESSAGES, bytes: MESSAGE_BYTES });
    let got = -1;
    for (let now = 0; now !== got && now < MESSAGES;) {
      got = now;
      await to.waitForTimeout(500);
      now = await to.evaluate(() => window.times.length);
    }
    const [count, last] = await to.evaluate(() => [window.times.length, window.times.at(-1)]);
    const rate = (count * 1_000) / (last - began);
    console.log(`${isReliable ? 'reliable' : 'unreliable'}: ${count} of ${MESSAGES} messages of `
      + `${MESSAGE_BYTES} bytes, ${rate.toFixed(0)} a second`);
  }
  await to.evaluate(() => {
    const [peer] = window.peers;
    peer.onMessage = ({ peer: other, bytes }) => bytes.length === 2 && peer.send(other, bytes);
  });
  const times = await from.evaluate(async ({ name, rounds }) => {
    const [peer] = window.peers;
    const times = [];
    for (let round = 0; round < rounds; round += 1) {
      const began = performance.now();
      await new Promise((done) => {
        const isOf = ({ bytes }) => bytes[0] + 256 * bytes[1] === round;
        peer.onMessage = (event) => isOf(event) && done();
        peer.send(name, [round % 256, round >> 8]);
      });
      times.push(performance.now() - began);
    }
    return times;
  }, { name: names[1], rounds: ROUND_TRIPS });
  console.log(`round trip: ${median(times).toFixed(2)} ms (median of ${ROUND_TRIPS})`);
  await from.context().close();
}

async function weight() {
  for (const name of ['links_bg.wasm', 'links.js']) {
    const bytes = await readFile(join(world.dir, name));
    console.log(`${name}: ${bytes.length} bytes, ${brotliCompressSync(bytes).length} as brotli`);
  }
}

function median(times) {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
}
