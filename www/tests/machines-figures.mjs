/**
 * Measures rooms across machines, all on this one:
 *
 *     node machines-figures.mjs
 *
 * How long until a newcomer is linked through `scalesmall signal`; how many operations a second of a
 * process a page takes up; and the round trip between the two. Figures are of this machine, in the
 * middle of all else that it does, and of a program that is built for debugging.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { start } from './harness.mjs';
import { build, join, signal } from './machines.mjs';

const TAKES = 9;
const OPERATIONS = 5_000;
/** How long a link is there before its round trips are of interest. */
const SETTLED_MS = 5_000;

const program = build();
const server = await signal(program);
const bench = await start();
try {
  await joining();
  await pageAndProcess();
} finally {
  await bench.close();
  await server.end();
}

/** Between processes: from when the second has been started, and from when it looks for others. */
async function joining() {
  const times = [];
  for (let take = 0; take < TAKES; take += 1) {
    const args = ['--room', `joining${take}`, '--signal', server.url];
    const one = join(program, ...args);
    await one.line((line) => JSON.parse(line).reached);
    const two = join(program, ...args);
    times.push(await two.line((line) => {
      const { event, at_ms: atMs } = JSON.parse(line);
      return event === 'come' && atMs;
    }));
    await Promise.all([one.end(), two.end()]);
  }
  console.log(`a process is linked with another, and both proven, after ${median(times)} ms (${times.join(', ')})`);
}

async function pageAndProcess() {
  const peer = join(program, '--room', 'figures', '--signal', server.url);
  await peer.line((line) => JSON.parse(line).reached);
  const { page } = await bench.openPage({ hash: `#room=figures&nodes=1&signal=${server.url}` });
  const began = await page.evaluate(() => performance.timeOrigin);
  await peer.line((line) => JSON.parse(line).event === 'come');
  console.log(`a page is linked with a process ${Math.round(Date.now() - began)} ms after it is called`);
  await sleep(SETTLED_MS);

  const trips = [];
  for (let take = 0; take < TAKES; take += 1) {
    const before = peer.lines.length;
    peer.say('status');
    await sleep(2_100);
    const facts = peer.lines.slice(before).map((line) => JSON.parse(line));
    trips.push(facts.find(({ event }) => event === 'link').round_trip_us / 1_000);
  }
  console.log(`round trip page to process: ${median(trips)} ms (${trips.join(', ')})`);

  const [{ nodes: [node] }] = peer.events().filter(({ event }) => event === 'joined');
  const shown = () => page.evaluate(() => document.querySelector('#status').dataset.fingerprint);
  const begun = Date.now();
  for (let key = 0; key < OPERATIONS; key += 1) peer.say(`register ${node} ${key} ${key}`);
  peer.say(`who ${OPERATIONS - 1}`);
  await peer.line((line) => JSON.parse(line).owners?.length === 1);
  const issuedMs = Date.now() - begun;
  for (;;) {
    const own = peer.fingerprint();
    if (own && own === await shown()) break;
    await sleep(10);
  }
  const seconds = (Date.now() - begun) / 1_000;
  console.log(`${OPERATIONS} operations are issued in ${issuedMs} ms and seen by the page after `
    + `${seconds} s: ${Math.round(OPERATIONS / seconds)} a second`);
  await page.context().close();
  await peer.end();
}

function median(times) {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
}
